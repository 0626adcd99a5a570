import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import * as express from '@kindling/express';
import { kinde as fastifyKinde } from '@kindling/fastify';
import { createEmulator, type Emulator } from '@kindling/emulator';
import createExpress from 'express';
import createFastify from 'fastify';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createSeal } from '../../src/crypto/seal.js';
import { optionsFor, SECRET, SITE, startApp, table } from '../../../../test/kit/apps.js';
import { createBrowser, type Browser } from '../../../../test/kit/browser.js';
import { goesTo, SAME_SITE, send } from '../../../../test/kit/http.js';

const ADA = 'ada@example.com';

describe.each(table)('sessions, on %s in the %s', (...row) => {
  const [, mode] = row;
  let emulator: Emulator;
  let app: Server;
  let browser: Browser;
  beforeAll(async () => {
    emulator = await createEmulator({ strict: true, siteUrl: SITE });
  });
  beforeEach(async () => {
    app = await startApp(row, emulator);
    browser = createBrowser(app, emulator);
    grant(0);
  });
  afterEach(() => {
    vi.useRealTimers();
    app.closeAllConnections();
    app.close();
  });
  /** Some things only exist in one of the modes. */
  const testIn = (wanted: string) => (mode === wanted ? test : () => {});
  const later = (seconds: number) =>
    vi.useFakeTimers({ now: Date.now() + seconds * 1000, toFake: ['Date'] });
  /** Gives Ada so many permissions of 60 characters, which have nothing in common, so that no compression makes them small. */
  const grant = (count: number) => {
    const ada = emulator.state.people.find(({ email }) => email === ADA)!;
    ada.organizations['org_acme0rockets']!.permissions = Array.from({ length: count }, () =>
      randomBytes(45).toString('base64url'),
    );
    if (count > 100) {
      ada.picture = `https://app.example/${randomBytes(1500).toString('base64url')}`;
    } else {
      delete ada.picture;
    }
    for (const key of ada.organizations['org_acme0rockets']!.permissions) {
      emulator.state.permissions[key] = { id: key, name: key, description: '' };
    }
  };
  const me = async (cookie: string) => send(app, '/me', { headers: { cookie } });
  const cookieOf = (jar: Iterable<readonly [string, string]>) =>
    [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  const isNobody = async (cookie: string) =>
    expect((await me(cookie)).json().isAuthenticated).toBe(false);

  test('SC-01 SC-02 a cookie with one bit changed, or cut off anywhere, is nobody', async () => {
    await browser.signIn(ADA);
    const [[name, value]] = [...browser.jar] as [[string, string]];
    const step = Math.max(1, Math.floor(value.length / 130));
    for (let index = 0; index < value.length; index += step) {
      const flipped = String.fromCharCode(value.charCodeAt(index) ^ 1);
      if (/[\w.-]/.test(flipped) && index < value.length - 1) {
        await isNobody(`${name}=${value.slice(0, index)}${flipped}${value.slice(index + 1)}`);
      }
      await isNobody(`${name}=${value.slice(0, index)}`);
    }
  });

  /** Lets sessions come in pieces. */
  const allowPieces = async () => {
    app.close();
    app = await startApp(row, emulator, { session: { cookieBytes: 12_000 } });
    browser = createBrowser(app, emulator);
  };

  testIn('cookie')(
    'SC-03 SC-04 SC-05 SC-06 pieces belong together, in their order, and leftovers go',
    async () => {
      await allowPieces();
      grant(60);
      await browser.signIn(ADA, '/login', 'org_acme0rockets');
      const pieces = [...browser.jar] as [string, string][];
      expect(pieces.length).toBeGreaterThan(1);
      for (const missing of pieces) {
        const answer = await me(cookieOf(pieces.filter((piece) => piece !== missing)));
        expect(answer.json().isAuthenticated).toBe(false);
        const gone = answer.setCookies
          .filter((line) => /max-age=0/i.test(line))
          .map((line) => line.split('=')[0]);
        expect(gone).toEqual(expect.arrayContaining(pieces.map(([name]) => name)));
      }
      const [first, second] = pieces as [[string, string], [string, string]];
      await isNobody(cookieOf([[first[0], second[1]], [second[0], first[1]], ...pieces.slice(2)]));
      expect((await me(cookieOf([...pieces].reverse()))).json().isAuthenticated).toBe(true);
      const whole = first[0].replace(/\.\d+$/, '');
      await isNobody(`${whole}=x; ${cookieOf(pieces)}`);
    },
  );

  testIn('cookie')(
    'SC-07 a session that shrinks leaves no pieces behind, two-digit ones neither',
    async () => {
      await allowPieces();
      grant(60);
      await browser.signIn(ADA, '/login', 'org_acme0rockets');
      const name = [...browser.jar.keys()][0]!.replace(/\.\d+$/, '');
      for (let index = 2; index < 12; index++) {
        browser.jar.set(`${name}.${index}`, 'x');
      }
      grant(0);
      const done = await browser.signIn('grace@example.com', '/login', 'org_acme0rockets');
      expect(done.status).toBe(302);
      expect([...browser.jar.keys()]).toEqual([name]);
    },
  );

  testIn('cookie')(
    'SC-08 a session beyond the budget is refused with its biggest claims, and the old one stays',
    async () => {
      await browser.signIn(ADA, '/login', 'org_acme0rockets');
      const before = new Map(browser.jar);
      grant(165);
      const answer = await browser.open(
        await browser.callbackFor(ADA, '/login', 'org_acme0rockets'),
        {
          headers: { accept: 'application/json' },
        },
      );
      expect([answer.status, answer.json().code]).toEqual([500, 'session_too_large']);
      expect(answer.json().detail).toMatch(/permissions \(\d+ bytes\)/);
      expect(answer.json().fix).toContain('store');
      for (const [name, value] of before) {
        expect(browser.jar.get(name)).toBe(value);
      }
      expect((await browser.open('/me')).json().isAuthenticated).toBe(true);
    },
  );

  test('SC-10 SC-11 a cookie of the previous secret is accepted and sealed anew; without that secret it is nobody', async () => {
    await browser.signIn(ADA);
    const old = cookieOf(browser.jar);
    const session = mode === 'store' ? { session: { store: storeOf(emulator) } } : {};
    if (mode === 'store') {
      app.close();
      app = await startApp(row, emulator, session);
      browser = createBrowser(app, emulator);
      await browser.signIn(ADA);
    }
    const cookie = mode === 'store' ? cookieOf(browser.jar) : old;
    app.close();
    const next = 'the-next-secret-of-thirty-two-characters-321';
    app = await startApp(row, emulator, { secret: [next, SECRET], ...session });
    const answer = await me(cookie);
    expect(answer.json().isAuthenticated).toBe(true);
    expect(answer.setCookies.length).toBeGreaterThan(0);
    expect(answer.headers['cache-control']).toContain('no-store');
    const renewed = cookieOf(
      answer.setCookies.map(
        (line) => /^([^=]+)=([^;]*)/.exec(line)!.slice(1, 3) as [string, string],
      ),
    );
    app.close();
    app = await startApp(row, emulator, { secret: next, ...session });
    expect((await me(renewed)).json().isAuthenticated).toBe(true);
    await isNobody(cookie);
  });

  test('SC-12 a cookie that the browser keeps beyond its time is nobody', async () => {
    await browser.signIn(ADA);
    later(7 * 86_400 + 1);
    await isNobody(cookieOf(browser.jar));
  });

  test('SC-15 a cookie of a server whose clock is ahead is fine', async () => {
    await browser.signIn(ADA);
    later(-45);
    expect((await browser.open('/me')).json().isAuthenticated).toBe(true);
  });

  test('SC-17 other spellings of the name are other cookies', async () => {
    await browser.signIn(ADA);
    const [[name, value]] = [...browser.jar] as [[string, string]];
    for (const other of [
      name.replace('__Host-', '__HOST-'),
      name.toUpperCase(),
      name.replace('__Host-', ''),
      `\u00a0${name}`,
      `${name}\u00a0`,
    ]) {
      const answer = await send(app, '/me', {
        headers: { cookie: Buffer.from(`${other}=${value}`).toString('latin1') },
      });
      expect(answer.json(), other).toMatchObject({ isAuthenticated: false });
    }
  });

  test('SC-18 of two cookies of one name the first counts', async () => {
    await browser.signIn(ADA);
    const good = cookieOf(browser.jar);
    const name = [...browser.jar.keys()][0]!;
    await isNobody(`${name}=garbage; ${good}`);
    expect((await me(`${good}; ${name}=garbage`)).json().isAuthenticated).toBe(true);
  });

  test('SC-19 DS-04 many cookies, long ones and long names are nobody, and no error', async () => {
    for (const cookie of [
      Array.from({ length: 1000 }, (_, i) => `a${i}=b`).join(';'),
      'a=b;'.repeat(3700),
      ';'.repeat(15_000),
      `x=${'y'.repeat(15_000)}`,
      `${'n'.repeat(4000)}=1`,
    ]) {
      await isNobody(cookie);
    }
  });

  test('OP-11 a session and a pending login that were encrypted as JWE go on, and the session is encrypted anew', async () => {
    const client = `${emulator.issuer} ${emulator.env['KINDE_CLIENT_ID']}`;
    const seal = createSeal([SECRET], client);
    const before = createSeal([SECRET], client, 'jwe');
    const age = async (purpose: 'login' | 'session') => {
      const [[name, value]] = [...browser.jar] as [[string, string]];
      browser.jar.set(
        name,
        await before.seal((await seal.open(value, purpose))!.payload, purpose, 600),
      );
    };
    const callback = await browser.callbackFor(ADA);
    await age('login');
    expect((await browser.open(callback)).status).toBe(302);
    await age('session');
    expect([...browser.jar.values()][0]).toMatch(/^eyJ/);
    const answer = await browser.open('/me');
    expect(answer.json()).toMatchObject({ isAuthenticated: true, email: ADA });
    expect(answer.setCookies.length).toBeGreaterThan(0);
    expect(await seal.open([...browser.jar.values()][0]!, 'session')).toMatchObject({
      isCurrent: true,
    });
    const again = await browser.open('/me');
    expect([again.json().email, again.setCookies]).toEqual([ADA, []]);
  });

  test('SC-20 ST-06 a sealed value of another shape is nobody', async () => {
    await browser.signIn(ADA);
    const name = [...browser.jar.keys()][0]!;
    const seal = createSeal([SECRET], `${emulator.issuer} ${emulator.env['KINDE_CLIENT_ID']}`);
    for (const payload of [
      {},
      { id: 5 },
      { id: 'x'.repeat(43) },
      { id: 'x'.repeat(43), accessToken: 1 },
      { admin: true, startedAt: 'now' },
    ]) {
      await isNobody(`${name}=${await seal.seal(payload, 'session', 600)}`);
    }
  });

  test('SC-26 SC-27 HH-10 the app’s own cookies stay, and pages of signed-in people are told apart by cookie', async () => {
    const own = await appWithOwnCookies(
      row[0],
      optionsFor(emulator, row[1] === 'store' ? { session: { store: storeOf(emulator) } } : {}),
    );
    const person = createBrowser(own, emulator);
    await person.signIn(ADA);
    later(10_000);
    const answer = await person.open('/own');
    expect(
      answer.setCookies.filter((line) => line.startsWith('theme=') || line.startsWith('lang=')),
    ).toHaveLength(2);
    expect(answer.setCookies.length).toBeGreaterThan(2);
    expect(String(answer.headers['vary']).toLowerCase()).toContain('cookie');
    expect(answer.headers['cache-control']).toContain('no-store');
    own.closeAllConnections();
    own.close();
  });

  test('SL-01 SL-05 SL-07 session ids from anywhere but our own cookie are not adopted', async () => {
    const planted = 'p'.repeat(43);
    await browser.open(`/me?sid=${planted}`, { headers: { 'x-session': planted } });
    const name = `__Host-kinde-planted`;
    browser.jar.set(name, planted);
    await browser.signIn(ADA);
    expect(JSON.stringify([...browser.jar].filter(([key]) => key !== name))).not.toContain(planted);
    await isNobody(`sid=${planted}`);
  });

  test('SL-02 SL-03 SL-04 signing in again, as anybody or for another organization, makes a new session and ends the old', async () => {
    await browser.signIn(ADA, '/login', 'org_acme0rockets');
    for (const [email, organization] of [
      [ADA, 'org_acme0rockets'],
      [ADA, 'org_globex0gardens'],
      ['grace@example.com', 'org_acme0rockets'],
    ] as const) {
      const old = cookieOf(browser.jar);
      await browser.signIn(email, '/login', organization);
      expect(cookieOf(browser.jar)).not.toBe(old);
      await isNobody(old);
      expect((await browser.open('/me')).json()).toMatchObject({ email, organization });
    }
  });

  testIn('store')(
    'SL-06 SL-07 SC-22 the store is asked only for ids that we sealed, and never sees them or a token',
    async () => {
      const asked: string[] = [];
      const kept = new Map<string, string>();
      const store = {
        get: async (id: string) => (asked.push(id), kept.get(id)),
        set: async (id: string, value: string) => void kept.set(id, value),
        delete: async (id: string) => void kept.delete(id),
      };
      app.close();
      app = await startApp(row, emulator, { session: { store } });
      browser = createBrowser(app, emulator);
      const name = (await browser.signIn(ADA)).setCookies[0]!.split('=')[0]!;
      asked.length = 0;
      for (const value of ['x', 'p'.repeat(43), `${'p'.repeat(43)}.sig`, '../../etc', 'a\u0001']) {
        await isNobody(`${name}=${Buffer.from(value).toString('latin1').replace('\u0001', '')}`);
      }
      expect(asked).toEqual([]);
      const [[id, value]] = [...kept] as [[string, string]];
      expect(id).toMatch(/^[\w-]{43}$/);
      expect(value).not.toContain('eyJhbGciOiJSUzI1NiI');
      expect(cookieOf(browser.jar)).not.toContain(id);
    },
  );

  testIn('store')(
    'ST-01 ST-02 ST-04 a store that fails or hangs signs nobody out: 503 where one must be signed in',
    async () => {
      const kept = storeOf(emulator);
      let state: 'up' | 'down' | 'hanging' = 'up';
      const through = <Result>(work: () => Promise<Result>): Promise<Result> => {
        if (state === 'hanging') {
          return new Promise(() => {});
        }
        return state === 'up' ? work() : Promise.reject(new Error('down'));
      };
      const store = {
        get: (id: string) => through(() => kept.get(id)),
        set: (id: string, value: string, maxAge: number) =>
          through(() => kept.set(id, value, maxAge)),
        delete: (id: string) => through(() => kept.delete(id)),
      };
      app.close();
      app = await startApp(row, emulator, { session: { store } });
      browser = createBrowser(app, emulator);
      await browser.signIn(ADA);
      const before = cookieOf(browser.jar);
      for (const trouble of ['down', 'hanging'] as const) {
        state = trouble;
        expect((await browser.open('/me')).json()).toMatchObject({
          isAuthenticated: false,
          reason: 'unavailable',
        });
        const guarded = await browser.open('/private');
        expect([guarded.status, guarded.headers['retry-after']]).toEqual([503, '5']);
        expect(cookieOf(browser.jar)).toBe(before);
      }
      state = 'down';
      const failed = createBrowser(app, emulator);
      const answer = await failed.open(await failed.callbackFor(ADA), {
        headers: { accept: 'application/json' },
      });
      expect([answer.status, answer.json().code, failed.jar.size]).toEqual([
        503,
        'store_unavailable',
        0,
      ]);
      state = 'up';
      expect((await browser.open('/private')).status).toBe(200);
    },
  );

  test('LO-06 LO-07 LO-08 LO-09 signing out goes to places that are ours, and a forged cookie ends nobody’s session', async () => {
    await browser.signIn(ADA);
    const mine = cookieOf(browser.jar);
    const forged = await send(app, '/logout?returnTo=https://evil.example', {
      headers: { ...SAME_SITE, cookie: `${[...browser.jar.keys()][0]}=forged` },
    });
    expect([forged.status, new URL(forged.location).searchParams.get('redirect')]).toEqual([
      302,
      SITE,
    ]);
    expect(forged.setCookies[0]).toMatch(/max-age=0/i);
    expect((await me(mine)).json().isAuthenticated).toBe(true);
    const own = await browser.open(`/logout?return_to=${encodeURIComponent('/bye?a=1&b=ü#c')}`, {
      headers: SAME_SITE,
    });
    expect(new URL(own.location).searchParams.getAll('redirect')).toEqual([
      `${SITE}/bye?a=1&b=%C3%BC#c`,
    ]);
    expect([...new URL(own.location).searchParams.keys()]).toEqual(['redirect']);
    expect((await browser.open('/?state=unknown')).status).toBe(200);
  });

  test('LO-10 LO-03 Kinde being slow or away keeps nobody from signing out', async () => {
    for (const trouble of [
      () => new Promise<never>(() => {}),
      () => Promise.reject(new TypeError('fetch failed')),
      () => new Response('', { status: 500 }),
    ]) {
      await browser.signIn(ADA);
      emulator.faults.once('/oauth2/revoke', trouble);
      const done = await browser.open('/logout', {
        method: 'POST',
        headers: { ...SAME_SITE, origin: SITE },
      });
      expect([done.status, goesTo(done), browser.jar.size]).toEqual([
        200,
        `${emulator.issuer}/logout?redirect=${encodeURIComponent(SITE)}`,
        0,
      ]);
      emulator.faults.clear();
    }
  });
});

/** A store that lasts longer than an app. */
function storeOf(_emulator: Emulator) {
  const kept = new Map<string, string>();
  return {
    get: async (id: string) => kept.get(id),
    set: async (id: string, value: string, _maxAge?: number) => void kept.set(id, value),
    delete: async (id: string) => void kept.delete(id),
  };
}

async function appWithOwnCookies(
  framework: string,
  options: express.KindeOptions,
): Promise<Server> {
  if (framework === 'express') {
    const app = createExpress();
    app.use(express.kinde(options));
    app.get(
      '/own',
      (_req, res) => void res.cookie('theme', 'dark').cookie('lang', 'de').send('ok'),
    );
    const server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return server;
  }
  const app = createFastify();
  await app.register(fastifyKinde, options);
  app.get('/own', async (_request, reply) =>
    reply.header('set-cookie', 'theme=dark').header('set-cookie', ['lang=de']).send('ok'),
  );
  await app.listen({ host: '127.0.0.1', port: 0 });
  return app.server;
}
