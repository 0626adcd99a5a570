import { beforeEach, describe, expect, test } from 'vitest';
import { createEmulator, defaultSeed, type Emulator } from '../src/index.js';
import { appOf } from './kit.js';

const SPA = 'http://localhost:5173';

let emulator: Emulator;
beforeEach(async () => {
  emulator = await createEmulator();
  emulator.state.applications.push({
    name: 'Page',
    clientId: 'page',
    type: 'spa',
    redirectUris: [`${SPA}/`, 'https://*.preview.example/cb', 'app://callback'],
    logoutUris: [],
  });
});

const ask = async (path: string, origin: string, method = 'GET') => {
  const response = await emulator.fetch(emulator.issuer + path, { method, headers: { origin } });
  const cors = [...response.headers].filter(([name]) => name.startsWith('access-control-'));
  return { status: response.status, cors: Object.fromEntries(cors), headers: response.headers };
};

const ADDRESSES = [
  '/.well-known/openid-configuration',
  '/.well-known/jwks',
  '/.well-known/jwks.json',
  '/oauth2/token',
  '/oauth2/revoke',
  '/oauth2/user_profile',
  '/oauth2/v2/user_profile',
  '/account_api/v1/permissions',
];

describe.each(ADDRESSES)('a page of another origin asks %s', (path) => {
  test.each([SPA, 'https://pr-1.preview.example'])(
    '%s may, being registered for an application without a secret',
    async (origin) => {
      const asked = await ask(path, origin, 'OPTIONS');
      expect([asked.status, asked.headers.get('vary')]).toEqual([204, 'origin']);
      expect(asked.cors).toMatchObject({
        'access-control-allow-origin': origin,
        'access-control-allow-headers': expect.stringContaining('authorization'),
      });
      expect(asked.cors).not.toHaveProperty('access-control-allow-credentials');
      const method = /token|revoke/.test(path) ? 'POST' : 'GET';
      const answer = await ask(path, origin, method);
      expect(answer.cors).toEqual({ 'access-control-allow-origin': origin });
      expect(answer.headers.get('vary')).toBe('origin');
    },
  );

  test.each([
    'http://localhost:3000',
    'http://localhost:51730',
    'https://a.b.preview.example',
    'https://preview.example',
    'app://callback',
    'null',
  ])('%s may not, in preflight or after', async (origin) => {
    expect(await ask(path, origin, 'OPTIONS')).toMatchObject({ status: 204, cors: {} });
    expect(await ask(path, origin)).toMatchObject({ cors: {} });
  });
});

test.each(['/api/v1/users', '/oauth2/introspect', '/oauth2/auth', '/emulator/sign-in', '/logout'])(
  'no page of another origin may read %s',
  async (path) => {
    for (const method of ['GET', 'POST', 'OPTIONS']) {
      expect((await ask(path, SPA, method)).cors).toEqual({});
    }
  },
);

describe('a callback that is not registered', () => {
  const SITE = 'http://localhost:3000';
  const open = (redirect_uri: string) => appOf(emulator, SITE).open({ redirect_uri });

  test.each([
    ['https://localhost:3000/callback', 'scheme: https was given, http is registered'],
    ['http://127.0.0.1:3000/callback', 'host: 127.0.0.1 was given, localhost is registered'],
    ['http://localhost:3001/callback', 'port: 3001 was given, 3000 is registered'],
    ['http://localhost:3000/cb', 'path: /cb was given, /callback is registered'],
    ['http://localhost:3000/callback/', 'trailing slash: / was given, none is registered'],
    ['http://localhost:3000/callback?a=1', 'query: ?a=1 was given, none is registered'],
    ['http://LOCALHOST:3000/callback', 'how it is written'],
  ])('EM-05 %s: the page names the difference', async (redirectUri, difference) => {
    const { response, text } = await open(redirectUri);
    expect([response.status, response.headers.get('location')]).toEqual([400, null]);
    expect(text).toContain(difference);
    expect(text).toContain('Allowed callback URLs');
  });

  test('can be allowed where it is on this machine, and the request goes on', async () => {
    const callback = `${SITE}/api/auth/kinde_callback`;
    const { text } = await open(callback);
    const search = /name="search" value="([^"]+)"/.exec(text)![1]!.replaceAll('&amp;', '&');
    const form = (headers = {}) =>
      appOf(emulator, SITE).post('/emulator/allow', { search }, headers);
    expect((await form({ origin: 'https://evil.example' })).status).toBe(403);
    const allowed = await form();
    expect(allowed.status).toBe(303);
    const next = await emulator.fetch(new URL(allowed.headers.get('location')!, emulator.issuer));
    expect(await next.text()).toContain('Choose who to be');
    expect(emulator.state.applications[0]!.redirectUris).toContain(callback);
  });

  test.each([
    'https://evil.example/callback',
    'javascript:alert(1)',
    'app://callback',
    'http://*.localhost/callback',
    'http://8.8.8.8/callback',
    'http://172.32.0.1/callback',
    'http://[2001:db8::1]/callback',
    'http://user@localhost/callback',
    'http://localhost/callback#x',
  ])('EM-05 %s cannot be allowed from the page', async (redirectUri) => {
    expect((await open(redirectUri)).text).not.toContain('/emulator/allow');
    const search = String(
      new URL(appOf(emulator, SITE).linkTo({ redirect_uri: redirectUri })).searchParams,
    );
    const answer = await appOf(emulator, SITE).post('/emulator/allow', { search });
    expect(answer.status).toBe(400);
    expect(emulator.state.applications[0]!.redirectUris).toEqual([`${SITE}/callback`]);
  });

  test.each([
    'http://192.168.1.5:3000/cb',
    'http://app.localhost/cb',
    'http://web:3000/cb',
    'http://[fd00::1]/cb',
  ])('%s can be allowed, being in a private network', async (redirectUri) => {
    expect((await open(redirectUri)).text).toContain('/emulator/allow');
  });

  test('an unknown client id names the nearest one', async () => {
    const clientId = emulator.env['KINDE_CLIENT_ID']!;
    const { text } = await appOf(emulator, SITE).open({ client_id: clientId.slice(0, -1) });
    expect(text).toContain(`Did you mean &quot;${clientId}&quot;?`);
    expect(text).not.toContain('makes new credentials');
  });
});

