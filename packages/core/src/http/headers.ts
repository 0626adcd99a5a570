/** A header as Node has it: `Set-Cookie` lines, or none. */
type CookieLines = string | number | readonly string[] | undefined;

/** Adds `Set-Cookie` lines to those before; of two for the same cookie the newer stays. */
export function mergeCookies(before: CookieLines, added: readonly string[]): string[] {
  return [...withoutCookies(linesOf(before), added), ...added];
}

/** Keeps the lines for cookies that `others` do not set. */
export function withoutCookies(lines: readonly string[], others: CookieLines): string[] {
  const names = linesOf(others).map(nameOf);
  return lines.filter((line) => !names.includes(nameOf(line)));
}

function linesOf(lines: CookieLines): string[] {
  return [lines ?? []].flat().map(String);
}

function nameOf(line: string): string {
  return line.slice(0, line.indexOf('='));
}

/** Adds a field name to the value of `Vary`, unless it is there. */
export function withField(
  before: number | string | readonly string[] | undefined,
  field: string,
): string {
  if (before === undefined || before === '') {
    return field;
  }
  const text = String(before);
  const isNamed = text === '*' || text.toLowerCase().split(/ *, */).includes(field.toLowerCase());
  if (isNamed) {
    return text;
  }
  return `${text}, ${field}`;
}
