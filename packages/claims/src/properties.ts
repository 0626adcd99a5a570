import { isRecord, own, read, type Claims } from './read.js';

/** Whose properties: the person's, their organization's, or the application's. */
export type PropertyOwner = 'user' | 'organization' | 'application';

/**
 * Properties that the application puts into its tokens, by key: Kinde's own (`kp_usr_city`) and yours. What is missing or
 * malformed is left out.
 * @example getProperties(claims, 'organization')['kp_org_city']
 */
export function getProperties(
  claims: Claims,
  of: PropertyOwner = 'user',
): Readonly<Record<string, unknown>> {
  const listed = read(claims, `${of}_properties`);
  const found: Record<string, unknown> = Object.create(null);
  for (const [key, property] of Object.entries(isRecord(listed) ? listed : {})) {
    const value = isRecord(property) ? own(property, 'v') : undefined;
    if (value !== undefined && value !== null) {
      found[key] = value;
    }
  }
  return found;
}
