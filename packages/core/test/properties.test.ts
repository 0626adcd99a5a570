import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { getFlag, getPermission, getRoles, getUser, getUserOrganizations } from '@kindling/claims';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { resolveConfig } from '../src/options/config.js';
import type { Context } from '../src/context.js';
import { openCookie, readCookies, sealCookie } from '../src/cookies.js';
import { KindeError } from '../src/errors.js';
import { requestUrl } from '../src/http/http.js';
import { createSingleFlight } from '../src/cache/single-flight.js';
import { fromQuery, fromReauthState, toWire } from '../src/login/parameters.js';
import { readTokenResponse } from '../src/oauth/token-response.js';
import { createBoundedCache, createMemoryBudget, weightOf } from '../src/cache/bounded.js';
import { withCache } from '../src/cache/seal-cache.js';
import { createSeal } from '../src/crypto/seal.js';

const SITE = 'https://app.example';
const config = resolveConfig({
  issuer: 'https://acme.kinde.com',
  clientId: 'c',
  siteUrl: SITE,
  secret: '0123456789abcdefghijklmnopqrstuvwxyz',
  // As much as any app may allow, so that sessions come in pieces.
  session: { cookieBytes: 12_000 },
});
const context = { config, seal: withCache(createSeal(config.secrets, 'app')) } as Context;
const request = (cookie = '') =>
  readCookies({ method: 'GET', url: '/', headers: new Headers({ cookie }) });
const jarOf = (lines: readonly string[]) =>
  new Map(
    lines
      .filter((line) => !/max-age=0/i.test(line))
      .map((line) => /^([^=]+)=([^;]*)/.exec(line)!.slice(1, 3) as [string, string]),
  );
