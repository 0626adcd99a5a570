/** Prints a line. */
export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Prints a line about something that went wrong. */
export function complain(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Prints a line for people, or one JSON object for programs. */
export function print(value: unknown, asJson: boolean, text: string): void {
  say(asJson ? JSON.stringify(value) : text);
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
