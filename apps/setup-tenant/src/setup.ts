import type { FlagDeclaration, Tenant } from '@kindling/claims';
import type { Management } from '@kindling/management';

type Flags = Readonly<Record<string, FlagDeclaration>>;
type Declared = Tenant<Readonly<Record<string, string>>, unknown, Flags, unknown>;

/** Everything that a tenant should have. */
export interface Wanted {
  readonly tenant: Declared;
  readonly api: {
    readonly name: string;
    readonly audience: string;
    readonly scopes: Readonly<Record<string, string>>;
  };
  readonly application: { readonly name: string; readonly siteUrl: string };
}

/** What the app needs to know of the tenant that was set up. */
export interface SetUp {
  readonly clientId: string;
  readonly clientSecret: string;
  /** Kinde's codes of the organizations, by their names in the declaration. */
  readonly organizations: ReadonlyMap<string, string>;
}

type Say = (line: string) => void;

/**
 * Makes the tenant what the declaration says; what is there already stays. In the order in which things need each other.
 * @throws KindeApiError
 */
export async function setUpTenant(
  management: Management,
  wanted: Wanted,
  say: Say = () => {},
): Promise<SetUp> {
  const application = await ensureApplication(management, wanted.application, say);
  await ensureApi(management, wanted.api, { applicationId: application.id, say });
  const permissions = await ensurePermissions(management, wanted.tenant, say);
  await ensureRoles(management, wanted.tenant, { permissions, say });
  await ensureFlags(management, wanted.tenant, say);
  const organizations = await ensureOrganizations(management, wanted.tenant, say);
  await ensurePeople(management, wanted.tenant, { organizations, say });
  return {
    clientId: application.client_id,
    clientSecret: application.client_secret,
    organizations,
  };
}

/** The application, with exactly the URLs that the app uses. */
async function ensureApplication(
  management: Management,
  { name, siteUrl }: Wanted['application'],
  say: Say,
) {
  const known = await management.applications.list().all();
  const found = known.find((application) => application.name === name);
  const id =
    found?.id ?? (await management.applications.create({ name, type: 'reg' })).application.id;
  await management.applications.replaceRedirectUrls({ app_id: id, urls: [`${siteUrl}/callback`] });
  await management.applications.replaceLogoutUrls({ app_id: id, urls: [siteUrl] });
  say(`application ${name}: ${found ? 'there' : 'created'}, returns to ${siteUrl}`);
  return (await management.applications.get({ application_id: id })).application;
}

async function ensureApi(
  management: Management,
  { name, audience, scopes }: Wanted['api'],
  { applicationId, say }: { applicationId: string; say: Say },
): Promise<void> {
  const { apis } = await management.apis.list();
  const found = apis.find((api) => api.audience === audience);
  const id = found?.id ?? (await management.apis.create({ name, audience })).api.id;
  const known = new Set(
    (await management.apis.listScopes({ api_id: id })).scopes.map(({ key }) => key),
  );
  for (const [key, description] of Object.entries(scopes)) {
    if (!known.has(key)) {
      await management.apis.createScope({
        api_id: id,
        key,
        description,
      });
    }
  }
  await management.apis.setApplications({ api_id: id, applications: [{ id: applicationId }] });
  say(`API ${audience}: ${found ? 'there' : 'created'}`);
}

/** Ids of permissions by their keys: roles want ids. */
async function ensurePermissions(
  management: Management,
  { permissions }: Declared,
  say: Say,
): Promise<ReadonlyMap<string, string>> {
  const before = new Set((await management.permissions.list().all()).map(({ key }) => key));
  for (const [key, name] of Object.entries(permissions)) {
    if (!before.has(key)) {
      await management.permissions.create({
        key,
        name,
        description: name,
      });
    }
  }
  say(`permissions: ${Object.keys(permissions).filter((key) => !before.has(key)).length} created`);
  return new Map((await management.permissions.list().all()).map(({ key, id }) => [key, id]));
}