describe('the option callbacks', () => {
  test('registers paths below the site and whole URLs beside /callback, also after a reset', async () => {
    const callbacks = ['/api/auth/kinde_callback', 'https://app.example/cb'];
    emulator = await createEmulator({ siteUrl: 'http://localhost:3000/shop', callbacks });
    const expected = [
      'http://localhost:3000/shop/callback',
      'http://localhost:3000/shop/api/auth/kinde_callback',
      'https://app.example/cb',
    ];
    expect(emulator.state.applications[0]!.redirectUris).toEqual(expected);
    emulator.reset();
    expect(emulator.state.applications[0]!.redirectUris).toEqual(expected);
  });

  test.each(['callback', '//evil.example/cb', 'ftp://x/cb', 'https://x.example/#a', '/a b', ''])(
    '%j is refused',
    async (callback) => {
      await expect(createEmulator({ callbacks: [callback] })).rejects.toThrow('not "');
    },
  );
});

describe('the sign-in page of many users', () => {
  const SITE = 'http://localhost:3000';
  const cards = (text: string) =>
    [...text.matchAll(/<strong>([^<]*)<\/strong>/g)].map(([, name]) => name);

  beforeEach(async () => {
    const people = Array.from({ length: 1_000 }, (_, index) => ({
      email: `user${index}@example.com`,
      givenName: `User ${index}`,
      organizations: {},
    }));
    emulator = await createEmulator({ seed: { ...defaultSeed, people } });
    Object.assign(emulator.state.people[700]!, { username: 'zoe', phone: '+61 400 000 700' });
  });

  test('shows 12: those who signed in last, then the first of the seed', async () => {
    const app = appOf(emulator, SITE);
    emulator.clock.freeze();
    await app.signIn('user900@example.com');
    emulator.clock.advance(1);
    await app.signIn('user5@example.com');
    const expected = [
      'User 5',
      'User 900',
      ...[0, 1, 2, 3, 4, 6, 7, 8, 9, 10].map((n) => `User ${n}`),
    ];
    const { text } = await app.open();
    expect(cards(text)).toEqual(expected);
    expect(text).toContain('12 of 1000 users');
    expect(text.length).toBeLessThan(50_000);
    emulator.restore(emulator.capture());
    expect(cards((await app.open()).text)).toEqual(expected);
    emulator.state.people.splice(900, 1);
    expect(cards((await app.open()).text)).not.toContain('User 900');
  });

  test.each(['User 700', 'user700@EXAMPLE', 'ZOE', '0400 000 700'.slice(1), '61400000700'])(
    'finds a user by %s, without a script',
    async (search) => {
      const app = appOf(emulator, SITE);
      const { request, text } = await app.open();
      expect(text).toMatch(/<form class="search" role="search" action="\/emulator\/sign-in">/);
      const url = `${emulator.issuer}/emulator/sign-in?${new URLSearchParams({ request, search })}`;
      const found = await (await emulator.fetch(url)).text();
      expect(cards(found)).toEqual(['User 700']);
    },
  );

  test('a search that finds nobody says so, and shows what was searched for as text', async () => {
    const { request } = await appOf(emulator, SITE).open();
    const query = new URLSearchParams({ request, search: '"><img src=x>' });
    const found = await (
      await emulator.fetch(`${emulator.issuer}/emulator/sign-in?${query}`)
    ).text();
    expect([cards(found), found]).toEqual([[], expect.stringContaining('No user is found')]);
    expect(found).not.toContain('<img');
  });
});

test('Kinde’s own names of fields work in the sign-in form', async () => {
  const people = [{ email: 'kept@example.com', password: 'correct horse', organizations: {} }];
  emulator = await createEmulator({ seed: { ...defaultSeed, people } });
  const app = appOf(emulator, 'http://localhost:3000');
  const wrong = await app.type({ p_email: 'kept@example.com', p_password: 'wrong' });
  const right = await app.type({ p_email: 'kept@example.com', p_password: 'correct horse' });
  expect([wrong.status, right.status]).toEqual([400, 302]);
});

test('no page shows a client secret, and no error is kept by a browser', async () => {
  const app = appOf(emulator, 'http://localhost:3000');
  const { request } = await app.open();
  const asked = [
    app.open().then(({ response }) => response),
    app.open({ redirect_uri: 'http://localhost:1/' }).then(({ response }) => response),
    app.open({ client_id: 'nobody' }).then(({ response }) => response),
    app.post('/emulator/sign-in', { request, email: 'ada@example.com' }),
    ...['/nowhere', '/oauth2/nowhere', '/account_api/v1/roles', '/api/v1/users', '/logout'].map(
      (path) => emulator.fetch(emulator.issuer + path),
    ),
    app.post('/emulator/sign-in', {}, { origin: 'https://evil.example' }),
  ];
  for (const response of await Promise.all(asked)) {
    expect(response.headers.get('cache-control'), response.url).toBe('no-store');
    const text = response.bodyUsed ? '' : await response.text();
    for (const { clientSecret } of emulator.state.applications) {
      expect(clientSecret !== undefined && text.includes(clientSecret)).toBe(false);
    }
  }
});
