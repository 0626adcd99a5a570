import type { Access, Requirement } from '@kindling/claims';

/** Keys of one kind that are listed: a token may have hundreds. */
const MOST_KEYS = 20;

/**
 * Explains to the developer why a caller may not pass: the organization that the token was issued for, what it grants of the
 * kinds that are required, and how a change at Kinde gets into a token. Problems show it outside of production only.
 */
export function explainForbidden(auth: Access, required: Partial<Requirement>): string {
  const { permissions, orgCode } = auth.getPermissions();
  const facts = [
    orgCode
      ? `The token was issued for the organization ${orgCode}.`
      : 'The token was issued for no organization.',
  ];
  if (required.permissions !== undefined) {
    facts.push(`It grants ${listed('permissions', permissions)}.`);
  }
  if (required.roles !== undefined) {
    const { roles } = auth.getRoles();
    facts.push(
      `It has ${listed(
        'roles',
        roles.map(({ key }) => key),
      )}.`,
    );
  }
  return `${facts.join(' ')} ${CURE}`;
}

const CURE =
  'Grant it in Kinde for this organization. A token keeps its claims until it expires: sign in again afterwards, or call `refresh()`.';

function listed(kind: string, keys: readonly string[]): string {
  if (keys.length === 0) {
    return `no ${kind}`;
  }
  const more = keys.length > MOST_KEYS ? `, and ${keys.length - MOST_KEYS} more` : '';
  return `the ${kind} ${keys.slice(0, MOST_KEYS).join(', ')}${more}`;
}
