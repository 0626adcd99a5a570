import type { Server } from 'node:http';
import {
  createKinde,
  memoryStore,
  type Kinde,
  type KindeOptions,
  type SessionStore,
} from '@kindling/core';
import { createEmulator, type Emulator } from '@kindling/emulator';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { frameworks, optionsFor, SECRET, SITE } from '../../../../test/kit/apps.js';
import { createBrowser, type Browser } from '../../../../test/kit/browser.js';
import { send } from '../../../../test/kit/http.js';

const ADA = 'ada@example.com';
const GRACE = 'grace@example.com';
const ACME = 'org_acme0rockets';
const GLOBEX = 'org_globex0gardens';

describe.each([
  ['express', 'store'],
  ['fastify', 'coordination'],
] as const)('everybody’s sessions, on %s with `session.%s`', (framework, keep) => {
  let emulator: Emulator;
  let store: Required<SessionStore>;
  /** Two processes, as far as what they share is concerned, and a third that only administers. */
  let apps: [Server, Server];
  let kinde: Kinde;
  const options = (more: Partial<KindeOptions> = {}) =>
    optionsFor(emulator, {
      session: { [keep]: store, idle: 3 * 86_400 },
      paths: { backchannelLogout: '/bye' },
      ...more,
    });

  beforeEach(async () => {
    emulator = await createEmulator({ strict: true, siteUrl: SITE });
    store = memoryStore();
    apps = [await frameworks[framework]!(options()), await frameworks[framework]!(options())];
    kinde = createKinde(options());
  });
  afterEach(() => {
    vi.useRealTimers();
    for (const app of apps) {
      app.closeAllConnections();
      app.close();
    }
  });

  const idOf = (email: string) =>
    emulator.state.people.find((person) => person.email === email)!.id;
  const later = (seconds: number) =>
    vi.useFakeTimers({ now: Date.now() + seconds * 1000, toFake: ['Date'] });
  const signedIn = async (email: string, organization?: string) => {
    const browser = createBrowser(apps[0], emulator);
    await browser.signIn(email, '/login', organization);
    return browser;
  };
  const cookieOf = ({ jar }: Browser) =>
    [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  const isSignedIn = async (browser: Browser) => {
    const answers = await Promise.all(
      apps.map((app) => send(app, '/me', { headers: { cookie: cookieOf(browser) } })),
    );
    const [first, second] = answers.map((answer) => answer.json().isAuthenticated as boolean);
    expect(first).toBe(second);
    return first;
  };
  /** What is said about sessions in cookies is known everywhere a few seconds later; about those in a store, at once. */
  const known = () => keep === 'coordination' && later(6);
  const calls = () => emulator.requests.filter(({ path }) => path === '/oauth2/token').length;

  test('AS-7.4.3 a person’s sessions are listed, without their ids, and end one by one', async () => {
    const first = await signedIn(ADA, ACME);
    later(10);
    const second = await signedIn(ADA, GLOBEX);
    const request = {
      method: 'GET',
      url: '/',
      headers: new Headers({ cookie: cookieOf(second), 'user-agent': 'x' }),
    };
    const list = await kinde.sessions.list(idOf(ADA), request);
    expect(list).toMatchObject([
      { orgCode: GLOBEX, isCurrent: true },
      { orgCode: ACME, isCurrent: false },
    ]);
    expect(list[0]!.startedAt).toBeGreaterThan(list[1]!.startedAt);
    expect(await kinde.sessions.list(idOf(GRACE))).toEqual([]);
    // The handle opens nothing: neither as a cookie nor in place of one.
    const name = [...second.jar.keys()][0]!;
    expect(
      (await send(apps[0], '/me', { headers: { cookie: `${name}=${list[1]!.id}` } })).json()
        .isAuthenticated,
    ).toBe(false);
    expect(await kinde.sessions.revoke(idOf(GRACE), list[1]!.id)).toBe(false);
    expect(await kinde.sessions.revoke(idOf(ADA), list[1]!.id)).toBe(true);
    expect(await kinde.sessions.revoke(idOf(ADA), list[1]!.id)).toBe(false);
    known();
    expect([await isSignedIn(first), await isSignedIn(second)]).toEqual([false, true]);
    expect(await kinde.sessions.list(idOf(ADA))).toHaveLength(1);
  });

  test('what a session is listed by outlives its renewal', async () => {
    const ada = createBrowser(apps[0], emulator);
    const path = await ada.callbackFor(ADA, '/login', ACME);
    await ada.open(path, { headers: { 'user-agent': 'Lynx/2.9' } });
    const [before] = await kinde.sessions.list(idOf(ADA));
    later(86_401);
    await ada.open('/me');
    const [after] = await kinde.sessions.list(idOf(ADA));
    expect(after).toMatchObject({
      ...before!,
      seenAt: expect.any(Number),
      userAgent: 'Lynx/2.9',
      orgCode: ACME,
    });
    expect(after!.seenAt).toBeGreaterThan(before!.seenAt);
  });

  test('AS-7.4.5 a person is signed out everywhere, nobody else is, and who signs in again at once stays signed in', async () => {
    const ada = await signedIn(ADA);
    const also = await signedIn(ADA);
    const grace = await signedIn(GRACE);
    await kinde.sessions.revokeUser(idOf(ADA));
    const again = await signedIn(ADA);
    known();
    expect(await Promise.all([ada, also, grace, again].map(isSignedIn))).toEqual([
      false,
      false,
      true,
      true,
    ]);
    expect(await kinde.sessions.list(idOf(ADA))).toHaveLength(1);
  });

  test('the sessions for one organization end', async () => {
    const acme = await signedIn(ADA, ACME);
    const globex = await signedIn(ADA, GLOBEX);
    const grace = await signedIn(GRACE, ACME);
    await kinde.sessions.revokeOrganization(ACME);
    known();
    expect(await Promise.all([acme, globex, grace].map(isSignedIn))).toEqual([false, true, false]);
  });

  test('BL-02 back-channel logout ends sessions in the same way', async () => {
    const ada = await signedIn(ADA);
    const grace = await signedIn(GRACE);
    const now = Math.floor(Date.now() / 1000);
    const token = await emulator.sign(
      {
        iss: emulator.issuer,
        aud: emulator.env['KINDE_CLIENT_ID']!,
        iat: now,
        exp: now + 120,
        jti: crypto.randomUUID(),
        sub: idOf(ADA),
        events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
      },
      { header: { typ: 'logout+jwt' } },
    );
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await send(apps[1], '/bye', {
      method: 'POST',
      headers: type,
      body: `logout_token=${token}`,
    });
    expect(answer.status).toBe(200);
    known();
    expect([await isSignedIn(ada), await isSignedIn(grace)]).toEqual([false, true]);
  });

  test('RF-14 a renewal that is on its way while its person is signed out everywhere brings nothing back', async () => {
    const ada = await signedIn(ADA);
    later(86_401);
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    emulator.faults.once('/oauth2/token', async (_request, next) => {
      const response = await next();
      await held;
      return response;
    });
    const asking = ada.open('/me');
    await vi.waitFor(() => expect(emulator.requests.at(-1)!.path).toBe('/oauth2/token'));
    await kinde.sessions.revokeUser(idOf(ADA));
    release();
    expect((await asking).json().isAuthenticated).toBe(false);
    known();
    expect(await isSignedIn(ada)).toBe(false);
    expect(await kinde.sessions.list(idOf(ADA))).toEqual([]);
  });

  test('tokens of one person, or of everybody, are renewed at the next request, once, and show what changed', async () => {
    const ada = await signedIn(ADA, ACME);
    const grace = await signedIn(GRACE, ACME);
    const change = (email: string, permission: string) => {
      emulator.state.permissions[permission] = {
        id: permission,
        name: permission,
        description: '',
      };
      const person = emulator.state.people.find((one) => one.email === email)!;
      person.organizations[ACME]!.permissions = [permission];
    };
    const permissions = async (browser: Browser) =>
      (await browser.open('/me')).json().permissions as string[];
    change(ADA, 'see:first');
    change(GRACE, 'see:first');
    await kinde.sessions.refreshUser(idOf(ADA));
    known();
    const before = calls();
    expect(await permissions(ada)).toContain('see:first');
    expect(await permissions(grace)).not.toContain('see:first');
    await ada.open('/me');
    expect(calls() - before).toBe(1);
    later(2);
    change(ADA, 'see:second');
    change(GRACE, 'see:second');
    await kinde.sessions.refreshAll();
    later(6);
    expect(await permissions(ada)).toContain('see:second');
    expect(await permissions(grace)).toContain('see:second');
    await Promise.all([ada.open('/me'), grace.open('/me')]);
    expect([calls() - before, emulator.state.reuse]).toEqual([3, 0]);
  });

  test.each([
    // OP-08: the refresh token may have been spent, so it is let be while the access token lives.
    ['an error', 500, 1],
    ['a rate limit', 429, 2],
  ])(
    'while Kinde answers with %s, tokens that are to be renewed early are served, and make nobody wait twice',
    async (_name, status, tries) => {
      // What is paused is measured by a clock that nobody sets.
      vi.useFakeTimers({ now: Date.now(), toFake: ['Date', 'performance'] });
      const ada = await signedIn(ADA);
      await kinde.sessions.refreshAll();
      vi.advanceTimersByTime(6_000);
      emulator.faults.always(
        '/oauth2/token',
        () => new Response('', { status, headers: { 'retry-after': '1' } }),
      );
      const before = calls();
      for (let count = 0; count < 5; count++) {
        expect((await ada.open('/private')).status).toBe(200);
      }
      expect(calls() - before).toBe(1);
      emulator.faults.clear();
      vi.advanceTimersByTime(31_000);
      await ada.open('/private');
      await ada.open('/private');
      expect(calls() - before).toBe(tries);
    },
  );

  test('ST-19 what the store holds names nobody, and shows no token and no session id', async () => {
    const seen: string[] = [];
    for (const method of [
      'get',
      'set',
      'compareAndSet',
      'addToGroup',
      'groupMembers',
      'delete',
    ] as const) {
      const inner = store[method] as (...given: unknown[]) => Promise<unknown>;
      store[method] = (async (...given: unknown[]) => {
        const answer = await inner(...given);
        seen.push(JSON.stringify([given, answer]));
        return answer;
      }) as never;
    }
    const ada = await signedIn(ADA, ACME);
    later(86_401);
    await ada.open('/me');
    await kinde.sessions.refreshUser(idOf(ADA));
    await kinde.sessions.revokeOrganization(ACME);
    await kinde.sessions.revokeUser(idOf(ADA));
    const dump = seen.join('\n');
    expect(seen.length).toBeGreaterThan(5);
    for (const secret of [
      idOf(ADA),
      ADA,
      ACME,
      'Ada',
      'eyJhbGciOiJSUzI1NiI',
      'Mozilla',
      ...emulator.state.refreshTokens.keys(),
    ]) {
      expect(dump).not.toContain(secret);
    }
    const id = keep === 'store' ? await idIn(ada) : undefined;
    if (id) {
      expect(dump).not.toContain(id);
    }
  });

  /** The session id that a cookie of ours seals. */
  async function idIn(browser: Browser): Promise<string> {
    const { createSeal } = await import('../../src/crypto/seal.js');
    const seal = createSeal([SECRET], `${emulator.issuer} ${emulator.env['KINDE_CLIENT_ID']}`);
    return String((await seal.open([...browser.jar.values()][0]!, 'session'))!.payload['id']);
  }

  test('after the secret was changed, sessions from before are still found and ended', async () => {
    const ada = await signedIn(ADA);
    const next = 'the-next-secret-of-thirty-two-characters-321';
    const rotated = createKinde(options({ secret: [next, SECRET] }));
    expect(await rotated.sessions.list(idOf(ADA))).toHaveLength(1);
    await rotated.sessions.revokeUser(idOf(ADA));
    expect(await rotated.sessions.list(idOf(ADA))).toEqual([]);
    if (keep === 'store') {
      expect(await isSignedIn(ada)).toBe(false);
    }
  });
});

test('without a store that keeps groups, these questions say what to do', async () => {
  const emulator = await createEmulator({ strict: true, siteUrl: SITE });
  const { get, set, delete: remove, compareAndSet } = memoryStore();
  for (const session of [
    {},
    { store: { get, set, delete: remove } },
    { store: { get, set, delete: remove, compareAndSet } },
  ]) {
    const { sessions } = createKinde(optionsFor(emulator, { session }));
    for (const ask of [
      () => sessions.list('kp_x'),
      () => sessions.revoke('kp_x', 'y'),
      () => sessions.revokeUser('kp_x'),
      () => sessions.revokeOrganization('org_x'),
      () => sessions.refreshUser('kp_x'),
      () => sessions.refreshAll(),
    ]) {
      await expect((async () => ask())()).rejects.toMatchObject({
        code: 'config_invalid',
        fix: /redisStore/,
      });
    }
  }
  const { sessions } = createKinde(optionsFor(emulator, { session: { store: memoryStore() } }));
  await expect((async () => sessions.revokeUser(''))()).rejects.toMatchObject({
    code: 'param_invalid',
  });
});

test('options for sharing that contradict each other are refused at set-up', async () => {
  const emulator = await createEmulator({ strict: true, siteUrl: SITE });
  const store = memoryStore();
  const { get, set, delete: remove } = store;
  for (const [session, reason] of [
    [
      { coordination: { get, set, delete: remove } },
      /session\.coordination.*compareAndSet, addToGroup and groupMembers/,
    ],
    [{ coordination: store, store }, /session\.coordination.*shared already/],
    [{ fallback: true }, /session\.fallback.*session\.store/],
    [{ fallback: true, coordination: store }, /session\.fallback.*session\.store/],
  ] as const) {
    expect(() => createKinde(optionsFor(emulator, { session }))).toThrow(reason);
  }
});
