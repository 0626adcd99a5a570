import { createEmulator, type Emulator } from '@kindling/emulator';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Ask } from '../kit/http.js';
import {
  FRAMEWORKS,
  rowsOf,
  sessionOf,
  SITE,
  startSite,
  type Plan,
  type Site,
} from './kit/site.js';
import { createVisitor, type Visitor } from './kit/visitor.js';

const AUDIENCE = 'https://api.todos.example';
const SPA = 'https://spa.app.example';
const STRANGER = 'https://evil.example';
const UNSAFE = ['POST', 'PUT', 'PATCH', 'DELETE'] as const;
/** Nobody says where this comes from. */
const SILENT = { 'sec-fetch-site': [], 'sec-fetch-mode': [], 'sec-fetch-dest': [] };
const script = { accept: 'application/json', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' };

let emulator: Emulator;
let site: Site;
let visitor: Visitor;
beforeAll(async () => {
  emulator = await createEmulator({ strict: true, siteUrl: SITE });
  emulator.state.applications[0]!.tokens = { claims: ['roles'] };
});
afterEach(() => site.close());

const open = async (framework: (typeof FRAMEWORKS)[number], plan: Plan = {}) => {
  site = await startSite(framework, emulator, plan);
  visitor = createVisitor(site, emulator);
  await visitor.signIn();
};

type Headers = NonNullable<Ask['headers']>;

/** Where a request says that it comes from, when it is one of ours. */
const own: [string, Headers][] = [
  ['a page of this site', { 'sec-fetch-site': 'same-origin', origin: SITE }],
  ['a page of this site that says no origin', { 'sec-fetch-site': 'same-origin', origin: 'null' }],
  ['a page of this site, without Origin', { 'sec-fetch-site': 'same-origin' }],
  ['the address bar', { 'sec-fetch-site': 'none' }],
  ['an old browser at this site', { ...SILENT, origin: SITE }],
  ['no browser at all', SILENT],
];

/** And when it is somebody else's. */
const foreigners: [string, Headers][] = [
  ['a sibling subdomain', { 'sec-fetch-site': 'same-site', origin: 'https://blog.app.example' }],
  ['a sibling subdomain, without Origin', { 'sec-fetch-site': 'same-site' }],
  ['another site', { 'sec-fetch-site': 'cross-site', origin: STRANGER }],
  ['another site that hides its origin', { 'sec-fetch-site': 'cross-site', origin: 'null' }],
  ['an old browser at another site', { ...SILENT, origin: STRANGER }],
  ['an old browser that hides its origin', { ...SILENT, origin: 'null' }],
  ['an old browser, the same host over http', { ...SILENT, origin: 'http://app.example' }],
  ['an old browser, another port of this host', { ...SILENT, origin: `${SITE}:8443` }],
  [
    'an old browser, a host that begins like this one',
    { ...SILENT, origin: `${SITE}.evil.example` },
  ],
  ['an origin that is none', { ...SILENT, origin: 'app.example' }],
  ['a value that no browser sends', { 'sec-fetch-site': 'same-origin, cross-site' }],
  ['a value that nobody knows', { 'sec-fetch-site': 'sibling' }],
];

describe.each(rowsOf())(
  'requests that change something, on %s with sessions in the %s',
  (framework, mode) => {
    beforeEach(() => open(framework, { options: { session: sessionOf(mode) } }));

    test.each(own)('FD-16 pass from %s', async (_from, headers) => {
      for (const method of UNSAFE) {
        const answer = await visitor.open('/todos', { method, headers: { ...script, ...headers } });
        expect([answer.status, answer.body], method).toEqual([200, 'saved']);
      }
    });

    test.each(foreigners)('FD-16 are refused from %s', async (_from, headers) => {
      for (const method of UNSAFE) {
        const answer = await visitor.open('/todos', { method, headers: { ...script, ...headers } });
        expect(answer.status, method).toBe(403);
        expect(answer.json()).toMatchObject({ code: 'cross_site', status: 403 });
      }
    });

    test.each(own)('FD-16 sign somebody out from %s', async (_from, headers) => {
      const answer = await visitor.open('/logout', {
        method: 'POST',
        headers: { ...script, ...headers },
      });
      expect(answer.status).toBeLessThan(400);
      expect(visitor.jar.names()).toEqual([]);
    });

    test.each(foreigners)('FD-16 sign nobody out from %s', async (_from, headers) => {
      const answer = await visitor.open('/logout', {
        method: 'POST',
        headers: { ...script, ...headers },
      });
      expect([answer.status, answer.json().code]).toEqual([403, 'cross_site']);
      expect((await visitor.open('/me')).json()).toMatchObject({ isAuthenticated: true });
    });
  },
);

describe.each(FRAMEWORKS)('the check of where a request comes from, on %s', (framework) => {
  const foreign = { 'sec-fetch-site': 'cross-site', origin: STRANGER };
  const sibling = { 'sec-fetch-site': 'same-site', origin: 'https://blog.app.example' };

  test('FD-16 lets GET, HEAD and OPTIONS pass from anywhere', async () => {
    await open(framework);
    for (const headers of [foreign, sibling]) {
      expect((await visitor.open('/private', { headers })).status).toBe(200);
      expect((await visitor.open('/private', { method: 'HEAD', headers })).status).toBe(200);
      expect((await visitor.open('/private', { method: 'OPTIONS', headers })).status).not.toBe(403);
    }
  });

  test('FD-16 HEAD by somebody who is signed out starts no login', async () => {
    site = await startSite(framework, emulator);
    const answer = await createVisitor(site, emulator).open('/private', { method: 'HEAD' });
    expect([answer.status, answer.setCookies, answer.location]).toEqual([401, [], '']);
  });

  test('FD-16 does not concern routes without a guard', async () => {
    await open(framework, { places: [{ path: '/open', methods: ['POST'], handle: () => 'open' }] });
    expect((await visitor.open('/open', { method: 'POST', headers: foreign })).body).toBe('open');
  });

  test('FD-16 stands before every kind of guard, and `crossOrigin` takes it away from one route', async () => {
    let asked = 0;
    const guards = {
      permission: { permissions: 'create:todos' },
      role: { roles: 'member' },
      any: {},
      'a function': () => (asked += 1) > 0,
      'a promise': async () => (asked += 1) > 0,
    };
    const guarded = Object.values(guards).map((guard, index) => ({
      path: `/g/${index}`,
      methods: UNSAFE,
      guard,
    }));
    const free = {
      path: '/free',
      methods: UNSAFE,
      guard: {},
      rule: { crossOrigin: true },
      handle: () => 'free',
    };
    const live = { path: '/live', methods: UNSAFE, guard: {}, rule: { live: true } };
    await open(framework, { places: [...guarded, free, live] });
    for (const method of UNSAFE) {
      for (const { path } of [...guarded, live]) {
        expect((await visitor.open(path, { method, headers: sibling })).status, path).toBe(403);
        const headers = { 'sec-fetch-site': 'same-origin', origin: SITE };
        expect((await visitor.open(path, { method, headers })).status, path).toBe(200);
      }
      expect((await visitor.open('/free', { method, headers: foreign })).body).toBe('free');
    }
    // Signed out or not allowed is still refused where the check is off.
    const nobody = createVisitor(site, emulator);
    expect(
      (await nobody.open('/free', { method: 'POST', headers: { ...script, ...foreign } })).status,
    ).toBe(401);
  });

  test('FD-16 does not concern bearer tokens, beside a session either', async () => {
    await open(framework, { options: { audience: AUDIENCE } });
    const now = Math.floor(Date.now() / 1000);
    const token = await emulator.sign({
      iss: emulator.issuer,
      sub: 'kp_aaa',
      aud: [AUDIENCE],
      azp: 'some-client',
      iat: now,
      exp: now + 600,
      scp: [],
      jti: 'j',
      permissions: [],
    });
    const headers = { ...script, ...foreign, authorization: `Bearer ${token}` };
    for (const by of [visitor, createVisitor(site, emulator)]) {
      expect((await by.open('/todos', { method: 'POST', headers })).status).toBe(200);
    }
    const broken = { ...headers, authorization: 'Bearer nonsense' };
    expect((await visitor.open('/todos', { method: 'POST', headers: broken })).status).toBe(401);
  });

  test('FD-16 a page on a sibling subdomain that posts a form gets a page that says why', async () => {
    await open(framework);
    const answer = await visitor.open('/todos', { method: 'POST', headers: sibling });
    expect([answer.status, answer.headers['content-type']]).toEqual([
      403,
      expect.stringContaining('text/html'),
    ]);
  });

  test('FD-11 FD-16 an origin that `trustedOrigins` lists passes, and none that only looks like it', async () => {
    await open(framework, { options: { trustedOrigins: [SPA], returnOrigins: [STRANGER] } });
    const from = (origin: string, where: string) => ({
      ...script,
      'sec-fetch-site': where,
      origin,
    });
    for (const where of ['same-site', 'cross-site']) {
      const post = (origin: string) =>
        visitor.open('/todos', { method: 'POST', headers: from(origin, where) });
      expect((await post(SPA)).status, where).toBe(200);
      for (const origin of [
        `${SPA}.evil.example`,
        'http://spa.app.example',
        `${SPA}:444`,
        'null',
        STRANGER,
      ]) {
        expect((await post(origin)).status, origin).toBe(403);
      }
    }
    const old = { ...script, ...SILENT, origin: SPA };
    expect((await visitor.open('/todos', { method: 'POST', headers: old })).status).toBe(200);
  });
});
