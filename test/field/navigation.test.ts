import { createEmulator, type Emulator } from '@kindling/emulator';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { FRAMEWORKS, rowsOf, sessionOf, SITE, startSite, type Site } from './kit/site.js';
import { createVisitor, later, tokenCalls, type Visitor } from './kit/visitor.js';

const GRACE = 'grace@example.com';
const ADA = 'ada@example.com';

/** Requests of a browser that fetches a page in case somebody goes there. */
const GUESSES: Record<string, Record<string, string>> = {
  'Sec-Purpose: prefetch': { 'sec-purpose': 'prefetch' },
  'Sec-Purpose: prefetch;prerender': { 'sec-purpose': 'prefetch;prerender' },
  'Sec-Purpose: prefetch;anonymous-client-ip': { 'sec-purpose': 'prefetch;anonymous-client-ip' },
  'Sec-Purpose: prefetch;prerender;anonymous-client-ip': {
    'sec-purpose': 'prefetch;prerender;anonymous-client-ip',
  },
  'Sec-Purpose in capitals': { 'sec-purpose': 'Prefetch' },
  'Purpose: prefetch': { purpose: 'prefetch' },
  'Purpose in capitals': { purpose: 'Prefetch' },
  'X-Purpose: preview': { 'x-purpose': 'preview' },
  'X-Purpose in capitals': { 'x-purpose': 'Preview' },
  'X-Moz: prefetch': { 'x-moz': 'prefetch' },
  'X-Moz in capitals': { 'x-moz': 'PREFETCH' },
  'Next.js: Next-Router-Prefetch': { 'next-router-prefetch': '1' },
  'Next.js: a segment prefetch': {
    rsc: '1',
    'next-router-prefetch': '2',
    'next-router-segment-prefetch': '/_tree',
  },
  'Next.js: x-middleware-prefetch': { 'x-middleware-prefetch': '1' },
};

/** Requests that say themselves that they are no navigation. */
const SCRIPTS: Record<string, Record<string, string>> = {
  'fetch()': {
    accept: '*/*',
    'sec-fetch-mode': 'cors',
    'sec-fetch-dest': 'empty',
    'sec-fetch-site': 'same-origin',
  },
  'fetch() that asks for HTML': {
    'sec-fetch-mode': 'cors',
    'sec-fetch-dest': 'empty',
    'sec-fetch-site': 'same-origin',
  },
  'fetch() with mode same-origin': {
    accept: '*/*',
    'sec-fetch-mode': 'same-origin',
    'sec-fetch-dest': 'empty',
    'sec-fetch-site': 'same-origin',
  },
  'an image': {
    accept: 'image/*',
    'sec-fetch-mode': 'no-cors',
    'sec-fetch-dest': 'image',
    'sec-fetch-site': 'cross-site',
  },
  'a script element': {
    accept: '*/*',
    'sec-fetch-mode': 'no-cors',
    'sec-fetch-dest': 'script',
    'sec-fetch-site': 'same-site',
  },
  'a WebSocket': {
    accept: '*/*',
    'sec-fetch-mode': 'websocket',
    'sec-fetch-dest': 'empty',
    'sec-fetch-site': 'same-origin',
  },
  'Next.js: a server component': {
    accept: '*/*',
    rsc: '1',
    'sec-fetch-mode': 'cors',
    'sec-fetch-dest': 'empty',
    'sec-fetch-site': 'same-origin',
  },
};

const BEGINNINGS = [
  '/login',
  '/register',
  '/create-organization',
  '/switch-organization?org_code=org_acme0rockets',
  '/login?prompt=none',
];

