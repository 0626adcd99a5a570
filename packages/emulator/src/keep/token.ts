import { randomBytes } from 'node:crypto';
import { readText, writeText } from './files.js';

const TOKEN = /^[\w-]{43}$/;

/** The token of the control API in a file; a new one where there is none. */
export function tokenIn(file: string): string {
  const kept = readToken(file);
  if (kept !== undefined) {
    return kept;
  }
  const token = newToken();
  writeText(file, `${token}\n`);
  return token;
}

/** A new token of the control API: 32 bytes that nobody can guess. */
function newToken(): string {
  return randomBytes(32).toString('base64url');
}

/** The token in a file; `undefined` where there is none. */
export function readToken(file: string): string | undefined {
  const kept = readText(file)?.trim() ?? '';
  return TOKEN.test(kept) ? kept : undefined;
}