async function ensureRoles(
  management: Management,
  { roles }: Declared,
  { permissions, say }: { permissions: ReadonlyMap<string, string>; say: Say },
): Promise<void> {
  const before = new Map((await management.roles.list().all()).map(({ key, id }) => [key, id]));
  const declared = Object.entries(
    roles as Record<
      string,
      {
        name: string;
        permissions: readonly string[];
        isDefault?: boolean;
      }
    >,
  );
  for (const [key, { name, permissions: keys, isDefault = false }] of declared) {
    const found = before.get(key);
    const id =
      found ??
      (
        await management.roles.create({
          key,
          name,
          is_default_role: isDefault,
        })
      ).role.id;
    const held = new Set(
      (await management.roles.listPermissions({ role_id: id }).all()).map((one) => one.id),
    );
    const missing = keys
      .flatMap((one) => permissions.get(one) ?? [])
      .filter((one) => !held.has(one));
    if (missing.length > 0) {
      await management.roles.setPermissions({
        role_id: id,
        permissions: missing.map((one) => ({ id: one })),
      });
    }
    say(`role ${name}: ${found ? 'there' : 'created'}, ${missing.length} permissions added`);
  }
}

/** The API's words for the types of flags. It cannot make JSON flags: those are made on Kinde's pages. */
const FLAG_TYPES = {
  s: 'str',
  i: 'int',
  b: 'bool',
  j: undefined,
} as const;

async function ensureFlags(management: Management, { flags }: Declared, say: Say): Promise<void> {
  const { feature_flags: known } = await management.environment.listFlags();
  for (const [key, { type, value }] of Object.entries(flags)) {
    const ofApi = FLAG_TYPES[type];
    if (!ofApi) {
      say(`flag ${key}: JSON flags can only be made on Kinde’s pages`);
    } else if (!Object.hasOwn(known, key)) {
      await management.featureFlags.create({
        key,
        name: key,
        type: ofApi,
        allow_override_level: 'org',
        default_value: String(value),
      });
    }
  }
  say(`flags: ${Object.keys(flags).filter((key) => !Object.hasOwn(known, key)).length} created`);
}

/** Kinde chooses the codes of organizations; `external_id` keeps the name that the declaration has for them. */
async function ensureOrganizations(
  management: Management,
  { organizations = {} }: Declared,
  say: Say,
) {
  const known = await management.organizations.list().all();
  const codes = new Map<string, string>();
  const declared = Object.entries(
    organizations as Record<string, { name: string; flags?: Readonly<Record<string, unknown>> }>,
  );
  for (const [external_id, { name, flags = {} }] of declared) {
    const found = known.find((organization) => organization.external_id === external_id);
    const code =
      found?.code ??
      (await management.organizations.create({ name, external_id })).organization.code;
    codes.set(external_id, code);
    for (const [key, value] of Object.entries(flags)) {
      await management.organizations.setFlag({
        org_code: code,
        feature_flag_key: key,
        value: String(value),
      });
    }
    say(`organization ${name}: ${found ? 'there' : 'created'} as ${code}`);
  }
  return codes;
}

async function ensurePeople(
  management: Management,
  { people = [] }: Declared,
  { organizations, say }: { organizations: ReadonlyMap<string, string>; say: Say },
): Promise<void> {
  for (const { email, givenName, familyName, organizations: memberships } of people) {
    // Somebody who exists already is answered with their id and `created: false`.
    const person = await management.users.create({
      profile: {
        ...(givenName && { given_name: givenName }),
        ...(familyName && { family_name: familyName }),
      },
      identities: [
        {
          type: 'email',
          is_verified: true,
          details: { email },
        },
      ],
    });
    const wanted = Object.entries(
      memberships as Record<string, { roles?: string[]; permissions?: string[] }>,
    );
    for (const [name, { roles = [], permissions = [] }] of wanted) {
      const member = {
        id: person.id,
        roles,
        permissions,
      };
      const org_code = organizations.get(name)!;
      const { users_added: added } = await management.members.add({ org_code, users: [member] });
      if (!added.includes(person.id)) {
        await management.members.update({ org_code, users: [member] });
      }
    }
    say(
      `person ${email}: ${person.created ? 'created' : 'there'}, in ${wanted.length} organizations`,
    );
  }
}
