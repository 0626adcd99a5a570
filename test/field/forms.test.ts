import { createEmulator, type Emulator } from '@kindling/emulator';
import type { Problem } from '@kindling/core';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  FRAMEWORKS,
  rowsOf,
  sessionOf,
  SITE,
  startSite,
  type Framework,
  type Plan,
  type Site,
} from './kit/site.js';
import { createVisitor, later, type Visitor } from './kit/visitor.js';

const FORM = {
  'sec-fetch-site': 'same-origin',
  origin: SITE,
  'content-type': 'application/x-www-form-urlencoded',
};
const SCRIPT = {
  accept: 'application/json',
  'sec-fetch-mode': 'cors',
  'sec-fetch-dest': 'empty',
  'sec-fetch-site': 'same-origin',
};
const FORBIDDEN = {
  path: '/forbidden',
  methods: ['POST', 'PUT', 'DELETE'] as const,
  guard: { permissions: 'never:granted' },
};

let emulator: Emulator;
let site: Site;
beforeAll(async () => {
  emulator = await createEmulator({ strict: true, siteUrl: SITE });
});
afterEach(async () => {
  vi.useRealTimers();
  await site.close();
});

const start = async (framework: Framework, plan: Plan = {}) => {
  site = await startSite(framework, emulator, { places: [FORBIDDEN], ...plan });
  return createVisitor(site, emulator);
};
const post = (
  visitor: Visitor,
  path: string,
  headers: Record<string, string | string[]> = {},
  body = 'title=x',
) => visitor.open(path, { method: 'POST', headers: { ...FORM, ...headers }, body });

/** The address that a page leads on to, as a browser would follow it. */
function linkTo(body: string, path: string): URL | undefined {
  const links = [...body.matchAll(/href="([^"]*)"/g)].map(([, href]) =>
    href!.replace(/&#(\d+);|&amp;/g, decode),
  );
  const found = links.find((href) => new URL(href, SITE).pathname === path);
  return found === undefined ? undefined : new URL(found, SITE);
}
const decode = (_all: string, code?: string) => (code ? String.fromCodePoint(Number(code)) : '&');

describe.each(rowsOf())(
  'a form that is posted too late, on %s with sessions in the %s',
  (framework, mode) => {
    test('FD-15 is answered with a page that leads back to where the form was', async () => {
      const visitor = await start(framework, { options: { session: sessionOf(mode) } });
      await visitor.signIn();
      later(8 * 86_400);
      const answer = await post(visitor, '/todos', { referer: `${SITE}/t/7?draft=1` });
      expect([answer.status, answer.headers['content-type']]).toEqual([
        401,
        expect.stringContaining('text/html'),
      ]);
      const link = linkTo(answer.body, '/login')!;
      expect(link.origin).toBe(SITE);
      const landed = await visitor.signIn('grace@example.com', link.pathname + link.search);
      expect(new URL(landed.location, SITE).href).toBe(`${SITE}/t/7?draft=1`);
    });
  },
);

