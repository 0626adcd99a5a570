import { createHmac, sign, type KeyObject } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createEmulator, type Emulator } from '@kindling/emulator';
import {
  decodeJwt,
  exportSPKI,
  generateKeyPair,
  importJWK,
  SignJWT,
  type CryptoKey,
  type JWTPayload,
} from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { frameworks, optionsFor, SITE } from '../../../../test/kit/apps.js';
import { createBrowser, type Browser } from '../../../../test/kit/browser.js';

const ADA = 'ada@example.com';
const AUDIENCE = 'https://api.todos.example';
type Body = Record<string, any>;

describe.each(Object.keys(frameworks))(
  'what Kinde answers is checked before anybody is signed in, on %s',
  (framework) => {
    let emulator: Emulator;
    let app: Server;
    let browser: Browser;
    beforeAll(async () => {
      emulator = await createEmulator({ strict: true, siteUrl: SITE });
      app = await frameworks[framework]!(optionsFor(emulator, { timeout: 1, audience: AUDIENCE }));
    });
    afterAll(() => void app.close());
    afterEach(() => emulator.faults.clear());

    const tokenCalls = () =>
      emulator.requests.filter(({ path }) => path === '/oauth2/token').length;
    const signIn = async (path = '/login') => {
      browser = createBrowser(app, emulator);
      const before = tokenCalls();
      const answer = await browser.open(await browser.callbackFor(ADA, path), {
        headers: { accept: 'application/json' },
      });
      return { answer, calls: tokenCalls() - before };
    };
    const nobody = async () => {
      expect([...browser.jar.keys()]).toEqual([]);
      expect((await browser.open('/me')).json().isAuthenticated).toBe(false);
    };
    const refused = async (status: number, code: string, reason?: string) => {
      const { answer, calls } = await signIn();
      expect([answer.status, answer.json().code, reason && answer.json().reason]).toEqual([
        status,
        code,
        reason,
      ]);
      expect(calls).toBe(1);
      await nobody();
      return answer;
    };
    /** The token endpoint's next answer is the real one, changed. */
    const answering = (change: (body: Body) => unknown) =>
      emulator.faults.once('/oauth2/token', async (_request, next) => {
        const result = await change((await (await next()).json()) as Body);
        return result instanceof Response ? result : Response.json(result);
      });
    const raw = (text: string) =>
      answering(() => new Response(text, { headers: { 'content-type': 'application/json' } }));
    /** Like `answering`, for the ID token. */
    const withId = (
      change: JWTPayload | ((claims: JWTPayload) => JWTPayload),
      options?: Parameters<Emulator['sign']>[1],
    ) =>
      answering(async (body) => {
        const claims = decodeJwt(body['id_token']);
        const changed = typeof change === 'function' ? change(claims) : { ...claims, ...change };
        return { ...body, id_token: await emulator.sign(changed, options) };
      });
    const without = (name: string) => (claims: JWTPayload) =>
      Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name));
    const now = () => Math.floor(Date.now() / 1000);

    describe('the token response', () => {
      test.each([
        [
          'TR-01 an error page',
          () =>
            new Response('<h1>500</h1>', { status: 500, headers: { 'content-type': 'text/html' } }),
          'response_invalid',
          'http_status',
        ],
        [
          'TR-02 a request to try later',
          () => new Response('', { status: 503, headers: { 'retry-after': '1' } }),
          'response_invalid',
          'http_status',
        ],
        [
          'TR-07 a login page',
          () => new Response('<html>', { headers: { 'content-type': 'text/html' } }),
          'response_invalid',
          'not_json',
        ],
        [
          'TR-10 no access token',
          (body: Body) => ({ ...body, access_token: undefined }),
          'response_invalid',
          'malformed',
        ],
        [
          'TR-11 no ID token',
          (body: Body) => ({ ...body, id_token: undefined }),
          'id_token_invalid',
          'missing',
        ],
        [
          'TR-12 another token type',
          (body: Body) => ({ ...body, token_type: 'mac' }),
          'response_invalid',
          'token_type',
        ],
        [
          'TR-15 a negative lifetime',
          (body: Body) => ({ ...body, expires_in: -5 }),
          'response_invalid',
          'malformed',
        ],
        [
          'TR-15 an infinite lifetime',
          (body: Body) => ({ ...body, expires_in: 'Infinity' }),
          'response_invalid',
          'malformed',
        ],
        [
          'TR-15 a lifetime of null',
          (body: Body) => ({ ...body, expires_in: null }),
          'response_invalid',
          'malformed',
        ],
        [
          'TR-15 an object as lifetime',
          (body: Body) => ({ ...body, expires_in: {} }),
          'response_invalid',
          'malformed',
        ],
        ['TR-16 an array', () => [], 'response_invalid', 'malformed'],
        ['TR-16 a text', () => 'ok', 'response_invalid', 'malformed'],
        ['TR-16 a number', () => 5, 'response_invalid', 'malformed'],
        ['TR-16 null', () => null, 'response_invalid', 'malformed'],
        [
          'TR-19 an access token of 200 kB',
          (body: Body) => ({ ...body, access_token: 'a'.repeat(200_000) }),
          'response_invalid',
          'too_large',
        ],
        [
          'TR-20 an empty refresh token',
          (body: Body) => ({ ...body, refresh_token: '' }),
          'response_invalid',
          'malformed',
        ],
        [
          'TR-23 a lifetime with letters',
          (body: Body) => ({ ...body, expires_in: '3600abc' }),
          'response_invalid',
          'malformed',
        ],
        [
          'TR-23 a hexadecimal lifetime',
          (body: Body) => ({ ...body, expires_in: '0x10' }),
          'response_invalid',
          'malformed',
        ],
      ])('%s is refused', async (_name, change, code, reason) => {
        answering(change as (body: Body) => unknown);
        await refused(502, code, reason);
      });

      test('TR-15 a lifetime beyond numbers is refused', async () => {
        answering(
          (body) =>
            new Response(
              JSON.stringify({ ...body, expires_in: 0 }).replace(
                '"expires_in":0',
                '"expires_in":1e400',
              ),
              {
                headers: { 'content-type': 'application/json' },
              },
            ),
        );
        await refused(502, 'response_invalid', 'malformed');
      });

      test('TR-03 a connection that breaks is told as such', async () => {
        emulator.faults.once('/oauth2/token', () =>
          Promise.reject(
            Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNRESET' } }),
          ),
        );
        await refused(502, 'kinde_unreachable', 'network');
      });

      test('TR-04 TR-05 an answer that does not come, or does not end, is given up after the time-out', async () => {
        emulator.faults.once('/oauth2/token', () => new Promise<never>(() => {}));
        await refused(504, 'kinde_timeout');
        emulator.faults.once(
          '/oauth2/token',
          () =>
            new Response(
              new ReadableStream({
                start: (stream) => stream.enqueue(new TextEncoder().encode('{"access')),
              }),
            ),
        );
        await refused(504, 'kinde_timeout');
      });

      test('TR-06 an answer that is cut off is refused', async () => {
        raw('{"access_token":"abc","token_type":"Bea');
        await refused(502, 'response_invalid', 'not_json');
      });

      test.each(['https://evil.example/token', '/oauth2/elsewhere'])(
        'TR-08 a redirect to %s is not followed',
        async (location) => {
          answering(() => new Response(null, { status: 302, headers: { location } }));
          await refused(502, 'response_invalid', 'redirect');
          expect(emulator.requests.some(({ path }) => path === '/oauth2/elsewhere')).toBe(false);
        },
      );

      test('TR-09 an error with status 200 is an error', async () => {
        answering(() => ({ error: 'invalid_grant' }));
        await refused(502, 'response_invalid', 'invalid_grant');
      });

      test('TR-13 TR-14 the token type in any letters, and no lifetime, are fine', async () => {
        answering((body) => ({ ...body, token_type: 'bEaReR', expires_in: undefined }));
        expect((await signIn()).answer.status).toBe(302);
        expect((await browser.open('/me')).json().isAuthenticated).toBe(true);
      });

      test('TR-17 50 MiB are not read to their end', async () => {
        let sent = 0;
        const chunk = new Uint8Array(64 * 1024).fill(0x20);
        const endless = new ReadableStream({
          pull: (stream) =>
            sent >= 50 * 2 ** 20
              ? stream.close()
              : (stream.enqueue(chunk), void (sent += chunk.length)),
        });
        answering(() => new Response(endless, { headers: { 'content-type': 'application/json' } }));
        await refused(502, 'response_invalid', 'too_large');
        expect(sent).toBeLessThanOrEqual(2 ** 20);
      });

      test('TR-18 members that look like prototypes change nothing', async () => {
        answering(
          (body) =>
            new Response(
              JSON.stringify(body).replace(
                '{',
                '{"__proto__":{"admin":true},"constructor":{"prototype":{"x":1}},',
              ),
              { headers: { 'content-type': 'application/json' } },
            ),
        );
        expect((await signIn()).answer.status).toBe(302);
        expect([({} as Body)['admin'], ({} as Body)['x']]).toEqual([undefined, undefined]);
      });

      test('TR-21 the secret may hold any characters, in Basic and in the body', async () => {
        const clientSecret = 's:%+&= ü-0123456789';
        const before = emulator.env['KINDE_CLIENT_SECRET']!;
        emulator.state.applications[0]!.clientSecret = clientSecret;
        for (const clientAuthentication of ['client_secret_basic', 'client_secret_post'] as const) {
          const other = await frameworks[framework]!(
            optionsFor(emulator, { clientSecret, clientAuthentication }),
          );
          expect((await createBrowser(other, emulator).signIn(ADA)).status).toBe(302);
          other.close();
        }
        emulator.state.applications[0]!.clientSecret = before;
      });

      test('TR-22 a 401 with a strange challenge echoes nothing of it', async () => {
        answering(
          () =>
            new Response('{}', {
              status: 401,
              headers: { 'www-authenticate': 'Bearer realm="evil"' },
            }),
        );
        const answer = await refused(502, 'response_invalid', 'client_auth');
        expect(JSON.stringify(answer)).not.toContain('evil');
      });
    });

    describe('the ID token', () => {
      let stranger: CryptoKey;
      let elliptic: CryptoKey;
      beforeAll(async () => {
        stranger = (await generateKeyPair('RS256')).privateKey;
        elliptic = (await generateKeyPair('ES256')).privateKey;
      });
      const encode = (part: unknown) =>
        Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
      const replaced = (make: (body: Body) => string | Promise<string>) =>
        answering(async (body) => ({ ...body, id_token: await make(body) }));
      const claimsOf = (body: Body) => decodeJwt(body['id_token']);

      test.each([
        ['ID-01', 'none'],
        ['ID-02', 'None'],
        ['ID-02', 'NONE'],
        ['ID-02', 'nOnE'],
        ['ID-02', ''],
        ['ID-02', null],
        ['ID-02', ['RS256']],
        ['ID-02', undefined],
      ])('%s algorithm %j is refused', async (_id, alg) => {
        replaced(
          (body) =>
            `${encode({ alg, kid: emulator.state.key.jwk.kid })}.${encode(claimsOf(body))}.${alg === 'none' ? '' : 'c2ln'}`,
        );
        const { answer } = await signIn();
        expect([answer.status, answer.json().code]).toEqual([502, 'id_token_invalid']);
        expect(['alg', 'malformed']).toContain(answer.json().reason);
        await nobody();
      });

      test('ID-03 ID-04 HMAC with the public key or the client secret is refused', async () => {
        const publicKey = await exportSPKI(
          (await importJWK(emulator.state.key.jwk, 'RS256')) as CryptoKey,
        );
        for (const secret of [publicKey, emulator.env['KINDE_CLIENT_SECRET']!]) {
          replaced((body) => {
            const head = `${encode({ alg: 'HS256', kid: emulator.state.key.jwk.kid })}.${encode(claimsOf(body))}`;
            return `${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`;
          });
          await refused(502, 'id_token_invalid', 'alg');
        }
      });

      test('ID-05 another asymmetric algorithm is refused, even with a good signature', async () => {
        replaced((body) =>
          new SignJWT(claimsOf(body)).setProtectedHeader({ alg: 'ES256', kid: 'e' }).sign(elliptic),
        );
        await refused(502, 'id_token_invalid', 'alg');
      });

      test('ID-06 ID-07 a signature of another key, or a changed one, is refused without asking for keys again', async () => {
        await signIn();
        // Before anything is timed: a new key takes a while on a busy machine.
        await emulator.sign({}, { key: 'unpublished' });
        const before = emulator.requests.filter(({ path }) => path.includes('jwks')).length;
        withId({}, { key: 'unpublished' });
        await refused(502, 'id_token_invalid', 'signature');
        replaced((body) => `${(body['id_token'] as string).slice(0, -6)}AAAAAA`);
        await refused(502, 'id_token_invalid', 'signature');
        expect(
          emulator.requests.filter(({ path }) => path.includes('jwks')).length - before,
        ).toBeLessThanOrEqual(1);
      });

      test.each(['', 'x', 'a.b', 'a.b.', 'a.b.c.d', 'a.b.c.d.e'])(
        'ID-08 ID-40 %j is not a signed token',
        async (value) => {
          answering((body) => ({ ...body, id_token: value || '..' }));
          await refused(502, 'id_token_invalid', 'malformed');
        },
      );

      test.each(['unknown', '../../etc/passwd', "' OR 1=1--", 1, {}])(
        'ID-09 ID-10 the key id %j finds no key',
        async (kid) => {
          replaced((body) =>
            new SignJWT(claimsOf(body))
              .setProtectedHeader({ alg: 'RS256', kid: kid as string })
              .sign(stranger),
          );
          const { answer } = await signIn();
          expect(answer.json().code).toBe('id_token_invalid');
          expect(['key_not_found', 'malformed', 'signature']).toContain(answer.json().reason);
          await nobody();
        },
      );

      test('ID-11 ID-12 keys and key addresses in the header are not used', async () => {
        const trap = await trapped(async (url) => {
          const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
          const jwk = await crypto.subtle.exportKey('jwk', publicKey);
          for (const header of [{ jwk }, { jku: `${url}/jwks` }, { x5u: `${url}/x5u` }]) {
            replaced((body) =>
              new SignJWT(claimsOf(body))
                .setProtectedHeader({ alg: 'RS256', kid: 'k', ...(header as object) })
                .sign(privateKey),
            );
            const { answer } = await signIn();
            expect(answer.json().code).toBe('id_token_invalid');
            await nobody();
          }
        });
        expect(trap).toBe(0);
      });

      test.each([['exp'], ['x']])('ID-13 a critical header %j is refused', async (name) => {
        replaced((body) => {
          const parts = (body['id_token'] as string).split('.');
          return `${encode({ alg: 'RS256', kid: emulator.state.key.jwk.kid, crit: [name], [name]: 1 })}.${parts[1]}.${parts[2]}`;
        });
        await refused(502, 'id_token_invalid', 'crit');
      });

      test.each([
        ['ID-14', { iss: 'https://other.kinde.com' }, 'iss'],
        ['ID-15', { iss: 'ISS/' }, 'iss'],
        ['ID-15', { iss: 'ISS:443' }, 'iss'],
        ['ID-16', { iss: ['ISS'] as never }, 'iss'],
        ['ID-16', { iss: {} as never }, 'iss'],
        ['ID-17', { aud: 'other' }, 'aud'],
        ['ID-17', { aud: [] }, 'aud'],
        ['ID-17', { aud: '' }, 'aud'],
        ['ID-17', { aud: { 0: 'CID' } as never }, 'aud'],
        ['ID-19', { aud: ['CID', AUDIENCE], azp: undefined }, 'azp'],
        ['ID-20', { aud: ['CID', AUDIENCE], azp: 'other' }, 'azp'],
        ['ID-20', { azp: 'other' }, 'azp'],
        ['ID-21', { aud: ['CID', 'unknown'], azp: 'CID' }, 'aud'],
        ['ID-23', { exp: '9999999999' as never }, 'exp'],
        ['ID-23', { exp: 1e308 }, 'exp'],
        ['ID-23', { exp: -1 }, 'expired'],
        ['ID-23', { exp: true as never }, 'exp'],
        ['ID-26', { nbf: '0' as never }, 'nbf'],
        ['ID-27', { sub: '' }, 'sub'],
        ['ID-27', { sub: { a: 1 } as never }, 'sub'],
        ['ID-27', { sub: 1 as never }, 'sub'],
        ['ID-27', { sub: null as never }, 'sub'],
        ['ID-27', { sub: 'x'.repeat(300) }, 'sub'],
        ['ID-28', { nonce: 'other' }, 'nonce'],
        ['ID-28', { nonce: ['N'] }, 'nonce'],
        ['ID-28', { nonce: null }, 'nonce'],
        ['ID-30', { at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' }, 'at_hash'],
        ['ID-31', { at_hash: 5 }, 'at_hash'],
        ['ID-32', { c_hash: 'AAAAAAAAAAAAAAAAAAAAAA' }, 'c_hash'],
      ])('%s claims %j are refused', async (_id, change, reason) => {
        const fill = (value: unknown): unknown => {
          if (typeof value !== 'string') {
            return Array.isArray(value) ? value.map(fill) : value;
          }
          return value
            .replace('ISS', emulator.issuer)
            .replace('CID', emulator.env['KINDE_CLIENT_ID']!);
        };
        withId(
          Object.fromEntries(Object.entries(change).map(([name, value]) => [name, fill(value)])),
        );
        await refused(502, 'id_token_invalid', reason);
      });

      test.each([
        ['ID-16', 'iss'],
        ['ID-17', 'aud'],
        ['ID-23', 'exp'],
        ['ID-25', 'iat'],
        ['ID-27', 'sub'],
        ['ID-28', 'nonce'],
      ])('%s without %s it is refused', async (_id, name) => {
        withId(without(name));
        await refused(502, 'id_token_invalid', name);
      });

      test('ID-18 ID-21 an array of our id, and an audience we configured beside it, are fine', async () => {
        for (const aud of [
          [emulator.env['KINDE_CLIENT_ID']!],
          [emulator.env['KINDE_CLIENT_ID']!, AUDIENCE],
        ]) {
          withId({ aud });
          expect((await signIn()).answer.status).toBe(302);
        }
      });

      test('ID-22 it may be expired for less than the tolerance', async () => {
        withId({ iat: now() - 100, exp: now() - 50 });
        expect((await signIn()).answer.status).toBe(302);
        withId({ iat: now() - 100, exp: now() - 62 });
        await refused(502, 'id_token_invalid', 'expired');
      });

      test.each([
        ['ID-24 tomorrow', 86_400],
        ['ID-25 a week ago', -7 * 86_400],
      ])('%s is no time to be issued', async (_name, offset) => {
        withId((claims) => ({ ...claims, iat: now() + offset, exp: now() + offset + 90 * 86_400 }));
        await refused(502, 'id_token_invalid', 'iat');
      });

      test('ID-26 it is not valid before its time', async () => {
        withId({ nbf: now() + 3600 });
        await refused(502, 'id_token_invalid', 'nbf');
      });

      test('ID-29 ID-44 the nonce is that of this login, byte by byte', async () => {
        const other = new URL(
          (await createBrowser(app, emulator).open('/login')).location,
        ).searchParams.get('nonce')!;
        withId({ nonce: other });
        await refused(502, 'id_token_invalid', 'nonce');
        withId((claims) => ({ ...claims, nonce: `${String(claims['nonce'])}\u0000` }));
        await refused(502, 'id_token_invalid', 'nonce');
      });

      test('ID-33 of two equal members one counts, everywhere', async () => {
        const key = emulator.state.key;
        answering(async (body) => {
          const text = JSON.stringify(claimsOf(body)).replace('"sub":', '"sub":"kp_first","sub":');
          return {
            ...body,
            id_token: signRaw(key.privateKey, { alg: 'RS256', kid: key.jwk.kid }, text),
          };
        });
        await signIn();
        const { sub } = (await browser.open('/person')).json();
        expect(sub).toBe(emulator.state.people[0]!.id);
      });

      test.each(['not json', '[]', 'null', '"text"'])(
        'ID-34 the payload %j is refused',
        async (payload) => {
          const key = emulator.state.key;
          replaced(() => signRaw(key.privateKey, { alg: 'RS256', kid: key.jwk.kid }, payload));
          const { answer } = await signIn();
          expect(answer.json().code).toBe('id_token_invalid');
          await nobody();
        },
      );

      test('ID-35 one that is too large is not parsed', async () => {
        withId({ padding: 'x'.repeat(100_000) });
        await refused(502, 'response_invalid', 'too_large');
      });

      test('ID-36 members that look like prototypes change nothing', async () => {
        const key = emulator.state.key;
        answering(async (body) => {
          const text = JSON.stringify(claimsOf(body)).replace(
            '{',
            '{"__proto__":{"roles":["admin"]},"constructor":{"prototype":{"isAdmin":true}},',
          );
          return {
            ...body,
            id_token: signRaw(key.privateKey, { alg: 'RS256', kid: key.jwk.kid }, text),
          };
        });
        expect((await signIn()).answer.status).toBe(302);
        expect((await browser.open('/me')).json()).toMatchObject({ isAuthenticated: true });
        expect(({} as Body)['isAdmin']).toBeUndefined();
      });

      test('ID-37 ID-38 an access token is no ID token, nor is one marked as such', async () => {
        answering((body) => ({ ...body, id_token: body['access_token'] }));
        await refused(502, 'id_token_invalid', 'aud');
        withId({}, { header: { typ: 'at+jwt' } });
        await refused(502, 'id_token_invalid', 'typ');
      });

      test('ID-43 an access token about somebody else, or for another client, is refused with it', async () => {
        for (const change of [{ sub: 'kp_somebody' }, { azp: 'other' }]) {
          answering(async (body) => ({
            ...body,
            id_token: await emulator.sign(without('at_hash')(claimsOf(body))),
            access_token: await emulator.sign({ ...decodeJwt(body['access_token']), ...change }),
          }));
          await refused(502, 'access_token_invalid', Object.keys(change)[0]);
        }
      });

      test('ID-45 invalid UTF-8 never makes two readings of one name', async () => {
        const key = emulator.state.key;
        answering(async (body) => {
          const text = Buffer.from(
            JSON.stringify({ ...claimsOf(body), email: 'X' }).replace(
              '"email":"X"',
              '"email":"\xc3("',
            ),
            'latin1',
          );
          return {
            ...body,
            id_token: signRaw(key.privateKey, { alg: 'RS256', kid: key.jwk.kid }, text),
          };
        });
        const { answer } = await signIn();
        expect([302, 502]).toContain(answer.status);
        if (answer.status === 302) {
          expect((await browser.open('/me')).json().email).toBe('\ufffd(');
        }
      });
    });
  },
);

