import { createEmulator, type Emulator } from '@kindling/emulator';
import { parseCookie } from 'cookie';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { findCookie, parseCookies } from '../src/cookies.js';
import { hash } from '../src/crypto/hash.js';
import { createKinde, memoryStore, type HttpRequest, type SessionOptions } from '../src/index.js';
import { readClaims } from '../src/oauth/jws.js';

vi.mock('../src/oauth/jws.js', async (original) => {
  const jws = await original<typeof import('../src/oauth/jws.js')>();
  return { ...jws, readClaims: vi.fn(jws.readClaims) };
});

vi.mock('../src/crypto/hash.js', async (original) => {
  const hashes = await original<typeof import('../src/crypto/hash.js')>();
  return { ...hashes, hash: vi.fn(hashes.hash) };
});

const SITE = 'https://app.example';
const DAY = 86_400;

let emulator: Emulator;
let jar: Map<string, string>;
let reads: number;
beforeEach(async () => {
  emulator = await createEmulator({ siteUrl: SITE, issuer: 'https://acme.kinde.example' });
  jar = new Map();
});
afterEach(() => void vi.useRealTimers());

const start = (session: SessionOptions) =>
  createKinde({
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

async function signIn(kinde: ReturnType<typeof start>) {
  const login = await kinde.login(request('/login'));
  keep(login.cookies);
  const back = await emulator.signIn(login.location, { email: 'ada@example.com' });
  const done = await kinde.callback(request(back.href));
  keep(done.cookies);
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
    vi.mocked(readClaims).mockClear();
    await signIn(kinde);
    expect(readClaims).toHaveBeenCalledTimes(0);
    vi.useFakeTimers({ now: Date.now() + (DAY + 1) * 1000, toFake: ['Date'] });
    vi.mocked(readClaims).mockClear();
    const { auth, cookies } = await kinde.authenticate(request('/'));
    keep(cookies);
    expect([auth.isAuthenticated, cookies.length > 0]).toEqual([true, true]);
    const again = await kinde.authenticate(request('/'));
    expect(again.auth.isAuthenticated).toBe(true);
    const decoded = vi.mocked(readClaims).mock.calls.map(([token]) => token);
    // The two that had expired came from rest.
    expect([decoded.length, new Set(decoded).size]).toEqual([2, 2]);
    expect(auth.isAuthenticated && decoded.includes(auth.accessToken)).toBe(false);
  });

  test('the id of a session is hashed once at most for a request, a refresh and a sign-out', async () => {
    const kinde = start(session());
    const ids = () => vi.mocked(hash).mock.calls.filter(([text]) => text.length === 43);
    await signIn(kinde);
    vi.mocked(hash).mockClear();
    await kinde.authenticate(request('/'));
    expect(ids().length).toBeLessThanOrEqual(1);
    vi.mocked(hash).mockClear();
    keep((await kinde.refresh(request('/'))).cookies);
    expect(ids().length).toBeLessThanOrEqual(1);
    vi.mocked(hash).mockClear();
    await kinde.logout(request('/logout'));
    expect(ids().length).toBeLessThanOrEqual(1);
  });

  test('claims stay in memory: another process decodes each of the two tokens once', async () => {
    const options = session();
    await signIn(start(options));
    const other = start(options);
    vi.mocked(readClaims).mockClear();
    expect((await other.authenticate(request('/'))).auth.isAuthenticated).toBe(true);
    expect((await other.authenticate(request('/'))).auth.isAuthenticated).toBe(true);
    expect(readClaims).toHaveBeenCalledTimes(2);
  });
});

describe('a Cookie header', () => {
  const written =
    'k=A|k =B|k= C|k="D"|k.0=E|k.1=F|k.1 =G|k.0=|k=|xk=H|k-login-1=I|k.x=J|a=k=K|a=b k=L|k|k.01=M|k\t=N|k.10=O|=Q|K=R|k\u00a0=S|';
  const between = ['; ', ';', ' ; ', ';  ', ';\t', ';;', ',', ' '];

  test('is parsed as the cookie package does, however it is written, whole or by a prefix', () => {
    const parts = written.split('|');
    const different: string[] = [];
    for (const [a, b, c] of parts.flatMap((one) =>
      parts.flatMap((two) => parts.map((three) => [one, two, three] as const)),
    )) {
      for (const separator of between) {
        const header = a + separator + b + '; ' + c;
        const all = Object.entries(parseCookie(header, { decode: (value) => value }));
        const own = all.filter(([name]) => name.startsWith('k'));
        const found = [[...parseCookies(header, '')], [...parseCookies(header, 'k')]];
        if (JSON.stringify(found) !== JSON.stringify([all, own])) {
          different.push(header);
        }
      }
    }
    expect(different).toEqual([]);
  });

  test('of any length costs one look at every character', () => {
    const begin = performance.now();
    for (const text of ['k=;', 'k;', 'kk', ';', ' ', '=']) {
      const header = text.repeat(100_000);
      parseCookies(header, '');
      findCookie(`${header}; k=A`, 'k');
    }
    expect(performance.now() - begin).toBeLessThan(2000);
  });
});