describe.each(FRAMEWORKS)('requests that nobody meant as a navigation, on %s', (framework) => {
  let emulator: Emulator;
  let site: Site;
  let visitor: Visitor;
  beforeAll(async () => {
    emulator = await createEmulator({ strict: true, siteUrl: SITE });
  });
  beforeEach(async () => {
    site = await startSite(framework, emulator);
    visitor = createVisitor(site, emulator);
  });
  afterEach(() => site.close());

  const nothingBegins = (answer: Awaited<ReturnType<Visitor['open']>>, what: string) => {
    expect(answer.setCookies, what).toEqual([]);
    expect(answer.location, what).not.toContain('/oauth2/');
    expect(answer.status, what).toBeLessThan(500);
  };

  test.each(Object.keys(GUESSES))(
    'FD-17 no login is begun and nobody is signed out by a guess: %s',
    async (kind) => {
      await visitor.signIn(GRACE);
      const before = visitor.jar.header();
      for (const path of [...BEGINNINGS, '/logout']) {
        for (const mode of [
          {},
          { 'sec-fetch-mode': 'no-cors' },
          { 'sec-fetch-mode': 'cors', accept: '*/*' },
        ]) {
          const headers = { 'sec-fetch-site': 'same-origin', ...mode, ...GUESSES[kind] };
          const answer = await visitor.open(path, { headers });
          nothingBegins(answer, path);
          expect(answer.status, path).toBe(204);
        }
      }
      expect(visitor.jar.header()).toBe(before);
      expect((await visitor.open('/me')).json()).toMatchObject({ isAuthenticated: true });
    },
  );

  test.each(Object.keys(SCRIPTS))(
    'FD-17 no login is begun for what is no navigation: %s',
    async (kind) => {
      const isFetch = ['cors', 'same-origin'].includes(SCRIPTS[kind]!['sec-fetch-mode']!);
      for (const path of BEGINNINGS) {
        // A script of this site may switch organizations: FD-11.
        if (isFetch && path.startsWith('/switch-organization')) {
          continue;
        }
        const answer = await visitor.open(path, { headers: SCRIPTS[kind]! });
        nothingBegins(answer, path);
        expect([400, 403], path).toContain(answer.status);
        if (answer.status === 400) {
          expect(answer.json(), path).toMatchObject({ code: 'navigation_required' });
        }
      }
      const login = await visitor.open('/login', { headers: SCRIPTS[kind]! });
      expect([login.status, login.json().code]).toEqual([400, 'navigation_required']);
      expect(login.headers['content-type']).toMatch(/problem\+json/);
    },
  );

  test.each(Object.keys(SCRIPTS))(
    'FD-17 a GET of /logout that is no navigation signs nobody out: %s',
    async (kind) => {
      await visitor.signIn(GRACE);
      const answer = await visitor.open('/logout', { headers: SCRIPTS[kind]! });
      nothingBegins(answer, kind);
      expect((await visitor.open('/me')).json()).toMatchObject({ isAuthenticated: true });
    },
  );

  test('FD-17 guesses at guarded pages begin no login either', async () => {
    for (const [kind, headers] of Object.entries(GUESSES)) {
      const answer = await visitor.open('/private', { headers });
      nothingBegins(answer, kind);
      expect(answer.body, kind).not.toContain('isAuthenticated');
    }
  });

  test('FD-17 a guess at the callback spends neither the code nor the login', async () => {
    const callback = await visitor.callbackFor(GRACE);
    const before = tokenCalls(emulator);
    for (const headers of Object.values(GUESSES)) {
      nothingBegins(await visitor.open(callback, { headers }), callback);
    }
    expect(tokenCalls(emulator)).toBe(before);
    expect((await visitor.open(callback)).status).toBe(302);
    expect((await visitor.open('/me')).json()).toMatchObject({ isAuthenticated: true });
  });

  test('FD-17 six prefetches do not push a login out that somebody is in the middle of', async () => {
    const callback = await visitor.callbackFor(GRACE, '/t/3');
    for (let visit = 0; visit < 6; visit += 1) {
      await visitor.open('/login', {
        headers: { ...SCRIPTS['fetch()'], 'next-router-prefetch': '1' },
      });
      await visitor.open('/login', { headers: SCRIPTS['fetch()']! });
    }
    expect((await visitor.open(callback)).location).toMatch(/\/t\/3$/);
  });

  test.each(['HEAD', 'OPTIONS'])(
    'FD-17 %s begins no login and signs nobody out',
    async (method) => {
      await visitor.signIn(GRACE);
      for (const path of [...BEGINNINGS, '/logout', '/private']) {
        nothingBegins(
          await visitor.open(path, { method, headers: { 'sec-fetch-site': 'same-origin' } }),
          path,
        );
      }
      expect((await visitor.open('/me')).json()).toMatchObject({ isAuthenticated: true });
    },
  );

  test('FD-17 browsers without Sec-Fetch headers can still sign in', async () => {
    const plain = { 'sec-fetch-mode': [], 'sec-fetch-dest': [], 'sec-fetch-site': [] };
    const answer = await visitor.open('/login', { headers: plain });
    expect([answer.status, answer.location]).toEqual([
      302,
      expect.stringContaining('/oauth2/auth'),
    ]);
  });
});

