import type { AnsweredValue, DeclaredValue, FlagCode, FlagValue } from './keys.js';
import { isRecord, own, read, type Claims } from './read.js';

/** Kinde's words for the four flag types (`s`, `b`, `i`, `j` in tokens). */
export type FlagType = 'string' | 'boolean' | 'integer' | 'json';

/** One flag. `isDefault` tells that the token had no such flag of a usable type and `value` is your fallback. */
export interface FlagAnswer<Value = FlagValue | undefined> {
  readonly code: string;
  readonly type: FlagType | null;
  readonly value: Value;
  readonly isDefault: boolean;
}

const TYPES: Readonly<Record<string, FlagType>> = {
  s: 'string',
  b: 'boolean',
  i: 'integer',
  j: 'json',
};

/**
 * A feature flag, or `fallback` where it is missing, malformed or of another type than the fallback.
 * Without a fallback the value is then `undefined`.
 * @example getFlag(claims, 'theme', 'light').value // string
 */
export function getFlag<Code extends FlagCode>(
  claims: Claims,
  code: Code,
): FlagAnswer<DeclaredValue<Code> | undefined>;
export function getFlag<Code extends FlagCode, Fallback extends DeclaredValue<Code>>(
  claims: Claims,
  code: Code,
  fallback: Fallback,
): FlagAnswer<AnsweredValue<Code, Fallback>>;
export function getFlag(claims: Claims, code: string, fallback?: FlagValue): FlagAnswer {
  const flags = read(claims, 'feature_flags');
  const flag =
    isRecord(flags) && Object.hasOwn(flags, code) ? toFlag(code, flags[code]) : undefined;
  if (flag && fitsFallback(flag, fallback)) {
    return flag;
  }
  return noFlag(code, fallback);
}

/** May this answer stand where a fallback of that type is expected? */
export function fitsFallback({ type }: FlagAnswer, fallback: FlagValue | undefined): boolean {
  return fallback === undefined || type === typeOf(fallback);
}

/** The answer for a flag that the token does not have, or has with another type. */
export function noFlag(code: string, fallback: FlagValue | undefined): FlagAnswer {
  return {
    code,
    type: fallback === undefined ? null : typeOf(fallback),
    value: fallback,
    isDefault: true,
  };
}

/** Every well-formed feature flag of the token, by code. */
export function getFlags(claims: Claims): Readonly<Record<string, FlagAnswer<FlagValue>>> {
  const flags = read(claims, 'feature_flags');
  const found: Record<string, FlagAnswer<FlagValue>> = Object.create(null);
  for (const [code, raw] of Object.entries(isRecord(flags) ? flags : {})) {
    const flag = toFlag(code, raw);
    if (flag) {
      found[code] = flag;
    }
  }
  return found;
}

/** `{ t: 'i', v: 5 }` → answer; nothing is converted, so `{ t: 'b', v: 'false' }` is malformed rather than true. */
function toFlag(code: string, raw: unknown): FlagAnswer<FlagValue> | undefined {
  if (!isRecord(raw)) {
    return undefined;
  }
  const letter = own(raw, 't');
  const type = typeof letter === 'string' ? own(TYPES, letter) : undefined;
  const value = own(raw, 'v');
  if (!type || value === null || value === undefined || typeOf(value) !== type) {
    return undefined;
  }
  return {
    code,
    type,
    value: value as FlagValue,
    isDefault: false,
  };
}

function typeOf(value: unknown): FlagType | null {
  if (typeof value === 'string') {
    return 'string';
  }
  if (typeof value === 'boolean') {
    return 'boolean';
  }
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) ? 'integer' : null;
  }
  return typeof value === 'object' ? 'json' : null;
}
