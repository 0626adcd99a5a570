import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createEmulator, defaultSeed, type EmulatorOptions } from '../src/index.js';
import { detectSdk } from '../src/env/detect.js';
import { textOf } from '../src/env/format.js';
import { SDKS } from '../src/env/sdks.js';
import { variablesFor } from '../src/env/variables.js';
import { changeSeed } from '../src/keep/adopt-seed.js';
import { checkSeed } from '../src/seed/check-seed.js';
import { findSeed, readSeed } from '../src/seed/read-seed.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kinde-seed-'));
});
afterEach(() => rmSync(folder, { recursive: true }));
const write = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

describe('a seed file', () => {
  test.each([
    ['seed.json', '{"people":[{"email":"a@b.c"}]}'],
    ['seed.yaml', 'people:\n  - email: a@b.c\n'],
    ['seed.ts', 'const seed: object = { people: [{ email: "a@b.c" }] }; export { seed };'],
    ['seed.mjs', 'export default { people: [{ email: "a@b.c" }] };'],
  ])('may be %s', async (name, text) => {
    const { people } = checkSeed(await readSeed(write(name, text)));
    expect(people).toEqual([{ email: 'a@b.c', organizations: {} }]);
  });

  test('is found by its name: kinde.config before kinde.seed', () => {
    expect(findSeed(folder)).toBeUndefined();
    const seed = write('kinde.seed.yaml', '');
    expect(findSeed(folder)).toBe(seed);
    expect(findSeed(folder) === write('kinde.config.ts', '')).toBe(false);
    expect(findSeed(folder)).toBe(join(folder, 'kinde.config.ts'));
  });

  test.each([
    ['seeds.json', 'does not exist; did you mean'],
    ['seed.txt', 'its name must end in'],
    ['broken.json', 'broken.json cannot be read'],
    ['empty.ts', 'it exports neither'],
  ])('that is wrong says so: %s', async (name, message) => {
    write('seed.json', '{}');
    write('broken.json', '{');
    write('empty.ts', 'export const other = 1;');
    await expect(readSeed(join(folder, name))).rejects.toThrow(message);
  });
});

test('users by a short name, webhooks, keys, invitations and paths are part of a seed', async () => {
  const { state, fetch, issuer } = await createEmulator({
    siteUrl: 'http://localhost:5173',
    seed: {
      organizations: { org_acme: { name: 'Acme' } },
      people: { ada: { email: 'ada@x.dev', externalId: '7', organizations: { org_acme: {} } } },
      applications: [{ name: 'App', type: 'reg', callbacks: ['/auth/callback'] }],
      apis: [{ audience: 'https://api.example', name: 'API', scopes: ['read'] }],
      webhooks: [{ endpoint: 'http://localhost:3000/hook', events: ['user.created'] }],
      apiKeys: [
        { name: 'CI', key: 'secret-key', audience: 'https://api.example', scopes: ['read'] },
      ],
      environmentVariables: { COLOR: 'blue' },
      invitations: [{ email: 'new@x.dev', organization: 'org_acme' }],
    },
  });
  expect(state.people[0]).toMatchObject({ key: 'ada', providedId: '7' });
  expect(state.applications[0]).toMatchObject({
    clientId: expect.stringMatching(/^[0-9a-f]{32}$/),
    clientSecret: expect.stringMatching(/^[0-9a-f]{48}$/),
    redirectUris: ['http://localhost:5173/auth/callback'],
  });
  expect(state.webhooks[0]!.eventTypes).toEqual(['user.created']);
  expect(JSON.stringify(state.apiKeys)).not.toContain('secret-key');
  expect(state.apiKeys[0]).toMatchObject({ status: 'active', scopes: ['read'] });
  expect(state.environmentVariables[0]!.value).toBe('blue');
  expect(state.invitations[0]!.orgCode).toBe('org_acme');
  expect((await fetch(`${issuer}/.well-known/jwks`)).status).toBe(200);
});

