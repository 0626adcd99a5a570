import type { Server } from 'node:http';
import type { Emulator } from '@kindling/emulator';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createBrowser, type Browser } from '../../../../test/kit/browser.js';
import type { Answer } from '../../../../test/kit/http.js';
import {
  ADA,
  bearerClaims,
  calls,
  DAY,
  DISCOVERY,
  hang,
  JWKS,
  later,
  rows,
  sendBearer,
  startKinde,
  startRow,
  stop,
  TOKEN,
} from '../../../../test/kit/provider.js';

/** A second for Kinde, and what this machine may need beside it while others work on it. */
const PATIENCE = 1000 + 1500;

describe.each(rows)('a Kinde that does not answer, on %s with sessions %s', (...row) => {
  let emulator: Emulator;
  let app: Server;
  beforeEach(async () => {
    emulator = await startKinde();
    app = await startRow(row, emulator);
  });
  afterEach(() => {
    vi.useRealTimers();
    stop(app);
  });
  const people = (count: number) =>
    Promise.all(
      Array.from({ length: count }, async () => {
        const browser = createBrowser(app, emulator);
        await browser.signIn(ADA);
        return browser;
      }),
    );
  const timed = async (answer: Promise<Answer>) => {
    const start = performance.now();
    const { status, headers } = await answer;
    return { status, retryAfter: headers['retry-after'], took: performance.now() - start };
  };
  const open = (browsers: Browser[], path = '/private') =>
    Promise.all(browsers.map((browser) => timed(browser.open(path))));
  const isRefused = (
    { status, retryAfter, took }: Awaited<ReturnType<typeof timed>>,
    within: number,
  ) => {
    expect([status, Number(retryAfter) >= 1]).toEqual([503, true]);
    expect(took).toBeLessThan(within);
  };

  test('OP-06 everybody waits once at most; then all are refused at once, and back within seconds', async () => {
    const crowd = await people(60);
    later(DAY + 1);
    emulator.faults.always(TOKEN, hang);
    // Those who wait for a place in the queue have a second, too.
    for (const answer of await open(crowd)) {
      isRefused(answer, PATIENCE);
    }
    const before = calls(emulator, TOKEN);
    for (const answer of await open(crowd)) {
      isRefused(answer, 1000);
    }
    const login = await timed(createBrowser(app, emulator).open('/login'));
    isRefused(login, 500);
    // A probe, and nobody's token.
    expect(calls(emulator, TOKEN) - before).toBeLessThanOrEqual(2);
    emulator.faults.clear();
    const back = performance.now();
    await vi.waitFor(async () => expect((await crowd[0]!.open('/private')).status).toBe(200), 5000);
    expect(performance.now() - back).toBeLessThan(5000);
    expect(new Set((await open(crowd)).map(({ status }) => status))).toEqual(new Set([200]));
    expect((await createBrowser(app, emulator).open('/login')).status).toBe(302);
    expect(emulator.state.reuse).toBe(0);
  });

  test('OP-06 codes and tokens that strangers make up never open it', async () => {
    const [person] = await people(1);
    const stranger = createBrowser(app, emulator);
    emulator.faults.always(TOKEN, async (request, next) => {
      const form = new URLSearchParams(await request.clone().text());
      // A code may be of a kind that even makes Kinde stumble.
      return form.get('code')?.startsWith('bad') ? new Response('', { status: 500 }) : next();
    });
    for (const code of ['x', 'y', 'bad1', 'bad2', 'bad3', 'bad4', 'bad5', 'bad6', 'bad7']) {
      const { location } = await stranger.open('/login');
      const state = new URL(location).searchParams.get('state')!;
      expect(
        (await stranger.open(`/callback?code=${code}&state=${state}`)).status,
      ).toBeGreaterThanOrEqual(400);
    }
    for (let count = 0; count < 20; count++) {
      await sendBearer(
        app,
        await emulator.sign(bearerClaims(emulator), {
          key: 'unpublished',
          header: { kid: `k${count}` },
        }),
      );
    }
    later(DAY + 1);
    expect((await person!.open('/private')).status).toBe(200);
  });

  test('OP-06 a discovery or a set of keys that hangs is waited for a few times, then not at all', async () => {
    for (const path of [DISCOVERY, JWKS]) {
      const fresh = await startRow(row, emulator);
      emulator.faults.always(path, hang);
      const ask = () =>
        timed(emulator.sign(bearerClaims(emulator)).then((token) => sendBearer(fresh, token)));
      for (let count = 0; count < 3; count++) {
        isRefused(await ask(), PATIENCE);
      }
      isRefused(await ask(), 500);
      emulator.faults.clear();
      await vi.waitFor(async () => expect((await ask()).status).toBe(200), 5000);
      stop(fresh);
    }
  });

  test('OP-06 live answers, profile and portal wait a second together, then not at all', async () => {
    const [person] = await people(1);
    expect((await person!.open('/live')).status).toBe(200);
    const lists = ['permissions', 'roles', 'feature_flags', 'entitlements', 'portal_link'];
    for (const list of lists) {
      emulator.faults.always(`/account_api/v1/${list}`, hang);
    }
    isRefused(await timed(person!.open('/live/delete')), PATIENCE);
    await timed(person!.open('/portal'));
    for (const path of ['/live/delete', '/portal']) {
      isRefused(await timed(person!.open(path)), 500);
    }
    emulator.faults.clear();
    await vi.waitFor(async () => expect((await person!.open('/live')).status).toBe(200), 5000);
  });

  test('OP-06 every 503 and 504 of a login says when to come again', async () => {
    const browser = createBrowser(app, emulator);
    const callback = await browser.callbackFor(ADA);
    emulator.faults.always(TOKEN, hang);
    const answer = await timed(browser.open(callback));
    expect([answer.status, answer.retryAfter]).toEqual([504, '5']);
  });
});
