import { expect, test } from 'vitest';
import { createEmulator, defaultSeed, type Seed } from '../src/index.js';

const problemsOf = async (seed: unknown) =>
  createEmulator({ seed: seed as Seed }).then(
    () => [],
    (error: Error) => error.message.split('\n').slice(1),
  );
const changed = (change: (seed: any) => void) => {
  const seed = structuredClone(defaultSeed);
  change(seed);
  return seed;
};

test.each<[string, (seed: any) => void, RegExp]>([
  [
    'a permission of a role',
    (seed) => seed.roles.viewer.permissions.push('raed:todos'),
    /did you mean "read:todos"/,
  ],
  [
    'a role of a person',
    (seed) => (seed.people[0].organizations.org_acme0rockets.roles = ['admim']),
    /"admin"/,
  ],
  [
    'a permission of a person',
    (seed) => (seed.people[0].organizations.org_acme0rockets.permissions = ['create:todo']),
    /"create:todos"/,
  ],
  [
    'an organization of a person',
    (seed) => (seed.people[1].organizations = { org_acme: {} }),
    /"org_acme0rockets"/,
  ],
  [
    'a flag of an organization',
    (seed) => (seed.organizations.org_acme0rockets.flags = { todo_limits: 3 }),
    /"todo_limit"/,
  ],
  ['a flag of a person', (seed) => (seed.people[2].flags = { them: 'x' }), /"theme"/],
  ['a field of a person', (seed) => (seed.people[2].givenname = 'Alan'), /"givenName"/],
  ['a part of the seed', (seed) => (seed.aplications = []), /"applications"/],
])('a misspelt name is told with the right one: %s', async (_name, change, guess) => {
  const problems = await problemsOf(changed(change));
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(guess);
});

test.each<[string, (seed: any) => void]>([
  ['a flag that is not of its type', (seed) => (seed.flags.todo_limit.value = 'five')],
  [
    'a flag value of an organization that is not of its type',
    (seed) => (seed.organizations.org_acme0rockets.flags = { beta_ui: 1 }),
  ],
  ['a flag of an unknown type', (seed) => (seed.flags.theme.type = 'string')],
  ['an organization code that is none', (seed) => (seed.organizations['acme'] = { name: 'Acme' })],
  ['a person without an address', (seed) => delete seed.people[0].email],
  ['the same address twice', (seed) => (seed.people[1].email = 'ADA@example.com')],
  [
    'a handle of two organizations',
    (seed) => Object.values(seed.organizations).forEach((one: any) => (one.handle = 'acme')),
  ],
  [
    'a property of a person and of an organization',
    (seed) =>
      [seed.people[0], seed.organizations.org_acme0rockets].forEach(
        (one) => (one.properties = { city: 'London' }),
      ),
  ],
  ['a role without permissions', (seed) => delete seed.roles.viewer.permissions],
  ['people that are neither a list nor an object', (seed) => (seed.people = 'ada')],
  [
    'an API nobody declared',
    (seed) => (seed.applications = [application({ audiences: ['https://nowhere.example'] })]),
  ],
  [
    'a scope the API does not have',
    (seed) =>
      (seed.applications = [application({ scopes: { 'https://api.todos.example': ['fly'] } })]),
  ],
  [
    'a lifetime that is no number of seconds',
    (seed) => (seed.applications = [application({ tokens: { idTokenLifetime: -1 } })]),
  ],
  [
    'two applications without credentials that have one name',
    (seed) => (seed.applications = [1, 2].map(() => application({ clientId: undefined }))),
  ],
])('is a problem: %s', async (_name, change) => {
  expect(await problemsOf(changed(change))).toHaveLength(1);
});

test.each([[[]], ['seed'], [{ people: [null], flags: { a: null }, roles: { a: 1 } }]])(
  'a seed of any shape is answered with its problems: %j',
  async (seed) => {
    expect((await problemsOf(seed)).length).toBeGreaterThan(0);
  },
);