describe('what only the verbs can ask', () => {
  test('ID-39 a login with a maximum age needs a recent proof of who somebody is', async () => {
    const { createKinde } = await import('@kindling/core');
    const emulator = await createEmulator({ strict: true, siteUrl: SITE });
    const kinde = createKinde(optionsFor(emulator));
    const finish = async (change: JWTPayload) => {
      const started = await kinde.login(
        { method: 'GET', url: '/login', headers: new Headers() },
        { maxAge: 300 },
      );
      expect(new URL(started.location).searchParams.get('max_age')).toBe('300');
      const back = await emulator.signIn(started.location, { email: ADA });
      emulator.faults.once('/oauth2/token', async (_request, next) => {
        const body = (await (await next()).json()) as Body;
        return Response.json({
          ...body,
          id_token: await emulator.sign({ ...decodeJwt(body['id_token']), ...change }),
        });
      });
      const cookie = started.cookies.map((line) => line.split(';')[0]).join('; ');
      return kinde.callback({ method: 'GET', url: back.href, headers: new Headers({ cookie }) });
    };
    await expect(finish({ auth_time: undefined })).rejects.toMatchObject({
      code: 'id_token_invalid',
      reason: 'auth_time',
    });
    // Kinde did not ask the person again: it is asked to, once (FD-26).
    const again = await finish({ auth_time: Math.floor(Date.now() / 1000) - 1000 });
    expect(new URL(again.location).searchParams.get('prompt')).toBe('login');
    expect(new URL(again.location).searchParams.get('max_age')).toBe('300');
    await expect(finish({})).resolves.toMatchObject({ location: `${SITE}/` });
  });

  test('ID-41 ID-42 a profile about somebody else is refused, and no foreign claim source is asked', async () => {
    const { createKinde } = await import('@kindling/core');
    const emulator = await createEmulator({ strict: true, siteUrl: SITE });
    const kinde = createKinde(optionsFor(emulator));
    const started = await kinde.login({ method: 'GET', url: '/login', headers: new Headers() });
    const back = await emulator.signIn(started.location, { email: ADA });
    const cookieOf = (lines: readonly string[]) => ({
      cookie: lines.map((line) => line.split(';')[0]).join('; '),
    });
    const done = await kinde.callback({
      method: 'GET',
      url: back.href,
      headers: new Headers(cookieOf(started.cookies)),
    });
    const { auth } = await kinde.authenticate({
      method: 'GET',
      url: '/',
      headers: new Headers(cookieOf(done.cookies)),
    });
    if (!auth.isAuthenticated) {
      throw new Error('not signed in');
    }
    expect(await auth.profile()).toMatchObject({ email: ADA });
    emulator.faults.once('/oauth2/v2/user_profile', () =>
      Response.json({ sub: 'kp_somebody', email: 'x' }),
    );
    await expect(auth.profile()).rejects.toMatchObject({ code: 'profile_invalid' });
    const trap = await trapped(async (url) => {
      emulator.faults.once('/oauth2/v2/user_profile', () =>
        Response.json({
          sub: auth.user.id,
          _claim_names: { a: 's' },
          _claim_sources: { s: { endpoint: url } },
        }),
      );
      await auth.profile();
    });
    expect(trap).toBe(0);
  });
});

/** How many requests a server got that nobody should ask. */
async function trapped(work: (url: string) => Promise<void>): Promise<number> {
  let asked = 0;
  const trap = createServer((_request, response) => {
    asked += 1;
    response.end('{}');
  });
  await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve));
  await work(`http://127.0.0.1:${(trap.address() as AddressInfo).port}`);
  trap.close();
  return asked;
}

/** A token over exactly these bytes. */
function signRaw(key: KeyObject, header: object, payload: string | Uint8Array): string {
  const head = `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${Buffer.from(payload as string).toString('base64url')}`;
  return `${head}.${sign('sha256', Buffer.from(head), key).toString('base64url')}`;
}
