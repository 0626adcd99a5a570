import { own } from '@kindling/internal';

/** The claims of a decoded and verified token. */
export type Claims = Readonly<Record<string, unknown>>;

/** Claims whose underscores stay in Hasura's mapping, which turns those of all others into dashes. */
const UNDERSCORED = new Set(['user_properties', 'organization_properties']);

/**
 * Reads a claim by Kinde's own name or, in tokens mapped for Hasura, by its `x-hasura-` name.
 * Own members only: a claim is never read from the prototype.
 */
export function read(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) {
    return claims[name];
  }
  if (UNDERSCORED.has(name)) {
    return own(claims, `x-hasura-${name}`);
  }
  return own(claims, `x-hasura-${name.replaceAll('_', '-')}`);
}

/** A non-empty string, or `undefined` for everything else. */
export function text(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '') {
    return undefined;
  }
  return value;
}

/** The non-empty strings of an array; none when it is anything else. */
export function texts(value: unknown): readonly string[] {
  if (!Array.isArray(value)) {
    return [];
  }
  return value.filter((item) => text(item) !== undefined);
}

/** Checks for an object that is neither `null` nor an array. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The objects among the entries of an array; none when it is anything else. */
export function records(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  if (!Array.isArray(value)) {
    return [];
  }
  return value.filter(isRecord);
}

/** The members of an object; none when it is anything else. */
export function entriesOf(value: unknown): readonly [name: string, value: unknown][] {
  if (!isRecord(value)) {
    return [];
  }
  return Object.entries(value);
}
