import type { FlagValue } from '../seed/seed.js';
import type { Flag } from '../state/resources.js';

/** The API's word for a flag's type; JSON is only made in Kinde's pages. */
export function flagWord(type: Flag['type']): string {
  return {
    s: 'str',
    i: 'int',
    b: 'bool',
    j: 'json',
  }[type];
}

/** A flag's value as the API writes it: as text, whatever the type. */
export function flagText(value: FlagValue): string {
  if (typeof value === 'object') {
    return JSON.stringify(value);
  }
  return String(value);
}

/** The value that a text means for a flag of this type; nothing where it means none. */
export function readFlag(type: Flag['type'], text: string): FlagValue | undefined {
  if (type === 's') {
    return text;
  }
  if (type === 'i') {
    const isInteger = /^-?\d+$/.test(text) && Number.isSafeInteger(Number(text));
    return isInteger ? Number(text) : undefined;
  }
  if (type === 'b') {
    return text === 'true' || text === 'false' ? text === 'true' : undefined;
  }
  return readJson(text);
}

/** An object or a list; nothing for other JSON, and for what is none. */
function readJson(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Whether this level may have a value of its own of this flag. */
export function mayOverride(
  { overrideLevel = 'usr' }: Flag,
  level: 'env' | 'org' | 'usr',
): boolean {
  const levels = ['env', 'org', 'usr'];
  return levels.indexOf(level) <= levels.indexOf(overrideLevel);
}
