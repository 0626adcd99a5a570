import { own } from '@kindling/internal';
import { entriesOf, isRecord, read, type Claims } from './read.js';

/** The owner of properties. */
export type PropertyOwner = 'user' | 'organization' | 'application';

/**
 * Reads properties that the application adds to its tokens, by key: Kinde's own (`kp_usr_city`) and yours. Missing and
 * malformed ones are left out.
 * @example getProperties(claims, 'organization')['kp_org_city']
 */
export function getProperties(
  claims: Claims,
  of: PropertyOwner = 'user',
): Readonly<Record<string, unknown>> {
  const found: Record<string, unknown> = Object.create(null);
  for (const [key, property] of entriesOf(read(claims, `${of}_properties`))) {
    const value = valueOf(property);
    if (value !== undefined && value !== null) {
      found[key] = value;
    }
  }
  return found;
}

function valueOf(property: unknown): unknown {
  if (!isRecord(property)) {
    return undefined;
  }
  return own(property, 'v');
}
