import { createServer as createHttp } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createEmulator, type Emulator, type FaultHandler } from '@kindling/emulator';
import { decodeJwt } from 'jose';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { deadlineIn } from '../../src/clock.js';
import { resolveConfig } from '../../src/options/config.js';
import type { KindeError } from '../../src/errors.js';
import { createOAuth, type OAuth, type Tokens, type Unjudged } from '../../src/oauth/client.js';

const TOKEN = '/oauth2/token';
const JWKS = '/.well-known/jwks';
const DISCOVERY = '/.well-known/openid-configuration';
const DAY = 86_400;

let emulator: Emulator;
let oauth: OAuth;
let tokens: Tokens;
const start = (fetch = emulator.fetch) =>
  createOAuth(
    resolveConfig({
      issuer: emulator.issuer,
      clientId: emulator.env['KINDE_CLIENT_ID']!,
      clientSecret: emulator.env['KINDE_CLIENT_SECRET']!,
      siteUrl: 'https://app.example',
      secret: '0123456789abcdefghijklmnopqrstuvwxyz-test',
      timeout: 1,
      fetch,
    }),
  );
const checks = { state: 's'.repeat(20), nonce: 'n'.repeat(20), codeVerifier: 'v'.repeat(43) };
const callback = async () =>
  (await emulator.signIn(await oauth.startLogin(checks, {}), { email: 'ada@example.com' }))
    .searchParams;
beforeEach(async () => {
  emulator = await createEmulator({
    strict: true,
    siteUrl: 'https://app.example',
    issuer: 'https://acme.kinde.example',
  });
  oauth = start();
  tokens = await oauth.finishLogin(await callback(), checks);
});
afterEach(() => void vi.useRealTimers());

const clock = (seconds: number) =>
  vi.useFakeTimers({ now: Date.now() + seconds * 1000, toFake: ['Date'] });
const calls = (path: string) => emulator.requests.filter((request) => request.path === path).length;
const failure = (work: Promise<unknown>) =>
  work.then(
    () => expect.unreachable(),
    (error: unknown) => error as KindeError,
  );
const unjudged = async (work: Promise<unknown>) => {
  const found = await work;
  expect(found).toHaveProperty('unjudged');
  return JSON.parse(JSON.stringify(found)) as Unjudged;
};
const changing =
  (change: (body: Record<string, any>) => unknown): FaultHandler =>
  async (_request, next) =>
    Response.json(await change((await (await next()).json()) as Record<string, any>));

