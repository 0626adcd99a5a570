/** Formats of values as text. */
export const FORMATS = ['dotenv', 'json', 'shell'] as const;

/** A format of values as text: lines of a `.env` file, JSON, or commands of a POSIX shell. */
export type Format = (typeof FORMATS)[number];

/** Values as text, without a line break at the end. */
export function textOf(values: Readonly<Record<string, string>>, format: Format): string {
  switch (format) {
    case 'json':
      return JSON.stringify(values, undefined, 2);
    case 'shell':
      return lines(
        values,
        (name, value) => `export ${name}='${value.replaceAll("'", String.raw`'\''`)}'`,
      );
    case 'dotenv':
      return lines(values, assignment);
  }
}

/**
 * Writes a variable as files of variables have it. An app may have chosen parts of the value: a line break in it, which no
 * address has, would begin another variable.
 */
export function assignment(name: string, value: string): string {
  return `${name}=${value.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, '')}`;
}

function lines(
  values: Readonly<Record<string, string>>,
  write: (name: string, value: string) => string,
): string {
  return Object.entries(values)
    .map(([name, value]) => write(name, value))
    .join('\n');
}
