import { own } from '@kindling/internal';
import type { AnsweredValue, DeclaredValue, FlagCode, FlagValue } from './keys.js';
import { entriesOf, isRecord, read, type Claims } from './read.js';

/** Kinde's names of the four flag types (`s`, `b`, `i`, `j` in tokens). */
export type FlagType = 'string' | 'boolean' | 'integer' | 'json';

/** The answer about one feature flag. */
export interface FlagAnswer<Value = FlagValue | undefined> {
  /** The code that was asked for. */
  readonly code: string;
  /** The type of the value; `null` where there is no value. */
  readonly type: FlagType | null;
  /** The value of the flag, or your fallback. */
  readonly value: Value;
  /** Whether the token has no such flag of a usable type, so that `value` is your fallback. */
  readonly isDefault: boolean;
}

const TYPES: Readonly<Record<string, FlagType>> = {
  s: 'string',
  b: 'boolean',
  i: 'integer',
  j: 'json',
};

/**
 * Reads a feature flag. The value is `fallback` where the flag is missing, malformed or of another type than the fallback;
 * without a fallback it is then `undefined`.
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
  if (isRecord(flags)) {
    const flag = toFlag(code, own(flags, code));
    if (flag && fitsFallback(flag, fallback)) {
      return flag;
    }
  }
  return noFlag(code, fallback);
}

/** Checks that a flag has the type of the fallback. */
export function fitsFallback({ type }: FlagAnswer, fallback: FlagValue | undefined): boolean {
  return fallback === undefined || type === typeOf(fallback);
}

/** The answer for a flag that the token does not have, or has with another type. */
export function noFlag(code: string, fallback: FlagValue | undefined): FlagAnswer {
  return {
    code,
    type: typeOf(fallback),
    value: fallback,
    isDefault: true,
  };
}

/** Lists the well-formed feature flags of the token, by code. */
export function getFlags(claims: Claims): Readonly<Record<string, FlagAnswer<FlagValue>>> {
  const found: Record<string, FlagAnswer<FlagValue>> = Object.create(null);
  for (const [code, raw] of entriesOf(read(claims, 'feature_flags'))) {
    const flag = toFlag(code, raw);
    if (flag) {
      found[code] = flag;
    }
  }
  return found;
}

/** `{ t: 'i', v: 5 }` → answer. Nothing is converted, so `{ t: 'b', v: 'false' }` is malformed rather than true. */
function toFlag(code: string, raw: unknown): FlagAnswer<FlagValue> | undefined {
  if (!isRecord(raw)) {
    return undefined;
  }
  const letter = own(raw, 't');
  const value = own(raw, 'v');
  if (typeof letter !== 'string' || value === null || value === undefined) {
    return undefined;
  }
  const type = own(TYPES, letter);
  if (!type || typeOf(value) !== type) {
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
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'boolean':
      return 'boolean';
    case 'object':
      return 'json';
    default:
      return Number.isSafeInteger(value) ? 'integer' : null;
  }
}