describe.each(rowsOf())('many tabs, on %s with sessions in the %s', (framework, mode) => {
  let emulator: Emulator;
  let site: Site;
  let visitor: Visitor;
  beforeAll(async () => {
    emulator = await createEmulator({ strict: true, siteUrl: SITE });
  });
  beforeEach(async () => {
    site = await startSite(framework, emulator, { options: { session: sessionOf(mode) } });
    visitor = createVisitor(site, emulator);
  });
  afterEach(() => {
    vi.useRealTimers();
    return site.close();
  });
  /** Follows redirects of the site and of Kinde, which knows Grace by now, to the page where they end. */
  const arriveAt = async (callback: string): Promise<string> => {
    let answer = await visitor.open(callback);
    for (let hop = 0; hop < 6 && answer.location; hop += 1) {
      const next = new URL(answer.location, SITE);
      if (next.origin === SITE && !next.pathname.startsWith('/callback')) {
        answer = await visitor.open(next.href);
        if (!answer.location) {
          return `${answer.status} ${next.pathname} ${answer.json().email}`;
        }
      } else {
        const back = next.origin === SITE ? next : await emulator.signIn(next, { email: GRACE });
        answer = await visitor.open(back.href);
      }
    }
    return `${answer.status} ${answer.body.slice(0, 300)}`;
  };
  const tabs = [1, 2, 3, 4, 5, 6, 7, 8];

  test.each([
    ['in the order in which they were opened', tabs],
    ['the newest first', tabs.toReversed()],
    ['all over the place', [4, 1, 8, 2, 7, 3, 6, 5]],
  ])(
    'FD-18 eight tabs are all signed in where they wanted to be, finished %s',
    async (_order, order) => {
      const callbacks = new Map<number, string>();
      for (const tab of tabs) {
        callbacks.set(tab, await visitor.callbackFor(GRACE, `/t/${tab}`));
      }
      for (const tab of order) {
        expect(await arriveAt(callbacks.get(tab)!), `tab ${tab}`).toBe(`200 /t/${tab} ${GRACE}`);
      }
    },
  );

  test('FD-18 a login that was begun before another tab signed in, and takes too long, ends without an error page', async () => {
    const late = await visitor.callbackFor(GRACE, '/t/1');
    await visitor.signIn(GRACE, '/t/2');
    later(700);
    expect(await arriveAt(late)).toBe(`200 /t/1 ${GRACE}`);
  });

  test('FD-18 a callback that is opened again, by going back or by reloading, leads to its page', async () => {
    const callback = await visitor.callbackFor(GRACE, '/t/5');
    for (let visit = 0; visit < 3; visit += 1) {
      expect(await arriveAt(callback)).toMatch(/^200 \/(t\/5)? ?grace/);
    }
  });

  test('FD-18 someone who is signed in sees no error page for a callback that nobody knows, or that was cancelled', async () => {
    const cancelled = new URL(await visitor.callbackFor(GRACE, '/t/6'), SITE);
    await visitor.signIn(GRACE, '/t/7');
    cancelled.searchParams.delete('code');
    cancelled.searchParams.set('error', 'access_denied');
    expect(await arriveAt(cancelled.pathname + cancelled.search)).toMatch(/^200 /);
    expect(await arriveAt('/callback?code=abc&state=never-begun')).toMatch(/^200 /);
    expect((await visitor.open('/me')).json()).toMatchObject({
      isAuthenticated: true,
      email: GRACE,
    });
  });

  test('FD-18 a tab that signs in as somebody else is that person’s, in all tabs', async () => {
    const asAda = await visitor.callbackFor(ADA, '/t/1', 'org_acme0rockets');
    await visitor.signIn(GRACE, '/t/2');
    expect((await visitor.open(asAda)).location).toMatch(/\/t\/1$/);
    expect((await visitor.open('/t/2')).json()).toMatchObject({ email: ADA });
  });
});
