import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { createEmulator, defaultSeed, type Emulator } from '../src/index.js';

const SITE = 'https://app.example';

let emulator: Emulator;
beforeEach(async () => {
  emulator = await createEmulator({ siteUrl: SITE });
});

const authorizationUrl = (params: Record<string, string> = {}) => {
  const query = {
    client_id: emulator.env['KINDE_CLIENT_ID']!,
    redirect_uri: `${SITE}/callback`,
    response_type: 'code',
    scope: 'openid profile email offline',
    state: 'state-of-the-app',
    ...params,
  };
  return `${emulator.issuer}/oauth2/auth?${new URLSearchParams(query)}`;
};
const send = (path: string, form: Record<string, string>, headers: Record<string, string> = {}) =>
  emulator.fetch(emulator.issuer + path, {
    method: 'POST',
    body: new URLSearchParams(form),
    headers,
  });
const referenceIn = (page: string) => /name="request" value="([^"]+)"/.exec(page)![1]!;
const begin = async (params?: Record<string, string>) =>
  referenceIn(await (await emulator.fetch(authorizationUrl(params))).text());
const locationOf = (response: Response) => new URL(response.headers.get('location')!);
/** The page for each thing that can happen. */
const pages: Record<string, () => Promise<Response>> = {
  'sign in': () => emulator.fetch(authorizationUrl()),
  register: () => emulator.fetch(authorizationUrl({ prompt: 'create', is_create_org: 'true' })),
  'choose an organization': async () =>
    send('/emulator/sign-in', { request: await begin(), email: 'ada@example.com' }),
  'create an organization': async () =>
    send('/emulator/sign-in', {
      request: await begin({ is_create_org: 'true' }),
      email: 'grace@example.com',
    }),
  'a failure': () => emulator.fetch(authorizationUrl({ redirect_uri: 'https://evil.example' })),
  'an expired sign-in': () =>
    send('/emulator/sign-in', { request: 'made-up', email: 'ada@example.com' }),
  'signed out': () => emulator.fetch(`${emulator.issuer}/logout`),
  'nothing here': () => emulator.fetch(`${emulator.issuer}/nowhere`),
};

test('a page that says why a sign-in failed leads to its steps', async () => {
  expect(await (await pages['a failure']!()).text()).toContain('href="/emulator/sign-ins"');
});

describe.each(Object.keys(pages))('the page: %s', (name) => {
  test('says what it is, needs no script, and may load nothing but its own style', async () => {
    const response = await pages[name]!();
    const text = await response.text();
    expect(text).toContain('Local Kinde emulator — not the real Kinde');
    expect(text).not.toMatch(/<script|\son[a-z]+=|javascript:|style="/i);
    const style = /<style>([^]*?)<\/style>/.exec(text)![1]!;
    const policy = response.headers.get('content-security-policy')!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain(`'sha256-${createHash('sha256').update(style).digest('base64')}'`);
    expect(policy).not.toContain('form-action');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('referrer-policy')).toBe('same-origin');
    expect(response.headers.get('cache-control')).toBe('no-store');
  });
});

describe('markup in data is shown, not obeyed', () => {
  const markup = '"><img src=x onerror=alert(1)>';

  test('in names of people, organizations and roles', async () => {
    emulator.state.people[0]!.givenName = markup;
    emulator.state.organizations['org_acme0rockets']!.name = markup;
    emulator.state.roles['admin']!.name = markup;
    for (const page of [pages['sign in']!, pages['choose an organization']!]) {
      expect(await (await page()).text()).not.toContain('<img');
    }
  });

  test.each([
    ['the e-mail address asked for', { login_hint: markup }],
    ['an organization', { is_create_org: 'true', org_name: markup, prompt: 'create' }],
    ['a callback', { redirect_uri: `https://evil.example/${markup}` }],
    ['a client id', { client_id: markup }],
    ['an audience', { audience: markup.replaceAll(' ', '+') }],
  ])('in %s', async (_name, params) => {
    const text = await (await emulator.fetch(authorizationUrl(params))).text();
    expect(text).toContain('&lt;img');
    expect(text).not.toContain('<img');
  });
});

