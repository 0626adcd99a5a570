import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from './clock.js';
import { createKey, type SigningKey } from './keys.js';
import { checkSeed, originOf, type EmulatorOptions } from './options.js';
import { defaultSeed, type Seed, type SeedApplication, type SeedPerson } from './seed.js';

/** A person of the tenant. */
export type Person = SeedPerson & { id: string };

/** One sign-in: what its tokens are made from. Refresh tokens that follow each other share it. */
export interface Grant {
  readonly id: string;
  readonly personId: string;
  readonly clientId: string;
  readonly scope: readonly string[];
  readonly audience: readonly string[];
  readonly orgCode: string | undefined;
  readonly nonce: string | undefined;
  /** When the person signed in at Kinde, which may be long before this request. */
  readonly authTime: number;
  readonly requestedAt: number;
  /** Over: neither its refresh tokens nor its access tokens work any more. */
  ended: boolean;
  accessToken?: { token: string; kid: string; issuer: string; expiresAt: number; says: string };
}

/** A code on its way from the browser to the token endpoint. */
export interface Code {
  readonly grant: Grant;
  readonly redirectUri: string;
  readonly challenge: string | undefined;
  readonly expiresAt: number;
  used: boolean;
}

/** A refresh token: usable until it is replaced, and for the overlap after that. */
export interface RefreshToken {
  readonly grant: Grant;
  readonly issuedAt: number;
  readonly expiresAt: number;
  replacedAt?: number;
}

/** An authorization request whose person is looking at a page. */
export interface Pending {
  readonly query: URLSearchParams;
  readonly requestedAt: number;
  /** Who signed in, and when, once that is known. */
  signedIn?: { readonly personId: string; readonly authTime: number };
}

/** Everything that the local Kinde remembers. Change it at run time; the next token shows it. */
export interface State {
  issuer: string;
  permissions: Seed['permissions'];
  roles: Seed['roles'];
  flags: Seed['flags'];
  organizations: Seed['organizations'];
  people: Person[];
  applications: SeedApplication[];
  apis: NonNullable<Seed['apis']>;
  /** Seconds in which a replaced refresh token still works. */
  overlap: number;
  /** A refresh answers with the same access token while that still lives, as Kinde does. */
  refreshReturnsSame: boolean;
  /** How often a replaced refresh token was used again, inside the overlap or after it. */
  reuse: number;
  readonly clock: Clock;
  key: SigningKey;
  readonly codes: Map<string, Code>;
  readonly refreshTokens: Map<string, RefreshToken>;
  /** Whose access token it is, by `jti`. */
  readonly issued: Map<string, Grant>;
  /** Access tokens that were revoked one by one. */
  readonly revoked: Set<string>;
  /** Kinde's own sessions, by the value of its cookie. */
  readonly sessions: Map<string, { personId: string; authTime: number }>;
  /** One-time keys of the self-serve portal, with the person they open it for. */
  readonly portalKeys: Map<string, string>;
  /** By the reference in the forms of its pages. */
  readonly pending: Map<string, Pending>;
}

/** State from a seed, with applications whose credentials are new every time. */
export async function createState(options: EmulatorOptions, clock: Clock): Promise<State> {
  const seed = structuredClone({ organizations: {}, people: [], ...(options.seed ?? defaultSeed) }) as Seed;
  checkSeed(seed);
  return {
    issuer: originOf('issuer', options.issuer),
    permissions: seed.permissions,
    roles: seed.roles,
    flags: seed.flags,
    organizations: seed.organizations,
    people: seed.people.map((person) => ({ ...person, id: person.id ?? `kp_${digest(person.email.toLowerCase())}` })),
    applications: seed.applications ?? defaultApplications(seed, originOf('siteUrl', options.siteUrl)),
    apis: seed.apis ?? [],
    overlap: options.overlap ?? 0,
    refreshReturnsSame: true,
    reuse: 0,
    clock,
    key: await createKey(),
    codes: new Map(),
    refreshTokens: new Map(),
    issued: new Map(),
    revoked: new Set(),
    sessions: new Map(),
    portalKeys: new Map(),
    pending: new Map(),
  };
}

/** An opaque value that nobody can guess. */
export function secret(bytes = 24): string {
  return randomBytes(bytes).toString('base64url');
}

/** The same short hex for the same text, every time. */
export function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** Remembers in a bounded way: a local Kinde may run for weeks, so what was there longest goes first. */
export function remember<Value>(memory: Map<string, Value>, id: string, value: Value, most = 10_000): void {
  for (const oldest of memory.keys()) if (memory.size >= most) memory.delete(oldest);
  memory.set(id, value);
}

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

function defaultApplications(seed: Seed, site: string): SeedApplication[] {
  const audiences = (seed.apis ?? []).map(({ audience }) => audience);
  const credentials = () => ({
    clientId: randomBytes(16).toString('hex'),
    clientSecret: randomBytes(24).toString('hex'),
  });
  return [
    {
      name: 'Local app',
      ...credentials(),
      type: 'reg',
      redirectUris: [`${site}/callback`],
      logoutUris: [site],
      audiences,
      tokens: { claims: ['roles', 'email', 'org_name', 'organizations'] },
    },
    { name: 'Local machine', ...credentials(), type: 'm2m', redirectUris: [], logoutUris: [], audiences },
  ];
}
