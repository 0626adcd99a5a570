import { isRecord, own, read, text, texts, type Claims } from './read.js';

/** The organization a token was issued for. */
export interface Organization {
  readonly orgCode: string;
  /** `null` unless the application puts `org_name` into its tokens. */
  readonly orgName: string | null;
}

/** The organizations a person belongs to. Membership is not a permission. */
export interface UserOrganizations {
  readonly orgCodes: readonly string[];
  /** With names, when the application puts `organizations` into its ID tokens; otherwise the code stands for the name. */
  readonly orgs: readonly { readonly code: string; readonly name: string }[];
}

/** The current organization, or `null` when the token was issued for none. */
export function getOrganization(claims: Claims): Organization | null {
  const orgCode = text(read(claims, 'org_code'));
  if (orgCode) {
    return { orgCode, orgName: text(read(claims, 'org_name')) ?? null };
  }
  return null;
}

/** Every organization of the person. Kinde puts these into the ID token only. */
export function getUserOrganizations(claims: Claims): UserOrganizations {
  const listed = read(claims, 'organizations');
  const names = new Map<string, string>();
  for (const item of Array.isArray(listed) ? listed : []) {
    const code = isRecord(item) ? text(own(item, 'id')) : undefined;
    if (isRecord(item) && code) {
      names.set(code, text(own(item, 'name')) ?? code);
    }
  }
  const orgCodes = [...new Set([...texts(read(claims, 'org_codes')), ...names.keys()])];
  return { orgCodes, orgs: orgCodes.map((code) => ({ code, name: names.get(code) ?? code })) };
}