describe('signing in by hand', () => {
  test('a card is one button in a form, and tells organizations and roles', async () => {
    const text = await (await pages['sign in']!()).text();
    const card = text.slice(text.indexOf('Ada Lovelace') - 400, text.indexOf('Grace Hopper'));
    expect(card).toMatch(/<form method="post"[^]*<button[^>]+name="person"[^]*ada@example\.com/);
    expect(card).toMatch(/Acme Rockets: Administrator[^]*Globex Gardens: Viewer/);
  });

  test('the password is asked for where there is one, and must be right', async () => {
    const seed = structuredClone(defaultSeed);
    seed.people.push({ email: 'kept@example.com', password: 'correct horse', organizations: {} });
    emulator = await createEmulator({ siteUrl: SITE, seed });
    const field = 'type="password"';
    expect(await (await pages['sign in']!()).text()).not.toContain(field);
    const form = { request: await begin(), email: 'Kept@Example.com' };
    const asked = await send('/emulator/sign-in', form);
    expect([asked.status, await asked.text()]).toEqual([200, expect.stringContaining(field)]);
    const wrong = await send('/emulator/sign-in', { ...form, password: 'wrong' });
    expect([wrong.status, wrong.headers.get('set-cookie')]).toEqual([400, null]);
    const right = await send('/emulator/sign-in', { ...form, password: 'correct horse' });
    expect(right.status).toBe(302);
  });

  test('username and phone hints stand for the person who has them', async () => {
    Object.assign(emulator.state.people[1]!, { username: 'grace', phone: '+61400000001' });
    for (const login_hint of ['username:grace', 'phone:+61400000001:au', 'phone:61400000001:au']) {
      expect(await (await emulator.fetch(authorizationUrl({ login_hint }))).text()).toContain(
        'value="grace@example.com"',
      );
    }
  });

  test('the next sign-in of the same browser asks nothing, unless prompt=login', async () => {
    const done = await send('/emulator/sign-in', {
      request: await begin(),
      email: 'grace@example.com',
    });
    const line = done.headers.get('set-cookie')!;
    expect(line).toMatch(/; HttpOnly; SameSite=Lax$/);
    const headers = { cookie: line.split(';')[0]! };
    for (const prompt of ['', 'none']) {
      expect(
        locationOf(
          await emulator.fetch(authorizationUrl(prompt ? { prompt } : {}), { headers }),
        ).searchParams.get('code'),
      ).toBeTruthy();
    }
    expect((await emulator.fetch(authorizationUrl({ prompt: 'login' }), { headers })).status).toBe(
      200,
    );
    await emulator.fetch(`${emulator.issuer}/logout`, { headers });
    expect((await emulator.fetch(authorizationUrl(), { headers })).status).toBe(200);
  });

  test('a form works once and for half an hour', async () => {
    const form = { request: await begin(), email: 'grace@example.com' };
    expect((await send('/emulator/sign-in', form)).status).toBe(302);
    expect((await send('/emulator/sign-in', form)).status).toBe(400);
    const late = { ...form, request: await begin() };
    emulator.clock.advance(1801);
    const answer = await send('/emulator/sign-in', late);
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([400, null]);
  });

  test('an expired form of an app that supports it restarts the sign-in with what was asked for', async () => {
    const late = {
      request: await begin({ supports_reauth: 'true', org_code: 'org_acme0rockets' }),
      email: 'x',
    };
    emulator.clock.advance(1801);
    const back = locationOf(await send('/emulator/sign-in', late)).searchParams;
    expect([back.get('error'), back.get('state')]).toEqual([
      'login_link_expired',
      'state-of-the-app',
    ]);
    const original = JSON.parse(
      Buffer.from(back.get('reauth_state')!, 'base64').toString(),
    ) as object;
    expect(original).toMatchObject({
      org_code: 'org_acme0rockets',
      redirect_uri: `${SITE}/callback`,
    });
    const url = `${emulator.issuer}/oauth2/auth?${new URLSearchParams({ reauth_state: back.get('reauth_state')! })}`;
    expect((await emulator.fetch(url)).status).toBe(200);
  });

  test.each([
    ['another origin', { origin: 'https://evil.example' }],
    ['another site in an anonymous frame', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
    ['another port of this machine', { origin: 'null', 'sec-fetch-site': 'same-site' }],
    ['nowhere that can be told', { origin: 'null' }],
  ])('a form from %s signs nobody in', async (_name, headers) => {
    const answer = await send(
      '/emulator/sign-in',
      { request: await begin(), email: 'ada@example.com' },
      headers,
    );
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([403, null]);
  });

  test.each([
    ['that says its origin alone, as over http at the name of a container', {}],
    ['that is set up to send no referrer', { origin: 'null', 'sec-fetch-site': 'same-origin' }],
  ])('a form of our own pages signs in from a browser %s', async (_name, headers) => {
    const form = { request: await begin(), email: 'grace@example.com' };
    const sent = { origin: emulator.issuer, ...headers };
    expect((await send('/emulator/sign-in', form, sent)).status).toBe(302);
  });
});

describe('organizations and registration', () => {
  test.each(['constructor', '__proto__', 'toString', 'org_nowhere'])(
    'org_code=%s is nobody’s organization',
    async (org_code) => {
      const answer = await send('/emulator/sign-in', {
        request: await begin({ org_code }),
        email: 'ada@example.com',
      });
      expect([answer.status, await answer.text()]).toEqual([
        400,
        expect.stringContaining('not in this organization'),
      ]);
    },
  );

  test('the organization that was chosen is the one of the tokens', async () => {
    const text = await (await pages['choose an organization']!()).text();
    const form = { request: referenceIn(text), org_code: 'org_globex0gardens' };
    const code = locationOf(await send('/emulator/organization', form)).searchParams.get('code')!;
    const { codes, grants } = emulator.state;
    expect(grants.get(codes.get(code)!.grantId)!.orgCode).toBe('org_globex0gardens');
  });

  test('a made-up organization form signs nobody in', async () => {
    const answer = await send('/emulator/organization', {
      request: await begin(),
      org_code: 'org_acme0rockets',
    });
    expect(answer.status).toBe(400);
  });

  test('somebody who registers joins the default organization; their address is taken afterwards', async () => {
    const form = { email: 'new@example.com', given_name: 'New' };
    const done = await send('/emulator/register', {
      ...form,
      request: await begin({ start_page: 'registration' }),
    });
    expect(locationOf(done).searchParams.get('code')).toBeTruthy();
    const person = emulator.state.people.find(({ email }) => email === 'new@example.com')!;
    expect(Object.keys(person.organizations)).toEqual(['org_acme0rockets']);
    expect(person.organizations['org_acme0rockets']!.roles).toEqual(['member']);
    const again = await send('/emulator/register', {
      ...form,
      request: await begin({ prompt: 'create' }),
    });
    expect([again.status, await again.text()]).toEqual([
      400,
      expect.stringContaining('this address already'),
    ]);
    const bad = await send('/emulator/register', {
      email: 'x',
      request: await begin({ prompt: 'create' }),
    });
    expect(bad.status).toBe(400);
  });

  test('an existing person who creates an organization runs it', async () => {
    const text = await (await pages['create an organization']!()).text();
    expect(
      locationOf(
        await send('/emulator/organization', { request: referenceIn(text), org_name: 'Initech' }),
      ).origin,
    ).toBe(SITE);
    const [code] = Object.entries(emulator.state.organizations).find(
      ([, { name }]) => name === 'Initech',
    )!;
    expect(code).toMatch(/^org_[0-9a-f]+$/);
    const grace = emulator.state.people.find(({ email }) => email === 'grace@example.com')!;
    expect(grace.organizations[code]).toMatchObject({ roles: ['admin'] });
  });
});

describe('registered addresses', () => {
  const registered = 'https://pr-*.preview.example/callback';
  test.each([
    ['https://pr-7.preview.example/callback', 200],
    ['https://pr-.preview.example/callback', 400],
    ['https://pr-7.evil.example/callback', 400],
    ['https://pr-7.x.preview.example/callback', 400],
    ['https://pr-evil.example/.preview.example/callback', 400],
    ['https://pr-7.preview.example/callback/more', 400],
    ['http://pr-7.preview.example/callback', 400],
    [registered, 400],
  ])('one star in the left-most label: %s is answered with %i', async (redirect_uri, status) => {
    emulator.state.applications[0]!.redirectUris.push(registered);
    expect((await emulator.fetch(authorizationUrl({ redirect_uri }))).status).toBe(status);
  });

  test.each([
    ['a parameter twice', '&state=again'],
    ['a challenge without a method', `&code_challenge=${'a'.repeat(43)}`],
    ['a method without a challenge', '&code_challenge_method=S256'],
    ['a challenge that is no digest', '&code_challenge=short&code_challenge_method=S256'],
    ['another response mode', '&response_mode=form_post'],
  ])('%s is malformed', async (_name, more) => {
    const answer = await emulator.fetch(authorizationUrl() + more);
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('1656')]);
  });
});

