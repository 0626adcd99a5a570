import type { Server } from 'node:http';
import { createEmulator, type Emulator } from '@kindling/emulator';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SITE, startApp, table } from '../../../../test/kit/apps.js';
import { createBrowser, type Browser } from '../../../../test/kit/browser.js';

const ADA = 'ada@example.com';
const ACME = 'org_acme0rockets';
const API = { headers: { accept: 'application/json' } };

describe.each(table)('answers as of now, on %s with sessions in the %s', (...row) => {
  let emulator: Emulator;
  let app: Server;
  let browser: Browser;
  beforeEach(async () => {
    emulator = await createEmulator({ strict: true, siteUrl: SITE });
    app = await startApp(row, emulator, { timeout: 1 });
    browser = createBrowser(app, emulator);
    await browser.signIn(ADA, '/login', ACME);
  });
  afterEach(() => {
    vi.useRealTimers();
    app.closeAllConnections();
    app.close();
  });
  const membership = () =>
    emulator.state.people.find(({ email }) => email === ADA)!.organizations[ACME]!;
  const asked = (kind: string) =>
    emulator.requests.filter(({ path }) => path === `/account_api/v1/${kind}`);

  test('permissions, roles, flags and entitlements are asked of Kinde, once per request', async () => {
    membership().roles = ['viewer'];
    emulator.state.flags['theme']!.value = 'night';
    const answer = (await browser.open('/live')).json();
    expect(answer).toMatchObject({
      live: { orgCode: ACME, permissions: ['read:todos'] },
      roles: ['viewer'],
      theme: 'night',
      limit: 8,
      missing: null,
      sameRequest: true,
    });
    expect(answer.token).toContain('delete:todos');
    expect(answer.exports).toEqual({ key: 'exports', name: 'Exports', max: 100, min: null });
    expect(asked('permissions')).toHaveLength(1);
  });

  test('lists of many pages are read to their end', async () => {
    const many = Array.from({ length: 250 }, (_, index) => `read:thing-${index}`);
    for (const key of many) {
      emulator.state.permissions[key] = { id: key, name: key, description: '' };
    }
    membership().roles = [];
    membership().permissions = many;
    expect((await browser.open('/live')).json().live.permissions).toEqual(many);
    expect(asked('permissions')).toHaveLength(3);
  });

  test('PM-17 a live guard follows what Kinde says now, and denies when that cannot be had', async () => {
    expect((await browser.open('/live/delete', API)).status).toBe(200);
    membership().roles = ['viewer'];
    expect((await browser.open('/live/delete', API)).status).toBe(403);
    membership().roles = ['admin'];
    const troubles = [
      () => new Response('', { status: 500 }),
      () => Response.json({ errors: [] }, { status: 403 }),
      () => Promise.reject(new TypeError('fetch failed')),
      () => new Promise<never>(() => {}),
      () => Response.json({ data: { permissions: 'all' } }),
      () =>
        Response.json({
          data: { permissions: [] },
          metadata: { has_more: true, next_page_starting_after: '' },
        }),
      () => new Response('<html>'),
    ];
    for (const trouble of troubles) {
      emulator.faults.once('/account_api/v1/permissions', trouble);
      const answer = await browser.open('/live/delete', API);
      expect([answer.status, answer.json().code, answer.headers['retry-after']]).toEqual([
        503,
        'account_unavailable',
        '5',
      ]);
    }
    expect((await browser.open('/live/delete', API)).status).toBe(200);
  });

  test('a list that never ends is given up', async () => {
    let page = 0;
    emulator.faults.always('/account_api/v1/permissions', () =>
      Response.json({
        data: { permissions: [] },
        metadata: { has_more: true, next_page_starting_after: `p${page++}` },
      }),
    );
    expect((await browser.open('/live/delete', API)).json()).toMatchObject({
      code: 'account_unavailable',
      reason: 'too_large',
    });
    expect(page).toBe(50);
  });

  test('PM-14 PM-15 nobody sees what was asked for somebody else, or for another organization', async () => {
    const grace = createBrowser(app, emulator);
    await grace.signIn('grace@example.com');
    const answers = await Promise.all(
      Array.from(
        { length: 40 },
        async (_, index) => (await (index % 2 ? grace : browser).open('/live')).json().roles[0],
      ),
    );
    expect(answers).toEqual(
      Array.from({ length: 40 }, (_, index) => (index % 2 ? 'member' : 'admin')),
    );
    await browser.signIn(ADA, '/login', 'org_globex0gardens');
    expect((await browser.open('/live')).json().live).toEqual({
      orgCode: 'org_globex0gardens',
      permissions: ['read:todos'],
    });
  });

  test('after a change, refresh() shows it without signing in again, now and on later requests', async () => {
    membership().roles = ['viewer'];
    expect((await browser.open('/me')).json().permissions).toContain('delete:todos');
    const fresh = await browser.open('/fresh');
    expect(fresh.json()).toMatchObject({
      isAuthenticated: true,
      email: ADA,
      permissions: ['read:todos'],
    });
    expect(fresh.headers['cache-control']).toContain('no-store');
    expect((await browser.open('/me')).json().permissions).toEqual(['read:todos']);
  });

  test('refresh() while Kinde is away, or for nobody, is an answer and no error', async () => {
    emulator.faults.once('/oauth2/token', () => Promise.reject(new TypeError('fetch failed')));
    expect((await browser.open('/fresh')).json()).toMatchObject({ isAuthenticated: true });
    emulator.faults.once('/oauth2/token', () =>
      Response.json({ error: 'invalid_grant' }, { status: 400 }),
    );
    expect((await browser.open('/fresh')).json()).toMatchObject({ isAuthenticated: false });
    expect(browser.jar.size).toBe(0);
    expect((await browser.open('/fresh')).json()).toMatchObject({
      isAuthenticated: false,
      reason: 'no_session',
    });
  });

  test('refresh() after tokens were renewed in the same request sets each cookie once', async () => {
    vi.useFakeTimers({ now: Date.now() + 80_000_000, toFake: ['Date'] });
    const answer = await browser.open('/fresh');
    const names = answer.setCookies.map((line) => line.split('=')[0]);
    expect(new Set(names).size).toBe(names.length);
    expect((await browser.open('/me')).json().isAuthenticated).toBe(true);
  });

  test('the portal opens by a link that works once, for whoever is signed in, and comes back to this site', async () => {
    const away = await browser.open(
      '/portal?page=organization_details&return_to=https://evil.example',
    );
    expect([away.status, new URL(away.location).origin, away.headers['cache-control']]).toEqual([
      302,
      emulator.issuer,
      'private, no-store',
    ]);
    const { query } = asked('portal_link')[0]!;
    expect(Object.fromEntries(new URLSearchParams(query))).toEqual({
      subnav: 'organization_details',
      return_url: `${SITE}/`,
    });
    expect(await (await emulator.fetch(away.location)).text()).toContain('Ada Lovelace');
    expect((await emulator.fetch(away.location)).status).toBe(400);
    expect((await browser.open('/portal?page=elsewhere', API)).json().code).toBe('param_invalid');
    const nobody = createBrowser(app, emulator);
    expect(new URL((await nobody.open('/portal')).location).pathname).toBe('/oauth2/auth');
    expect((await nobody.open('/portal', API)).status).toBe(401);
  });
});
