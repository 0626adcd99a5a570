import { createEmulator, type Emulator } from '@kindling/emulator';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createRecorder, type Recorder } from '../../../test/kit/walk.js';
import type * as core from '../src/index.js';
import { memoryStore, type HttpRequest, type Kinde, type SessionOptions } from '../src/index.js';

const SITE = 'https://app.example';
const DAY = 86_400;

type Core = typeof core;

let recorder: Recorder<Core>;
let emulator: Emulator;
let jar: Map<string, string>;
let reads: number;
beforeAll(async () => {
  recorder = await createRecorder<Core>('packages/core/src/index.ts');
});
afterAll(() => recorder.close());
beforeEach(async () => {
  emulator = await createEmulator({
    strict: true,
    siteUrl: SITE,
    issuer: 'https://acme.kinde.example',
  });
  jar = new Map();
});
afterEach(() => void vi.useRealTimers());

const start = (session: SessionOptions) =>
  recorder.module.createKinde({
    issuer: emulator.issuer,
    clientId: emulator.env['KINDE_CLIENT_ID']!,
    clientSecret: emulator.env['KINDE_CLIENT_SECRET']!,
    siteUrl: SITE,
    secret: '0123456789abcdefghijklmnopqrstuvwxyz-test',
    fetch: emulator.fetch,
    session: { idle: 7 * DAY, ...session },
  });

/** A request of the one browser, which counts how often its cookies are read. */
function request(url: string): HttpRequest {
  reads = 0;
  const cookies = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  const get = (name: string) => {
    if (name !== 'cookie') {
      return null;
    }
    reads += 1;
    return cookies;
  };
  return { method: 'GET', url, headers: { get } };
}

function keep(lines: readonly string[]) {
  for (const line of lines) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
    if (/max-age=0/i.test(line)) {
      jar.delete(name);
    } else {
      jar.set(name, value);
    }
  }
}

async function signIn(kinde: Kinde) {
  const login = await kinde.login(request('/login'));
  keep(login.cookies);
  const back = await emulator.signIn(login.location, { email: 'ada@example.com' });
  const done = await kinde.callback(request(back.href));
  keep(done.cookies);
}

/** How often a function of the sources is entered while this is done. */
async function count(name: string, work: () => Promise<unknown>): Promise<number> {
  const { calls } = await recorder.record(work);
  return calls.get(name) ?? 0;
}

const sessions: readonly (readonly [string, () => SessionOptions])[] = [
  ['the cookie', () => ({})],
  ['a store', () => ({ store: memoryStore() })],
  ['the cookie, coordinated in a store', () => ({ coordination: memoryStore() })],
];

describe.each(sessions)('with sessions in %s', (_name, session) => {
  test('the Cookie header is read once for a callback, a request, a refresh and a sign-out', async () => {
    const kinde = start(session());
    await signIn(kinde);
    expect(reads).toBe(1);
    await kinde.authenticate(request('/'));
    expect(reads).toBe(1);
    keep((await kinde.refresh(request('/'))).cookies);
    expect(reads).toBe(1);
    await kinde.logout(request('/logout'));
    expect(reads).toBe(1);
  });

  test('tokens are not decoded again that a sign-in or a refresh has just verified', async () => {
    const kinde = start(session());
    expect(await count('readClaims', () => signIn(kinde))).toBe(0);
    vi.useFakeTimers({ now: Date.now() + (DAY + 1) * 1000, toFake: ['Date'] });
    const decoded = await count('readClaims', async () => {
      const { auth, cookies } = await kinde.authenticate(request('/'));
      keep(cookies);
      expect([auth.isAuthenticated, cookies.length > 0]).toEqual([true, true]);
      expect((await kinde.authenticate(request('/'))).auth.isAuthenticated).toBe(true);
    });
    // The two that had expired came from rest.
    expect(decoded).toBe(2);
  });

  test('the key of a session is made once at most for a request, a refresh and a sign-out', async () => {
    const kinde = start(session());
    await signIn(kinde);
    for (const work of [
      () => kinde.authenticate(request('/')),
      async () => keep((await kinde.refresh(request('/'))).cookies),
      () => kinde.logout(request('/logout')),
    ]) {
      expect(await count('keyOfId', work)).toBeLessThanOrEqual(1);
    }
  });

  test('claims stay in memory: another process decodes each of the two tokens once', async () => {
    const options = session();
    await signIn(start(options));
    const other = start(options);
    const decoded = await count('readClaims', async () => {
      expect((await other.authenticate(request('/'))).auth.isAuthenticated).toBe(true);
      expect((await other.authenticate(request('/'))).auth.isAuthenticated).toBe(true);
    });
    expect(decoded).toBe(2);
  });
});