const headerOf = (jar: Iterable<readonly [string, string]>) =>
  [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
const session = { name: config.session.cookie, purpose: 'session' as const };
/** Text that takes its length, since nothing can be left out of it. */
const noise = randomBytes(12_000).toString('base64url');

describe('sealed cookies', () => {
  test('SC-09 CK-04 of any size come back as they were, no cookie over 4096 bytes, none of them twice', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({ text: fc.string({ maxLength: 200 }), size: fc.integer({ min: 0, max: 8200 }) }),
        async ({ text, size }) => {
          const payload = { text, padding: noise.slice(0, size) };
          const lines = await sealCookie(request(), context, { ...session, payload, maxAge: 60 });
          const jar = jarOf(lines);
          expect(new Set(lines.map((line) => line.split('=')[0])).size).toBe(lines.length);
          for (const [name, value] of jar) {
            expect(name.length + value.length + 1).toBeLessThanOrEqual(4096);
          }
          expect(headerOf(jar).length).toBeLessThan(13 * 1024);
          expect(
            (await openCookie(request(headerOf(jar)), context, session))?.payload,
          ).toMatchObject(payload);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('SC-08 beyond the budget they are refused', async () => {
    const payload = { padding: noise };
    await expect(
      sealCookie(request(), context, { ...session, payload, maxAge: 60 }),
    ).rejects.toMatchObject({
      code: 'session_too_large',
    });
  });

  test('SC-01 SC-03 SC-04 with any change, gap or exchange they are nothing', async () => {
    const lines = await sealCookie(request(), context, {
      ...session,
      payload: { padding: noise.slice(0, 6000) },
      maxAge: 60,
    });
    const pieces = [...jarOf(lines)];
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(), async (piece, position) => {
        const changed = pieces.map(([name, value]) => [name, value] as [string, string]);
        const target = changed[piece % changed.length]!;
        const index = position % target[1].length;
        const character = target[1][index] === 'A' ? 'B' : 'A';
        target[1] = target[1].slice(0, index) + character + target[1].slice(index + 1);
        expect(await openCookie(request(headerOf(changed)), context, session)).toBeUndefined();
      }),
      { numRuns: 500 },
    );
    expect(
      await openCookie(
        request(headerOf([pieces[1]!, [pieces[0]![0], pieces[1]![1]]])),
        context,
        session,
      ),
    ).toBeUndefined();
  });

  test('SC-22 OP-28 10,000 of them never share a key and its nonce, and show nothing of what they hold', async () => {
    const salts = new Set<string>();
    for (let count = 0; count < 10_000; count++) {
      const sealed = await context.seal.seal({ email: 'ada@example.com' }, 'session', 60);
      const bytes = Buffer.from(sealed, 'base64url');
      salts.add(bytes.toString('hex', 5, 21));
      if (count % 1000 === 0) {
        expect(bytes.toString('latin1')).not.toContain('ada@');
      }
    }
    expect(salts.size).toBe(10_000);
  });

  test('SC-16 one purpose never opens another, nor one app another', async () => {
    const sealed = await context.seal.seal({ a: 1 }, 'login', 60);
    expect(await context.seal.open(sealed, 'session')).toBeUndefined();
    expect(await createSeal(config.secrets, 'other app').open(sealed, 'login')).toBeUndefined();
    expect(await context.seal.open(sealed, 'login')).toBeDefined();
  });
});

describe('anything at all', () => {
  test('as claims gives answers, never an exception, and never a "yes" that is not there', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), fc.string(), (value, key) => {
        const claims = {
          permissions: value,
          roles: value,
          feature_flags: value,
          org_code: value,
          org_codes: value,
          organizations: value,
          sub: value,
          email: value,
        };
        const granted = Array.isArray(value) && value.includes(key) && key !== '';
        expect(getPermission(claims, key).isGranted).toBe(granted);
        expect(typeof getFlag(claims, key, true).value).toBe('boolean');
        getRoles(claims);
        getUser(claims);
        getUserOrganizations(claims);
      }),
      { numRuns: 5000 },
    );
  });

  test('as a query becomes allowed parameters or one error', () => {
    const names = fc.constantFrom(
      'org_code',
      'prompt',
      'lang',
      'state',
      'redirect_uri',
      'client_id',
      'scope',
      'nonce',
      'login_hint',
      '__proto__',
      'constructor',
      'return_to',
      'audience',
      'max_age',
      'code_challenge',
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(names, fc.string()), { maxLength: 8 }), (pairs) => {
        try {
          const wire = toWire(fromQuery(new URLSearchParams(pairs)));
          for (const name of [
            'state',
            'redirect_uri',
            'client_id',
            'scope',
            'nonce',
            'audience',
            'max_age',
            'code_challenge',
          ]) {
            expect(wire).not.toHaveProperty(name);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(KindeError);
        }
      }),
      { numRuns: 5000 },
    );
  });

  test('as a reauth state becomes allowed parameters', () => {
    const encoded = fc.oneof(
      fc.string(),
      fc.json().map((text) => Buffer.from(text).toString('base64')),
      fc
        .dictionary(fc.constantFrom('state', 'scope', 'org_code', 'client_id'), fc.string())
        .map((object) => Buffer.from(JSON.stringify(object)).toString('base64url')),
    );
    fc.assert(
      fc.property(encoded, (text) => {
        const wire = toWire(fromReauthState(text));
        for (const name of ['state', 'scope', 'client_id', 'redirect_uri']) {
          expect(wire).not.toHaveProperty(name);
        }
      }),
      { numRuns: 5000 },
    );
  });

  test('TR-15 TR-16 as a token response is read to the letter or refused', async () => {
    const token = fc.oneof(fc.string(), fc.constant('abc'), fc.anything());
    await fc.assert(
      fc.asyncProperty(
        fc.record(
          {
            access_token: token,
            token_type: fc.oneof(fc.constant('Bearer'), fc.anything()),
            expires_in: fc.anything(),
            refresh_token: token,
          },
          { requiredKeys: [] },
        ),
        async (body) => {
          let text: string;
          try {
            text = JSON.stringify(body) ?? 'null';
          } catch {
            return;
          }
          const outcome = await readTokenResponse(new Response(text)).catch(
            (error: unknown) => error,
          );
          if (outcome instanceof Error) {
            expect(outcome).toBeInstanceOf(KindeError);
          } else {
            expect(outcome).toMatchObject({
              access_token: expect.stringMatching(/[^]/),
              token_type: expect.stringMatching(/^bearer$/i),
            });
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  test('as a request address stays on this site', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.webUrl(),
          fc.string().map((text) => `//${text}`),
          fc.string().map((text) => `/${text}`),
        ),
        (url) => {
          expect(
            requestUrl({ ...request().request, url }, { siteUrl: SITE, basePath: '' }).origin,
          ).toBe(SITE);
        },
      ),
      { numRuns: 5000 },
    );
  });
});