describe('signing in without a browser', () => {
  test('goes the way of one: its requests are counted and run into faults', async () => {
    await emulator.signIn(authorizationUrl(), {
      email: 'ada@example.com',
      organization: 'org_globex0gardens',
    });
    expect(emulator.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /oauth2/auth',
      'POST /emulator/sign-in',
      'POST /emulator/organization',
    ]);
    emulator.faults.once('/oauth2/auth', () => new Response('closed', { status: 503 }));
    await expect(emulator.signIn(authorizationUrl(), { email: 'ada@example.com' })).rejects.toThrow(
      'closed',
    );
  });

  test.each([
    ['somebody unknown', 'nobody@example.com', {}, undefined, 'has no user'],
    [
      'an organization they are not in',
      'grace@example.com',
      {},
      'org_globex0gardens',
      'not a member',
    ],
    [
      'another organization than the URL’s',
      'ada@example.com',
      { org_code: 'org_acme0rockets' },
      'org_globex0gardens',
      'the URL says',
    ],
  ])('refuses %s', async (_name, email, params, organization, message) => {
    const choice = { email, ...(organization && { organization }) };
    await expect(
      emulator.signIn(authorizationUrl(params as Record<string, string>), choice),
    ).rejects.toThrow(message);
  });

  test('refuses a URL that is not this Kinde’s', async () => {
    const elsewhere = authorizationUrl().replace(emulator.issuer, 'https://elsewhere.example');
    await expect(emulator.signIn(elsewhere, { email: 'ada@example.com' })).rejects.toThrow(
      'Expected the authorization endpoint',
    );
  });
});
