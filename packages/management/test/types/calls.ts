// Compiled, not run: twenty calls as an app makes them. `scripts/management-types.mjs` measures what they cost a compiler.
import { call, createManagement, createTransport, KindeApiError } from '@kindling/management';
import { roles } from '@kindling/management/contract';

const options = { issuer: 'https://acme.kinde.com', clientId: 'a', clientSecret: 'b' };
const management = createManagement(options);

export async function program(signal: AbortSignal): Promise<unknown[]> {
  for await (const user of management.users.list({ expand: ['organizations'] })) {
    user.email?.toUpperCase();
  }
  const page = await management.users.list({ page_size: 50 });
  const { id } = await management.users.create({
    profile: { given_name: 'Ada' },
    identities: [{ type: 'email', details: { email: 'ada@example.com' } }],
  });
  const user = await management.users.get({ id }, { signal, timeout: 5 });
  await management.users.update({ id, given_name: 'Grace', is_suspended: false });
  await management.users.setPassword({
    user_id: id,
    hashed_password: 'x',
    hashing_method: 'bcrypt',
  });
  await management.users.endSessions({ user_id: id });
  const { organization } = await management.organizations.create({
    name: 'Acme',
    feature_flags: { a: 'b' },
  });
  const { code } = await management.organizations.get({ code: organization.code });
  await management.organizations.update({ org_code: code, name: 'Acme 2', theme_code: 'dark' });
  const { users_added: added } = await management.members.add({
    org_code: code,
    users: [{ id, roles: ['admin'] }],
  });
  const members = await management.members.list({ org_code: code, roles: ['admin'] }).all(10);
  const { role } = await management.roles.create({ name: 'Admin', key: 'admin' });
  await management.roles.setPermissions({
    role_id: role.id,
    permissions: [{ id: '1', operation: 'delete' }],
  });
  await management.featureFlags.create({
    name: 'a',
    key: 'a',
    type: 'bool',
    default_value: 'true',
  });
  await management.organizations.setFlag({ org_code: code, feature_flag_key: 'a', value: 'b' });
  const applications = await management.applications.list().all();
  await management.applications.addRedirectUrls({
    app_id: applications[0]!.id,
    urls: ['https://a.example/callback'],
  });
  const { data, httpStatus } = await management.apis.list().withResponse();
  await management.connections.create({
    name: 'g',
    display_name: 'G',
    strategy: 'oauth2:google',
    options: {},
  });
  await management.users.remove({ id, is_delete_profile: true });
  const one = await call(createTransport(options), roles.get, { input: { role_id: role.id } });
  return [
    page.users[0]?.first_name,
    user.preferred_email,
    added.length,
    members[0]?.email,
    data.apis,
    httpStatus,
    one,
  ];
}

export const isMissing = (error: unknown): boolean =>
  error instanceof KindeApiError && error.isNotFound;

// @ts-expect-error an id is needed
management.users.get();
// @ts-expect-error there is no such field
management.users.get({ user_id: 'kp_1' });
// @ts-expect-error an address goes into identities
management.users.create({ profile: { email: 'ada@example.com' } });
// @ts-expect-error a value that does not exist
management.roles.list({ sort: 'age_asc' });
// @ts-expect-error what is not a list is not iterated
management.users.get({ id: 'kp_1' }).pages();
// @ts-expect-error an answer that nobody promises
void management.users.get({ id: 'kp_1' }).then((user) => user.email);