describe('an answer that cannot be judged now', () => {
  test('OP-04 under a key that is not published yet is kept, and right once it is', async () => {
    const published = { keys: [emulator.state.key.jwk] };
    emulator.faults.always(JWKS, () => Response.json(published));
    await emulator.rotateKeys();
    const kept = await unjudged(oauth.refresh(tokens));
    expect(kept.unjudged.reason).toBe('key_not_found');
    expect(await unjudged(oauth.judge(kept, tokens))).toMatchObject({
      unjudged: { reason: 'key_not_found' },
    });
    emulator.faults.clear();
    const judged = (await oauth.judge(kept, tokens)) as Tokens;
    expect(judged.refreshToken).toBe(kept.unjudged.refreshToken);
    expect(await oauth.refresh(judged)).toHaveProperty('accessToken');
  });

  test('OP-04 while the keys cannot be had is kept, and judged when they can', async () => {
    await emulator.rotateKeys();
    emulator.faults.always(JWKS, () => new Response('', { status: 503 }));
    const kept = await unjudged(oauth.refresh(tokens));
    expect(kept.unjudged.reason).toBe('server_error');
    emulator.faults.clear();
    expect(await oauth.judge(kept, tokens)).toHaveProperty('accessToken');
  });

  test.each([
    ['OP-05 a minute and a half behind', -90, 'iat'],
    ['OP-05 an hour behind', -3600, 'iat'],
    ['OP-05 two days ahead', 2 * DAY, 'expired'],
  ])('%s is kept, and right when the clock is', async (_name, seconds, reason) => {
    const time = Date.now();
    clock(seconds);
    const answer = changing(async (body) => {
      const at = Math.floor(time / 1000);
      const dated = async (token: string, lifetime: number) =>
        emulator.sign({ ...decodeJwt(token), iat: at, exp: at + lifetime });
      const access = await dated(body['access_token'], DAY);
      const { at_hash: _hash, ...id } = decodeJwt(body['id_token']);
      return {
        ...body,
        access_token: access,
        id_token: await emulator.sign({ ...id, iat: at, exp: at + 3600 }),
      };
    });
    emulator.faults.once(TOKEN, answer);
    const kept = await unjudged(oauth.refresh(tokens));
    expect(kept.unjudged.reason).toBe(reason);
    vi.useRealTimers();
    expect(await oauth.judge(kept, tokens)).toHaveProperty('accessToken');
  });

  test('OP-04 for so long that its tokens ended is no forgery: its refresh token goes on', async () => {
    const published = { keys: [emulator.state.key.jwk] };
    emulator.faults.always(JWKS, () => Response.json(published));
    await emulator.rotateKeys();
    const kept = await unjudged(oauth.refresh(tokens));
    clock(2 * DAY);
    emulator.faults.clear();
    const judged = (await oauth.judge(kept, tokens)) as Tokens;
    expect(judged.expiresAt).toBeLessThan(Date.now() / 1000);
    expect(await oauth.refresh(judged)).toHaveProperty('accessToken');
  });

  test.each([
    ['a wrong signature', (id: object) => emulator.sign({ ...id }, { key: 'unpublished' })],
    ['another issuer', (id: object) => emulator.sign({ ...id, iss: 'https://evil.example' })],
    ['another audience', (id: object) => emulator.sign({ ...id, aud: 'other' })],
    ['another party', (id: object) => emulator.sign({ ...id, azp: 'other' })],
    ['another person', (id: object) => emulator.sign({ ...id, sub: 'kp_other' })],
  ])('OP-04 %s is a forgery, also in an answer that was kept', async (_name, forge) => {
    // Before anything is timed: a new key takes a while on a busy machine.
    await forge({});
    const forged = changing(async (body) => ({
      ...body,
      id_token: await forge(decodeJwt(body['id_token'])),
    }));
    emulator.faults.once(TOKEN, forged);
    expect(await oauth.refresh(tokens)).toBe('refused');
    const id = await forge(decodeJwt(tokens.idToken));
    expect(
      await oauth.judge(
        { unjudged: { accessToken: tokens.accessToken, idToken: id, reason: 'iat' } },
        tokens,
      ),
    ).toBe('refused');
  });

  test('OP-04 nothing can be judged without keys', async () => {
    const fresh = start();
    emulator.faults.always(JWKS, () => new Response('', { status: 500 }));
    const kept = {
      unjudged: { accessToken: tokens.accessToken, idToken: tokens.idToken, reason: 'iat' },
    };
    expect(await failure(fresh.judge(kept, tokens))).toMatchObject({
      code: 'keys_unavailable',
    });
  });
});