describe('a seed that changes', () => {
  const start = async (options: EmulatorOptions = {}) => (await createEmulator(options)).state;
  const seedWith = (change: (seed: typeof defaultSeed) => void) => {
    const seed = structuredClone(defaultSeed);
    change(seed);
    return checkSeed(seed);
  };
  const lastSeed = (state: Awaited<ReturnType<typeof start>>) =>
    state.journal.after(0).findLast(({ kind }) => kind === 'seed') as any;

  test('adds, changes and removes by natural key, and leaves everything else as it became', async () => {
    const state = await start();
    state.flags['beta_ui']!.value = true;
    state.organizations['org_acme0rockets']!.name = 'Renamed here';
    const ada = state.people[0]!.id;
    changeSeed(
      state,
      seedWith((seed) => {
        seed.permissions['export:todos'] = 'Export';
        seed.roles['admin']!.permissions.push('export:todos');
        delete seed.roles['viewer'];
        seed.people.forEach(({ organizations }) => delete organizations['org_globex0gardens']);
        seed.people.pop();
        seed.people[0]!.givenName = 'Augusta';
        seed.organizations['org_acme0rockets']!.handle = 'acme';
      }),
    );
    expect(Object.keys(state.permissions)).toContain('export:todos');
    expect(state.roles['admin']!.permissions).toContain('export:todos');
    expect(state.roles['viewer']).toBeUndefined();
    expect(state.flags['beta_ui']!.value).toBe(true);
    expect(state.organizations['org_acme0rockets']).toMatchObject({
      name: 'Renamed here',
      handle: 'acme',
    });
    expect(state.people.map(({ id, givenName }) => [id === ada, givenName])).toEqual([
      [true, 'Augusta'],
      [false, 'Grace'],
    ]);
    expect(lastSeed(state).changes).toContain('people.alan@example.com removed');
  });

  test('wins where both changed one field, and says so', async () => {
    const state = await start();
    state.roles['member']!.name = 'Changed here';
    changeSeed(
      state,
      seedWith((seed) => (seed.roles['member']!.name = 'Changed there')),
    );
    expect(state.roles['member']!.name).toBe('Changed there');
    expect(lastSeed(state).changes).toEqual(['roles.member.name changed, over a change made here']);
  });

  test('does not bring back who was removed here', async () => {
    const state = await start();
    state.people = state.people.slice(1);
    changeSeed(
      state,
      seedWith((seed) => (seed.flags['theme']!.value = 'forest')),
    );
    expect(state.people).toHaveLength(2);
    expect(state.flags['theme']!.value).toBe('forest');
  });

  test('leaves no role or organization behind in memberships made here', async () => {
    const state = await start();
    state.people[1]!.organizations['org_globex0gardens'] = { roles: ['viewer'] };
    changeSeed(
      state,
      seedWith((seed) => {
        delete seed.organizations['org_globex0gardens'];
        seed.people.forEach(({ organizations }) => delete organizations['org_globex0gardens']);
      }),
    );
    expect(Object.keys(state.people[1]!.organizations)).toEqual(['org_acme0rockets']);
  });
});

describe('values for an SDK', () => {
  test.each(SDKS.map(({ name }) => name))('%s has an address and a client id', async (name) => {
    const { state } = await createEmulator();
    const values = Object.values(variablesFor(name, state).values);
    expect(values).toContain(state.issuer);
    expect(values.join(' ')).toContain(state.applications[name === 'management' ? 1 : 0]!.clientId);
  });

  test('the callback is the one that the SDK handles, where the application allows it', async () => {
    const { state } = await createEmulator({ callbacks: ['/kinde-auth/callback'] });
    expect(variablesFor('remix', state).values['KINDE_REDIRECT_URL']).toBe(
      'http://localhost:3000/kinde-auth/callback',
    );
    expect(() => variablesFor('nextjs', state)).toThrow('did you mean "next"?');
  });

  test.each([
    ['package.json', '{"dependencies":{"@nuxtjs/kinde":"1"}}', 'nuxt'],
    ['requirements.txt', 'kinde-python-sdk==2', 'python'],
    ['composer.json', '{"require":{"kinde-oss/kinde-auth-php":"*"}}', 'php'],
    ['go.mod', 'require github.com/kinde-oss/kinde-go v1', 'go'],
    ['App.csproj', '<PackageReference Include="Kinde.SDK" />', 'dotnet'],
    ['package.json', '{}', 'kindling'],
  ])('the SDK is found in %s', (file, text, name) => {
    write(file, text);
    expect(detectSdk(folder).name).toBe(name);
  });

  test('as lines of a file, as JSON and as commands of a shell', () => {
    const values = { A: 'x', B: "it's" };
    expect(textOf(values, 'dotenv')).toBe("A=x\nB=it's");
    expect(JSON.parse(textOf(values, 'json'))).toEqual(values);
    expect(textOf(values, 'shell')).toBe(
      String.raw`export A='x'` + '\n' + String.raw`export B='it'\''s'`,
    );
  });
});
