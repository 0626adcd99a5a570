import type { SeedApplication } from './seed.js';
import { digest, secret, type Person, type State } from './state.js';

/** Whether an address is registered: equal, or below one `*` in the left-most label of a registered host. */
export function isAllowed(registered: readonly string[], address: string): boolean {
  return registered.some((entry) => {
    const [, start, end] = /^(https?:\/\/[^./*]*)\*([^./*]*\.[^*]+)$/.exec(entry) ?? [];
    if (start === undefined || end === undefined) return entry === address;
    const fits = address.startsWith(start) && address.endsWith(end) && address.length > start.length + end.length;
    return fits && /^[a-z0-9-]+$/i.test(address.slice(start.length, -end.length));
  });
}

/** Who has this e-mail address, however it is written. */
export function personBy({ people }: State, email: string): Person | undefined {
  return people.find((person) => person.email.toLowerCase() === email.trim().toLowerCase());
}

/** `username:ada` and `phone:+61…:au` stand for the person who has that; anything else is an e-mail address. */
export function hintedEmail({ people }: State, hint: string): string {
  const [kind, value] = hint.split(':') as [string, string | undefined];
  if (kind === 'username') return people.find(({ username }) => username === value)?.email ?? '';
  const digits = (text = '') => text.replace(/\D/g, '');
  if (kind === 'phone') return people.find(({ phone }) => phone && digits(phone) === digits(value))?.email ?? '';
  return hint;
}

/** Somebody new. They join the default organization, unless they come for another one. */
export function addPerson(
  state: State,
  details: Pick<Person, 'email' | 'givenName' | 'familyName'>,
  comesForAnother: boolean,
): Person {
  const [home] = Object.entries(state.organizations).find(([, { isDefault }]) => isDefault) ?? [];
  const organizations = home && !comesForAnother ? { [home]: { roles: defaultRoles(state) } } : {};
  const person = { ...details, id: `kp_${digest(details.email.toLowerCase())}`, organizations };
  state.people.push(person);
  return person;
}

/** Whether the person is in the organization now: already, or because it lets people join by themselves. */
export function join(state: State, person: Person, code: string): boolean {
  if (!Object.hasOwn(state.organizations, code)) return false;
  if (Object.hasOwn(person.organizations, code)) return true;
  if (!state.organizations[code]?.allowRegistrations) return false;
  person.organizations[code] = { roles: defaultRoles(state) };
  return true;
}

/** A new organization that this person runs. Answers its code. */
export function createOrganization(state: State, person: Person, name: string): string {
  const code = `org_${digest(name + secret())}`;
  state.organizations[code] = { name: name.slice(0, 100) };
  person.organizations[code] = { roles: state.roles['admin'] ? ['admin'] : defaultRoles(state) };
  return code;
}

/** Roles that people get who join. */
function defaultRoles({ roles }: State): string[] {
  return Object.entries(roles).flatMap(([key, { isDefault }]) => (isDefault ? [key] : []));
}

/** Scopes that an application may have of an API; nothing where it is not authorized for that API. */
export function scopesFor(
  { apis, issuer, managementScopes }: State,
  { audiences = [], scopes = {}, management }: SeedApplication,
  audience: string,
): readonly string[] | undefined {
  if (audience === `${issuer}/api`) return management === true ? managementScopes : management;
  if (!audiences.includes(audience)) return undefined;
  const api = apis.find((one) => one.audience === audience);
  return scopes[audience] ?? api?.scopes.map(({ key }) => key) ?? [];
}
