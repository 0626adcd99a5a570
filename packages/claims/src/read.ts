/** The claims of a decoded and verified token. */
export type Claims = Readonly<Record<string, unknown>>;

/** Hasura mapping keeps the underscores of these two claims and turns every other one into dashes. */
const UNDERSCORED = new Set(['user_properties', 'organization_properties']);

/**
 * One claim by Kinde's own name or, in tokens mapped for Hasura, by its `x-hasura-` name.
 * Own members only: a claim is never read from the prototype.
 */
export function read(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) {
    return claims[name];
  }
  return own(claims, `x-hasura-${UNDERSCORED.has(name) ? name : name.replaceAll('_', '-')}`);
}

/** A member of an object itself: what `Object.prototype` was given is nobody's. */
export function own<Of extends object, Name extends string & keyof Of>(
  of: Of,
  name: Name,
): Of[Name] | undefined {
  return Object.hasOwn(of, name) ? of[name] : undefined;
}

/** A non-empty string, or `undefined` for everything else. */
export function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The non-empty strings of an array; none when it is anything else. */
export function texts(value: unknown): readonly string[] {
  if (Array.isArray(value)) {
    return value.filter((item) => text(item) !== undefined);
  }
  return [];
}

/** An object that is neither `null` nor an array. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