test.each<[(seed: any) => void, string]>([
  [
    (seed) => (seed.roles.viewer.permissions = ['raed:todos']),
    'roles.viewer.permissions[0]: "raed:todos" is not a declared permission; did you mean "read:todos"?',
  ],
  [
    (seed) => (seed.people[1].organizations.org_acme0rockets = { roles: ['owner'] }),
    'people[1].organizations.org_acme0rockets.roles[0] (grace@example.com): "owner" is not a declared role; known: admin, member, viewer.',
  ],
  [(seed) => (seed.people[0].email = 'ada'), 'people[0].email (ada): must be an e-mail address.'],
  [(seed) => delete seed.roles.admin.name, 'roles.admin.name: is required.'],
  [(seed) => (seed.roles = []), 'roles: must be an object.'],
  [
    (seed) => (seed.flags.prototype = { type: 'b', value: true }),
    'flags: must not use the name "prototype".',
  ],
  [
    (seed) => (seed.organizations.constructor = { name: 'Acme' }),
    'organizations: must not use the name "constructor".',
  ],
  [(seed) => (seed.rolls = {}), 'rolls: is not a known field; did you mean "roles"?'],
  [
    (seed) => (seed.flags.theme.value = 5),
    'flags.theme.value: must be a string, as the type of the flag is "s".',
  ],
  [
    (seed) => (seed.flags.theme.type = 'string'),
    'flags.theme.type: "string" is not allowed; known: s, b, i, j.',
  ],
  [
    (seed) => (seed.flags['my flag'] = { type: 'i', value: 5.5 }),
    'flags["my flag"].value: must be a whole number, as the type of the flag is "i".',
  ],
  [
    (seed) => (seed.people[0].flags = { theme: null }),
    'people[0].flags.theme (ada@example.com): must be a string, a boolean, a whole number, an object or a list.',
  ],
  [
    (seed) => (seed.organizations.acme = { name: 'Acme' }),
    'organizations.acme: must be "org_" followed by letters and digits.',
  ],
  [
    (seed) => (seed.people[1].email = 'Ada@example.com'),
    'people[1].email (Ada@example.com): "ada@example.com" is there more than once.',
  ],
  [
    (seed) => (seed.applications = [application({ tokens: { idTokenLifetime: 0.5 } })]),
    'applications[0].tokens.idTokenLifetime (Own): must be a whole number.',
  ],
  [
    (seed) => (seed.applications = [application({ management: 'all' })]),
    'applications[0].management (Own): must be true or a list of scopes.',
  ],
])('a problem names its path, and says what would be right: %#', async (change, problem) => {
  expect(await problemsOf(changed(change))).toEqual([`  - ${problem}`]);
});

test('a malformed entry is one problem: what uses its name, or stands beside it, is judged all the same', async () => {
  const problems = await problemsOf(
    changed((seed) => {
      seed.roles.viewer = null;
      seed.flags.theme.type = 'x';
      seed.people.splice(0, 1, 5);
      seed.people[1].organizations.org_acme = {};
    }),
  );
  expect(problems).toEqual([
    '  - roles.viewer: must be an object.',
    '  - flags.theme.type: "x" is not allowed; known: s, b, i, j.',
    '  - people[0]: must be an object.',
    expect.stringContaining('people[1].organizations.org_acme (grace@example.com): "org_acme"'),
  ]);
});

test('a field that is written down as undefined counts as left out', async () => {
  const seed = changed((own) => (own.people[0].phone = undefined));
  expect(await problemsOf(seed)).toEqual([]);
});

test('all problems are told at once', async () => {
  const problems = await problemsOf(
    changed((seed) => {
      seed.roles.viewer.permissions = ['raed:todos'];
      seed.flags.todo_limit.value = 'five';
      seed.people[0].email = 'ada';
    }),
  );
  expect(problems).toHaveLength(3);
});

test('a seed with its own applications is taken as it is, and not changed', async () => {
  const seed = changed((own) => (own.applications = [application({})]));
  const copy = structuredClone(seed);
  const emulator = await createEmulator({ seed });
  emulator.state.people[0]!.givenName = 'Changed';
  expect(emulator.env['KINDE_CLIENT_ID']).toBe('a'.repeat(32));
  expect(seed).toEqual(copy);
});

test('the default tenant gives people the same ids and applications the same credentials every time', async () => {
  const one = await createEmulator();
  const two = await createEmulator();
  expect(one.state.people.map(({ id }) => id)).toEqual(two.state.people.map(({ id }) => id));
  expect(one.env['KINDE_CLIENT_ID']).toMatch(/^[0-9a-f]{32}$/);
  expect(one.env['KINDE_CLIENT_SECRET']).toMatch(/^[a-zA-Z0-9]{40,60}$/);
  for (const name of ['KINDE_CLIENT_ID', 'KINDE_CLIENT_SECRET', 'KINDE_SESSION_SECRET']) {
    expect(one.env[name]).toBe(two.env[name]);
  }
});

test.each(['localhost:3000', 'not a url', 'ftp://x.example', 'https://x.example/path?query'])(
  'a site or an issuer that is no origin is refused: %s',
  async (value) => {
    await expect(createEmulator({ siteUrl: value })).rejects.toThrow(
      'siteUrl (--site) must be an origin',
    );
    await expect(createEmulator({ issuer: value })).rejects.toThrow('issuer must be an origin');
  },
);

test('FD-12 a site may live under a path, an issuer may not', async () => {
  const { env } = await createEmulator({ siteUrl: 'https://x.example/app/' });
  expect([env['KINDE_SITE_URL'], env['KINDE_REDIRECT_URI']]).toEqual([
    'https://x.example/app',
    'https://x.example/app/callback',
  ]);
  await expect(createEmulator({ issuer: 'https://x.example/app' })).rejects.toThrow(
    'issuer must be an origin',
  );
});

test('a slash at the end of the issuer goes', async () => {
  expect((await createEmulator({ issuer: 'https://acme.example/' })).issuer).toBe(
    'https://acme.example',
  );
});

function application(more: object): object {
  return {
    name: 'Own',
    clientId: 'a'.repeat(32),
    clientSecret: 'b'.repeat(48),
    type: 'reg',
    redirectUris: ['http://localhost:3000/callback'],
    logoutUris: ['http://localhost:3000'],
    ...more,
  };
}
