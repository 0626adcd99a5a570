/** Prints a line. */
export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Prints a line about something that went wrong. */
export function complain(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Characters that move the cursor, begin a line, or turn the direction of what follows. */
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** A text that strangers may have chosen, as one line that says what it says. */
export function clean(text: string): string {
  return text.replaceAll(UNSEEN, ' ');
}

/** JSON as one line: what `JSON.stringify` leaves of such characters is written by their numbers. */
export function jsonOf(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    UNSEEN,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Prints a line for people, or one JSON object for programs. */
export function print(value: unknown, asJson: boolean, text: string): void {
  say(asJson ? jsonOf(value) : text);
}

/** Names and values below one another. */
export function columns(rows: readonly (readonly [name: string, value: unknown])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length), 0);
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${String(value)}`).join('\n');
}

/** Unix seconds as in ISO 8601, without milliseconds. */
export function timeOf(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().replace('.000Z', 'Z');
}
