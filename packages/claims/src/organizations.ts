import { own } from '@kindling/internal';
import { read, records, text, texts, type Claims } from './read.js';

/** The organization that a token was issued for. */
export interface Organization {
  /** The organization code, such as `org_…`. */
  readonly orgCode: string;
  /** The name of the organization; `null` unless the application adds `org_name` to its tokens. */
  readonly orgName: string | null;
}

/** The organizations that a user belongs to. Membership is not a permission. */
export interface UserOrganizations {
  /** The organization codes. */
  readonly orgCodes: readonly string[];
  /** The same organizations with names. */
  readonly orgs: readonly NamedOrganization[];
}

interface NamedOrganization {
  /** The organization code. */
  readonly code: string;
  /** The name; the code where the token has none. */
  readonly name: string;
}

/** Reads the organization that a token was issued for; `null` for none. */
export function getOrganization(claims: Claims): Organization | null {
  const orgCode = text(read(claims, 'org_code'));
  if (!orgCode) {
    return null;
  }
  const orgName = text(read(claims, 'org_name')) ?? null;
  return { orgCode, orgName };
}

/** Lists the organizations of the user. Kinde adds these to the ID token only. */
export function getUserOrganizations(claims: Claims): UserOrganizations {
  const names = new Map<string, string>();
  for (const organization of records(read(claims, 'organizations'))) {
    const code = text(own(organization, 'id'));
    if (code) {
      names.set(code, text(own(organization, 'name')) ?? code);
    }
  }
  const codes = new Set([...texts(read(claims, 'org_codes')), ...names.keys()]);
  const orgCodes = [...codes];
  const orgs = orgCodes.map((code) => ({ code, name: names.get(code) ?? code }));
  return { orgCodes, orgs };
}