describe.each(FRAMEWORKS)('forms and people, on %s', (framework) => {
  test('FD-15 somebody who was never signed in gets the page, whatever the form is encoded as, and no login is begun', async () => {
    const visitor = await start(framework);
    for (const type of [FORM['content-type'], 'multipart/form-data; boundary=x', 'text/plain']) {
      const guarded = await post(visitor, '/todos', { 'content-type': type });
      expect([guarded.status, guarded.headers['content-type']]).toEqual([
        401,
        expect.stringContaining('text/html'),
      ]);
      expect(linkTo(guarded.body, '/login')).toBeDefined();
      expect(guarded.setCookies).toEqual([]);
      expect(guarded.headers['cache-control']).toMatch(/no-store/);
    }
  });

  test('FD-15 the way back is never another site, and never something that a form was posted to', async () => {
    const visitor = await start(framework);
    const referers = [
      'https://evil.example/x',
      'javascript:alert(1)',
      'null',
      '',
      `${SITE}.evil.example/`,
      'https://app.example@evil.example/',
    ];
    for (const referer of referers) {
      const answer = await post(visitor, '/todos', { referer });
      expect(answer.status, referer).toBe(401);
      expect(answer.body, referer).not.toContain('evil.example');
      const target = linkTo(answer.body, '/login')!.searchParams.get('return_to') ?? '/';
      expect(new URL(target, SITE).origin, referer).toBe(SITE);
      expect(target, referer).not.toContain('/todos');
    }
    const quoted = await post(visitor, '/todos', {
      referer: `${SITE}/t/1?q="><script>alert(1)</script>`,
    });
    expect(quoted.body).not.toContain('<script>');
  });

  test('FD-15 a lacking permission is a page, too', async () => {
    const visitor = await start(framework);
    await visitor.signIn();
    const answer = await post(visitor, '/forbidden', { referer: `${SITE}/` });
    expect([answer.status, answer.headers['content-type']]).toEqual([
      403,
      expect.stringContaining('text/html'),
    ]);
    expect(answer.body).toContain('href="/"');
  });

  test('FD-15 so is everything that our own routes refuse', async () => {
    const visitor = await start(framework);
    await visitor.signIn();
    const foreign = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };
    const cases = [
      ['/logout', foreign, 403],
      ['/login', {}, 405],
      ['/callback', {}, 405],
      ['/user', {}, 405],
    ] as const;
    for (const [path, headers, status] of cases) {
      const answer = await post(visitor, path, headers);
      expect([answer.status, answer.headers['content-type']], path).toEqual([
        status,
        expect.stringContaining('text/html'),
      ]);
    }
  });

  test('FD-15 `renderProblem` is asked for these pages', async () => {
    const asked: Problem[] = [];
    const renderProblem = (problem: Problem) => {
      asked.push(problem);
      return `<h1>ours: ${problem.status}</h1>`;
    };
    const visitor = await start(framework, { options: { renderProblem } });
    const answer = await post(visitor, '/todos', { referer: `${SITE}/t/3` });
    expect([answer.status, answer.body]).toEqual([401, '<h1>ours: 401</h1>']);
    expect(asked[0]).toMatchObject({
      code: 'signed_out',
      retry: expect.stringMatching(/^\/login\?.*t(%2F|\/)3/),
    });
    await visitor.signIn();
    expect((await post(visitor, '/forbidden')).body).toBe('<h1>ours: 403</h1>');
  });

  test('FD-15 a browser that sends no Sec-Fetch headers shows the page, too', async () => {
    const visitor = await start(framework);
    const old = {
      'sec-fetch-site': [],
      'sec-fetch-mode': [],
      'sec-fetch-dest': [],
      referer: `${SITE}/t/2`,
    };
    const answer = await post(visitor, '/todos', old);
    expect([answer.status, answer.headers['content-type']]).toEqual([
      401,
      expect.stringContaining('text/html'),
    ]);
    expect(linkTo(answer.body, '/login')?.searchParams.get('return_to')).toContain('/t/2');
  });

  test('FD-15 scripts get a problem document, as ever', async () => {
    const visitor = await start(framework);
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
      const answer = await visitor.open('/todos', { method, headers: SCRIPT });
      expect([answer.status, answer.headers['content-type']], method).toEqual([
        401,
        expect.stringContaining('application/problem+json'),
      ]);
      expect(answer.json()).toMatchObject({ code: 'signed_out' });
    }
    await visitor.signIn();
    expect(
      (await visitor.open('/forbidden', { method: 'POST', headers: SCRIPT })).json(),
    ).toMatchObject({
      code: 'forbidden',
    });
    // A client that wants JSON is no person at a page, though it says nothing about how it fetches.
    const plain = { ...SCRIPT, 'sec-fetch-mode': [], 'sec-fetch-dest': [] };
    expect(
      (await visitor.open('/forbidden', { method: 'POST', headers: plain })).headers[
        'content-type'
      ],
    ).toMatch(/json/);
  });

  test('FD-15 when Kinde or the store cannot be asked, the page says so and nobody is told that they are signed out', async () => {
    const session = sessionOf('store');
    const visitor = await start(framework, { options: { session } });
    await visitor.signIn();
    Object.assign(session.store!, { get: () => Promise.reject(new Error('away')) });
    const answer = await post(visitor, '/todos', { referer: `${SITE}/t/1` });
    expect([answer.status, answer.headers['content-type']]).toEqual([
      503,
      expect.stringContaining('text/html'),
    ]);
    expect(answer.setCookies).toEqual([]);
  });
});