describe('work that is done once', () => {
  test('is shared while it runs, remembered after, forgotten when it fails, and bounded', async () => {
    const memory = createBoundedCache<number>(createMemoryBudget(4 * (weightOf(0) + 1)), Infinity);
    const once = createSingleFlight<number>({ seconds: 60, memory, parallel: 2 });
    let done = 0;
    const work = async () => ++done;
    expect(
      await Promise.all([once.run('a', work), once.run('a', work), once.run('b', work)]),
    ).toEqual([1, 1, 2]);
    expect([once.state('a'), once.state('x')]).toEqual(['done', undefined]);
    await expect(once.run('c', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await new Promise((resolve) => setImmediate(resolve));
    expect(once.state('c')).toBeUndefined();
    for (const key of ['d', 'e', 'f']) {
      await once.run(key, work);
    }
    expect([once.state('a'), once.state('f')]).toEqual([undefined, 'done']);
  });
});

const sourcesIn = (folder: URL) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));

test('DS-03 no pattern in the sources takes long on hostile text', async () => {
  const hostile = [
    'a'.repeat(100_000) + '!',
    ' '.repeat(100_000),
    '/'.repeat(100_000),
    '=;'.repeat(50_000),
    '.'.repeat(100_000),
    '-'.repeat(100_000) + '\0',
  ];
  const folders = ['../src', '../../claims/src', '../../express/src', '../../fastify/src'].map(
    (folder) => new URL(`${folder}/`, import.meta.url),
  );
  const patterns = folders.flatMap((folder) =>
    sourcesIn(folder).flatMap((file) =>
      [
        ...readFileSync(new URL(file, folder), 'utf8').matchAll(
          /(?<=[(\s!=,?])\/((?:\\.|\[(?:\\.|[^\]\n])*\]|[^/\n\\[ *])(?:\\.|\[(?:\\.|[^\]\n])*\]|[^/\n\\[])*)\/([gimsuy]*)(?=[.,;)\s])/g,
        ),
      ].map((match) => new RegExp(match[1]!, match[2]!.replace('g', ''))),
    ),
  );
  expect(patterns.length).toBeGreaterThan(15);
  for (const pattern of patterns) {
    for (const text of hostile) {
      const start = performance.now();
      pattern.test(text);
      expect(performance.now() - start, String(pattern)).toBeLessThan(200);
    }
  }
});

test('DS-01 DS-02 Object.prototype stays as it is, and nothing is taken from it', async () => {
  const before = Object.getOwnPropertyNames(Object.prototype).sort();
  const polluted = Object.prototype as unknown as Record<string, unknown>;
  Object.assign(polluted, {
    isAdmin: true,
    secure: false,
    returnTo: '//evil.example',
    permissions: ['admin'],
    domain: 'evil.example',
    persistent: false,
  });
  try {
    const again = resolveConfig({
      issuer: 'https://acme.kinde.com',
      clientId: 'c',
      siteUrl: SITE,
      secret: '0123456789abcdefghijklmnopqrstuvwxyz',
    });
    expect(again.session).toMatchObject({ secure: true });
    expect(
      Object.hasOwn(again.session, 'domain') ? again.session.domain : undefined,
    ).toBeUndefined();
    expect(getPermission({}, 'admin').isGranted).toBe(false);
  } finally {
    for (const name of ['isAdmin', 'secure', 'returnTo', 'permissions', 'domain', 'persistent']) {
      delete polluted[name];
    }
  }
  fromReauthState(Buffer.from('{"__proto__":{"x":1},"org_code":"org_a"}').toString('base64'));
  expect(Object.getOwnPropertyNames(Object.prototype).sort()).toEqual(before);
});