describe('what was sent', () => {
  test.each<[string, string, FaultHandler]>([
    ['the configuration', DISCOVERY, () => new Response('', { status: 500 })],
    ['the configuration', DISCOVERY, () => new Promise<never>(() => {})],
    ['the keys', JWKS, () => new Response('', { status: 500 })],
    ['the keys', JWKS, () => new Promise<never>(() => {})],
  ])('OP-03 nothing, where %s cannot be had', async (_name, path, fault) => {
    const fresh = start();
    const before = calls(TOKEN);
    const query = await callback();
    emulator.faults.always(path, fault);
    expect(oauth.isUnspent(await failure(fresh.refresh(tokens)))).toBe(false); // of the other
    for (const work of [() => fresh.refresh(tokens), () => fresh.finishLogin(query, checks)]) {
      expect(fresh.isUnspent(await failure(work()))).toBe(true);
    }
    expect(calls(TOKEN)).toBe(before);
  });

  test('OP-06 nothing, where no time is left to hear the answer', async () => {
    const before = calls(TOKEN);
    for (const seconds of [-1, 0, 0.1]) {
      const error = await failure(oauth.refresh(tokens, deadlineIn(seconds)));
      expect([error.code, error.reason, error.headers['retry-after']]).toEqual([
        'kinde_unavailable',
        'not_sent',
        '1',
      ]);
      expect(oauth.isUnspent(error)).toBe(true);
    }
    expect(calls(TOKEN)).toBe(before);
  });

  test('OP-06 a request waits until its deadline, not for the whole time-out', async () => {
    emulator.faults.once(TOKEN, () => new Promise<never>(() => {}));
    const before = performance.now();
    const error = await failure(oauth.refresh(tokens, deadlineIn(0.4)));
    expect([error.code, oauth.isUnspent(error)]).toEqual(['kinde_timeout', false]);
    expect(performance.now() - before).toBeLessThan(900);
  });

  test('OP-05 a rate limit is kept to for as long as it says, whatever the clock does meanwhile', async () => {
    emulator.faults.once(
      TOKEN,
      () => new Response('', { status: 429, headers: { 'retry-after': '9999' } }),
    );
    expect(oauth.isUnspent(await failure(oauth.refresh(tokens)))).toBe(true);
    clock(-3600);
    const error = await failure(oauth.refresh(tokens));
    expect([error.code, Number(error.headers['retry-after']) <= 300]).toEqual(['kinde_busy', true]);
    const passed = performance.now() + 301_000;
    const spy = vi.spyOn(performance, 'now').mockImplementation(() => passed);
    vi.useRealTimers();
    expect(await oauth.refresh(tokens, passed + 5000)).toHaveProperty('accessToken');
    spy.mockRestore();
  });

  const sockets: Server[] = [];
  afterEach(() => sockets.splice(0).forEach((server) => server.close()));
  const listen = async (server: Server) => {
    sockets.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  };
  const onData = (end: (socket: Socket) => void) =>
    createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => end(socket));
    });
  const closedPort = async () => {
    const server = createServer();
    const port = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    return port;
  };

  test.each<[string, () => Promise<string>, boolean, string]>([
    [
      'a port where nobody listens',
      async () => `http://127.0.0.1:${await closedPort()}`,
      true,
      'network',
    ],
    ['a name that does not exist', async () => 'http://nobody.invalid', true, 'network'],
    [
      'a server without TLS',
      async () => `https://127.0.0.1:${await listen(createHttp())}`,
      true,
      'network',
    ],
    [
      'a server that closes',
      async () => `http://127.0.0.1:${await listen(onData((socket) => socket.destroy()))}`,
      false,
      'network',
    ],
    [
      'a server that resets',
      async () => `http://127.0.0.1:${await listen(onData((socket) => socket.resetAndDestroy()))}`,
      false,
      'network',
    ],
    [
      'an answer that breaks off',
      async () =>
        `http://127.0.0.1:${await listen(
          onData((socket) => {
            socket.write(
              'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{"access',
            );
            setTimeout(() => socket.destroy(), 50);
          }),
        )}`,
      false,
      'answer_cut',
    ],
  ])(
    'OP-06 by a real connection to %s is known for what it is',
    async (_name, find, isUnspent, reason) => {
      const origin = await find();
      const real: typeof fetch = async (input, init) =>
        String(input).endsWith(TOKEN) ? fetch(`${origin}/`, init) : emulator.fetch(input, init);
      const fresh = start(real);
      const error = await failure(fresh.refresh(tokens));
      expect([error.code, error.reason, fresh.isUnspent(error)]).toEqual([
        'kinde_unreachable',
        reason,
        isUnspent,
      ]);
      expect(JSON.stringify(error)).not.toContain(tokens.refreshToken);
    },
  );

  test('OP-06 what a runtime says in words of its own may have been sent', async () => {
    emulator.faults.always(TOKEN, () =>
      Promise.reject(Object.assign(new Error('ConnectionClosed'), { code: 'Closed' })),
    );
    expect(oauth.isUnspent(await failure(oauth.refresh(tokens)))).toBe(false);
    for (const other of [undefined, null, 1, 'x', new Error('x')]) {
      expect(oauth.isUnspent(other)).toBe(false);
    }
  });

  test('OP-06 nothing, while the circuit is open', async () => {
    emulator.faults.always(TOKEN, () => new Response('', { status: 503 }));
    for (let count = 0; count < 5; count++) {
      expect(oauth.isUnspent(await failure(oauth.refresh(tokens)))).toBe(false);
    }
    const before = calls(TOKEN);
    for (const work of [() => oauth.refresh(tokens), () => oauth.startLogin(checks, {})]) {
      const error = await failure(work());
      expect([error.code, error.statusCode, error.reason]).toEqual([
        'kinde_unavailable',
        503,
        'circuit_open',
      ]);
      expect(oauth.isUnspent(error)).toBe(true);
    }
    expect(calls(TOKEN)).toBe(before);
  });

  test('OP-06 the sync answer goes on while the keys are away, and a process that was never told asks', async () => {
    expect(oauth.keySetVersion()).toBe(1);
    emulator.faults.always(JWKS, () => Promise.reject(new TypeError('fetch failed')));
    clock(1200);
    expect(oauth.keySetVersion()).toBeUndefined();
    await oauth.judge({ unjudged: { accessToken: 'opaque', reason: 'iat' } }, tokens);
    expect(oauth.keySetVersion()).toBe(1);
    clock(4 * 3600);
    expect(oauth.keySetVersion()).toBeUndefined();
  });
});
