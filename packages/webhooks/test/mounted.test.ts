import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { inspect } from 'node:util';
import { memoryStore, type SessionStore } from '@kindling/core';
import { createEmulator, type Emulator } from '@kindling/emulator';
import * as express from '@kindling/express';
import * as fastify from '@kindling/fastify';
import { managementFromEnv, type Management } from '@kindling/management';
import { createWebhooks, type WebhookOptions, type WebhookProblem } from '@kindling/webhooks';
import createExpress from 'express';
import createFastify from 'fastify';
import { exportSPKI, generateKeyPair, importJWK, SignJWT, type CryptoKey } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { frameworks, optionsFor, SITE } from '../../../test/kit/apps.js';
import { createBrowser, type Browser } from '../../../test/kit/browser.js';
import { send, type Answer } from '../../../test/kit/http.js';

const PATH = '/webhooks/kinde';
/** A promise that is kept from outside. */
const signal = () => {
  let resolve!: () => void;
  return { promise: new Promise<void>((keep) => (resolve = keep)), resolve: () => resolve() };
};
const ADA = 'ada@example.com';
const GRACE = 'grace@example.com';

describe.each(Object.keys(frameworks))('webhooks, on %s', (framework) => {
  let emulator: Emulator;
  let other: Emulator;
  let apps: Server[];
  let seen: any[];
  let problems: WebhookProblem[];
  beforeAll(async () => {
    [emulator, other] = await Promise.all([
      createEmulator({ strict: true, siteUrl: SITE }),
      createEmulator({ strict: true, siteUrl: SITE, issuer: 'https://other.kinde.example' }),
    ]);
    await other.rotateKeys();
  });
  beforeEach(() => ([apps, seen, problems] = [[], [], []]));
  afterEach(() => {
    vi.useRealTimers();
    emulator.faults.clear();
    for (const app of apps) {
      app.closeAllConnections();
      app.close();
    }
  });
  afterAll(async () => void (await Promise.all([emulator.close(), other.close()])));

  const receiver = (options: Partial<WebhookOptions> = {}) =>
    createWebhooks({
      on: { 'user.created': (event) => void seen.push(event) },
      otherwise: (event) => void seen.push(event),
      onProblem: (problem) => void problems.push(problem),
      ...options,
    });
  const start = async (
    options: Partial<WebhookOptions> = {},
    session: { store?: SessionStore; shared?: SessionStore } = {},
  ) => {
    const app = await frameworks[framework]!(
      optionsFor(emulator, { webhooks: receiver(options), session }),
    );
    apps.push(app);
    return app;
  };
  const id = () => `event_${crypto.randomUUID().replaceAll('-', '')}`;
  const event = (change: Record<string, unknown> = {}) => ({
    type: 'user.created',
    event_id: id(),
    source: 'api',
    timestamp: new Date().toISOString(),
    event_timestamp: new Date().toISOString(),
    data: {
      user: {
        id: 'kp_7d1b0e4c',
        email: 'new@example.com',
        first_name: null,
        is_suspended: false,
        organizations: [
          { code: 'org_1', roles: [{ id: 'role_1', key: 'admin' }], permissions: null },
        ],
      },
    },
    ...change,
  });
  const signed = (change?: Record<string, unknown>, options?: Parameters<Emulator['sign']>[1]) =>
    emulator.sign(event(change), options);
  const post = (app: Server, body: string, headers: Record<string, string> = {}): Promise<Answer> =>
    send(app, PATH, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/jwt', 'webhook-id': 'webhook_1', ...headers },
    });
  const refused = async (
    app: Server,
    body: string,
    headers?: Record<string, string>,
    status = 400,
  ) => {
    const answer = await post(app, body, headers);
    expect(answer.status).toBe(status);
    expect(Object.keys(answer.json()).sort()).toEqual(['status', 'title']);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(seen).toEqual([]);
    return problems.at(-1)!.reason;
  };

  test('WH-01 an event that Kinde signed reaches the handler of its type, once and typed', async () => {
    const app = await start({
      on: {
        'user.created': ({ data: { user } }) =>
          void seen.push([user.email, user.organizations?.[0]?.roles?.[0]?.key]),
      },
    });
    const answer = await post(app, await signed());
    expect([answer.status, answer.body, answer.headers['cache-control']]).toEqual([
      200,
      '',
      'no-store',
    ]);
    expect(seen).toEqual([['new@example.com', 'admin']]);
    expect(answer.setCookies).toEqual([]);
    expect(
      (await post(app, `"${await signed()}"\n`, { 'content-type': 'application/json' })).status,
    ).toBe(200);
    expect([seen.length, problems]).toEqual([2, []]);
  });

  test('WH-02 an empty body, something else and too much are refused', async () => {
    const app = await start();
    for (const body of ['', 'hello', '{}', 'a.b.c', 'null', '..', `${await signed()}.x`]) {
      expect(['malformed', 'alg']).toContain(await refused(app, body));
    }
    expect(await refused(app, 'a'.repeat(256 * 1024 + 1), {}, 413)).toBe('too_large');
  });

  test('WH-02 of a body without an end no more is read than fits', async () => {
    const app = await start();
    const { port } = app.address() as { port: number };
    let sent = 0;
    const chunk = new TextEncoder().encode('a'.repeat(16 * 1024));
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        controller.enqueue(chunk);
        sent += chunk.length;
        await new Promise(setImmediate);
      },
    });
    const response = await fetch(`http://127.0.0.1:${port}${PATH}`, {
      method: 'POST',
      headers: { 'content-type': 'application/jwt', 'webhook-id': 'w' },
      body,
      duplex: 'half',
    } as RequestInit);
    expect(response.status).toBe(413);
    expect(sent).toBeLessThan(16 * 1024 * 1024);
  });

  test('WH-03 other algorithms, foreign keys and headers that bring their own key are refused', async () => {
    const app = await start();
    const kid = emulator.state.key.jwk.kid!;
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
    const pem = await exportSPKI((await importJWK(emulator.state.key.jwk, 'RS256')) as CryptoKey);
    const head = `${encode({ alg: 'HS256', kid })}.${encode(event())}`;
    const elliptic = await generateKeyPair('ES256');
    const own = await generateKeyPair('RS256');
    const jku = 'https://trap.example/jwks';
    const before = emulator.requests.length;
    const bad: [string, string][] = [
      [`${encode({ alg: 'none', kid })}.${encode(event())}.`, 'malformed'],
      [`${encode({ alg: 'none', kid })}.${encode(event())}.eA`, 'alg'],
      [`${head}.${createHmac('sha256', pem).update(head).digest('base64url')}`, 'alg'],
      [
        await new SignJWT(event())
          .setProtectedHeader({ alg: 'ES256', kid })
          .sign(elliptic.privateKey),
        'alg',
      ],
      [
        await new SignJWT(event())
          .setProtectedHeader({ alg: 'PS256', kid })
          .sign(own.privateKey)
          .catch(() => 'x'),
        'malformed',
      ],
      [await signed({}, { header: { jwk: emulator.state.key.jwk } }), 'header'],
      [await signed({}, { header: { jku } }), 'header'],
      [await signed({}, { header: { x5u: jku } }), 'header'],
      [await signed({}, { header: { typ: 'at+jwt' } }), 'typ'],
      [await signed({}, { header: { kid: '' } }), 'kid'],
    ];
    for (const [token, reason] of bad) {
      expect(await refused(app, token)).toBe(reason);
    }
    expect(emulator.requests.length).toBe(before);
    expect(await refused(app, await signed({}, { key: 'unpublished' }))).toBe('signature');
    const [first, , last] = (await signed()).split('.');
    expect(await refused(app, `${first}.${encode(event())}.${last}`)).toBe('signature');
  });

  test('WH-04 another tenant cannot send events', async () => {
    const app = await start();
    // Nobody can tell such a key from one that Kinde signs with since a moment ago.
    expect(await refused(app, await other.sign(event()), undefined, 503)).toBe('key_unknown');
  });

  test('WH-05 an issuer, where one is named, must be ours', async () => {
    const app = await start();
    for (const iss of ['https://evil.example', `${emulator.issuer}/`, null, ['x']]) {
      expect(['iss', 'signature']).toContain(await refused(app, await signed({ iss })));
    }
    expect((await post(app, await signed({ iss: emulator.issuer }))).status).toBe(200);
  });

  test('WH-06 tokens of the same tenant are no events, even with an event’s claims in them', async () => {
    const app = await start();
    const now = Math.floor(Date.now() / 1000);
    const common = { iss: emulator.issuer, iat: now, exp: now + 60 };
    const access = { ...common, sub: 'kp_1', aud: [], azp: 'client', scp: ['openid'] };
    const idToken = { ...common, sub: 'kp_1', aud: ['client'], nonce: 'n', at_hash: 'h' };
    const machine = {
      ...common,
      aud: ['https://api.example'],
      azp: 'client',
      gty: ['client_credentials'],
      scp: [],
    };
    for (const claims of [access, idToken, machine, common]) {
      expect(await refused(app, await emulator.sign(claims))).toBe('kind');
    }
    for (const claims of [access, idToken, machine]) {
      expect(await refused(app, await signed(claims))).toBe('kind');
    }
    for (const name of [
      'sub',
      'aud',
      'azp',
      'scp',
      'scope',
      'gty',
      'nonce',
      'at_hash',
      'auth_time',
      'events',
    ]) {
      expect(['kind', 'signature']).toContain(await refused(app, await signed({ [name]: 'x' })));
    }
    expect(await refused(app, await signed({ exp: now - 3600 }))).toBe('signature');
  });

  test.each([
    ['type', undefined, 'kind'],
    ['type', 7, 'kind'],
    ['type', ['user.created'], 'kind'],
    ['type', '', 'kind'],
    ['event_id', undefined, 'kind'],
    ['event_id', 7, 'kind'],
    ['event_id', '', 'kind'],
    ['event_id', 'x'.repeat(256), 'kind'],
    ['data', undefined, 'data'],
    ['data', null, 'data'],
    ['data', 'text', 'data'],
    ['data', [], 'data'],
    ['data', {}, 'data'],
    ['data', { user: { id: 7 } }, 'data'],
    ['data', { user: { id: '' } }, 'data'],
    ['data', { user: { id: 'kp_1', organizations: {} } }, 'data'],
    ['data', { user: { id: 'kp_1', organizations: [{ code: 'org_1', roles: [null] }] } }, 'data'],
    ['timestamp', 1_800_000_000, 'timestamp'],
    ['timestamp', 'yesterday', 'timestamp'],
    ['timestamp', '2026-13-45T99:99:99Z', 'timestamp'],
  ])('WH-07 an event with the %s %j is refused', async (name, value, reason) => {
    expect(await refused(await start(), await signed({ [name]: value }))).toBe(reason);
  });

  test('WH-07 what is allowed to be missing or null may be', async () => {
    const app = await start();
    const data = { user: { id: 'kp_1', organizations: null, unknown: { more: true } } };
    expect((await post(app, await signed({ data, timestamp: undefined, extra: 1 }))).status).toBe(
      200,
    );
    expect(seen[0]).toMatchObject({ data, extra: 1, timestamp: expect.any(String) });
  });

  test('WH-08 an old event is refused, and one of the future', async () => {
    const app = await start();
    const at = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();
    for (const [seconds, reason] of [
      [-310, 'stale'],
      [-86_400, 'stale'],
      [90, 'timestamp'],
    ] as const) {
      expect(await refused(app, await signed({ timestamp: at(seconds) }))).toBe(reason);
    }
    expect((await post(app, await signed({ timestamp: at(-290) }))).status).toBe(200);
    expect((await post(app, await signed({ timestamp: at(30) }))).status).toBe(200);
  });

  test('WH-08 with acceptRetries an event may be 36 hours old, where a store remembers what was handled', async () => {
    const at = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();
    const app = await start({ acceptRetries: true }, { store: memoryStore() });
    const token = await signed({ timestamp: at(35.9) });
    expect(await refused(app, await signed({ timestamp: at(37) }))).toBe('stale');
    expect([(await post(app, token)).status, (await post(app, token)).status, seen.length]).toEqual(
      [200, 200, 1],
    );
    const forgetful = await start({ acceptRetries: true });
    expect([(await post(forgetful, await signed())).status, seen.length]).toEqual([500, 1]);
  });

  test.each(['in this process', 'in the session store'])(
    'WH-09 a delivery that is repeated is answered, not handled again (%s)',
    async (where) => {
      const app = await start({}, where === 'in this process' ? {} : { store: memoryStore() });
      const token = await signed();
      for (let attempt = 0; attempt < 3; attempt++) {
        expect((await post(app, token)).status).toBe(200);
      }
      expect(seen.length).toBe(1);
    },
  );

  test('WH-10 a captured body with a new webhook-id is the same event', async () => {
    const app = await start();
    const token = await signed();
    for (const header of ['webhook_1', 'webhook_2', 'webhook_3']) {
      expect((await post(app, token, { 'webhook-id': header })).status).toBe(200);
    }
    expect(seen.length).toBe(1);
  });

  test('WH-10 the header is not signed: with that of another delivery nobody can keep an event from arriving', async () => {
    const app = await start();
    expect((await post(app, await signed(), { 'webhook-id': 'webhook_next' })).status).toBe(200);
    expect((await post(app, await signed(), { 'webhook-id': 'webhook_next' })).status).toBe(200);
    expect(seen.length).toBe(2);
  });

  test('WH-11 without a usable webhook-id nothing is handled', async () => {
    const app = await start();
    const token = await signed();
    const headers = { 'content-type': 'application/jwt' };
    const ask = (more: Record<string, string | string[]>) =>
      send(app, PATH, { method: 'POST', body: token, headers: { ...headers, ...more } });
    for (const more of [
      {},
      { 'webhook-id': '' },
      { 'webhook-id': 'x'.repeat(10_000) },
      { 'webhook-id': ['a', 'b'] },
    ]) {
      expect((await ask(more)).status).toBe(400);
    }
    expect(new Set(problems.map(({ reason }) => reason))).toEqual(new Set(['webhook_id']));
    expect(seen).toEqual([]);
  });

  test('WH-12 a handler that throws makes Kinde try again, and the next try counts', async () => {
    let attempts = 0;
    const handler = () => {
      attempts += 1;
      if (attempts < 3) {
        throw new Error('the database is away');
      }
    };
    const app = await start({ on: { 'user.created': handler } }, { store: memoryStore() });
    const token = await signed();
    const statuses = [];
    for (let attempt = 0; attempt < 4; attempt++) {
      statuses.push((await post(app, token)).status);
    }
    expect([statuses, attempts]).toEqual([[500, 500, 200, 200], 3]);
    expect(problems[0]).toMatchObject({
      status: 500,
      reason: 'handler',
      type: 'user.created',
      eventId: /^event_/.exec(problems[0]!.eventId!)?.input,
    });
    expect((problems[0]!.error as Error).message).toBe('the database is away');
  });

  test('WH-13 a handler that takes too long is answered with 504; it runs once, and counts when it is done', async () => {
    let calls = 0;
    let stop: AbortSignal | undefined;
    const started = signal();
    const done = signal();
    const app = await start({
      on: {
        'user.created': (_event, context) => {
          calls += 1;
          stop = context.signal;
          started.resolve();
          return done.promise;
        },
      },
    });
    const token = await signed();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const first = post(app, token);
    await started.promise;
    vi.advanceTimersByTime(10_000);
    expect([(await first).status, calls, stop!.aborted, problems[0]!.reason]).toEqual([
      504,
      1,
      true,
      'timeout',
    ]);
    const second = post(app, token);
    done.resolve();
    expect([(await second).status, calls]).toEqual([200, 1]);
    expect([(await post(app, token)).status, calls]).toEqual([200, 1]);
  });

  test('FD-29 OP-20 a modulus that is short behind its zeros is no key', async () => {
    const app = await start();
    const { n = '', ...key } = emulator.state.key.jwk;
    // A number of 1,024 bits, in as many characters as one of 2,048.
    const short = { ...key, n: 'A'.repeat(n.length / 2) + n.slice(n.length / 2) };
    emulator.faults.always('/.well-known/jwks', () => Response.json({ keys: [short] }));
    expect([(await post(app, await signed())).status, problems.at(-1)!.reason]).toEqual([
      503,
      'key_unknown',
    ]);
  });

  test('WH-14 without Kinde’s keys nothing is handled, and Kinde is asked to try again', async () => {
    const app = await start();
    const token = await signed();
    const broken = [
      () => Promise.reject(new TypeError('fetch failed')),
      () => new Response('no', { status: 500 }),
      () => new Response(null, { status: 302, headers: { location: 'https://trap.example' } }),
      () => new Response('not json'),
      () => Response.json({ keys: 'none' }),
      () => new Response(`{"keys":[],"x":"${'x'.repeat(300_000)}"}`),
    ];
    for (const answer of broken) {
      emulator.faults.once('/.well-known/jwks', answer);
      const { status, headers } = await post(app, token);
      expect([status, headers['retry-after'], problems.at(-1)!.reason]).toEqual([
        503,
        '5',
        'keys_unavailable',
      ]);
    }
    expect(seen).toEqual([]);
    expect([(await post(app, token)).status, seen.length]).toEqual([200, 1]);
  });

  /** An app in which something else gets at the bodies first. */
  const startBehind = async (first: createExpress.RequestHandler, thrown: unknown[]) => {
    const options = optionsFor(emulator, { webhooks: receiver() });
    if (framework === 'express') {
      const server = createExpress();
      server.use(first, express.kinde(options));
      server.use(((error, _req, res, _next) => {
        thrown.push(error);
        res.sendStatus(error.statusCode);
      }) as createExpress.ErrorRequestHandler);
      const app = createServer(server);
      apps.push(app);
      await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
      return app;
    }
    const server = createFastify();
    server.addHook('onRequest', async ({ raw }, { raw: response }) => {
      await new Promise<void>(
        (resolve) => void first(raw as never, response as never, () => resolve()),
      );
    });
    server.setErrorHandler((error: { statusCode: number }, _request, reply) => {
      thrown.push(error);
      return reply.code(error.statusCode).send('');
    });
    await server.register(fastify.kinde, options);
    await server.listen({ host: '127.0.0.1', port: 0 });
    apps.push(server.server);
    return server.server;
  };

  test.each([
    ['read', (req, _res, next) => void req.on('data', () => {}).on('end', next)],
    ['parsed', createExpress.urlencoded({ type: '*/*', extended: false })],
  ] as [string, createExpress.RequestHandler][])(
    'WH-15 a body that something else has %s is a mistake that says what to do',
    async (_how, first) => {
      const thrown: unknown[] = [];
      const app = await startBehind(first, thrown);
      const token = await signed();
      expect((await post(app, token)).status).toBe(500);
      expect(thrown).toMatchObject([
        { code: 'body_consumed', message: expect.stringMatching(/before body parsers/) },
      ]);
      expect(inspect(thrown)).not.toContain(token.slice(0, 20));
      expect(seen).toEqual([]);
    },
  );

  test('WH-15 a parser that keeps the text, or is not for webhooks, is no harm', async () => {
    const parsers =
      framework === 'express'
        ? [createExpress.text({ type: '*/*' }), createExpress.raw({ type: '*/*' })]
        : [];
    for (const first of [createExpress.json(), ...parsers]) {
      const app = await startBehind(first, []);
      expect((await post(app, await signed())).status).toBe(200);
      expect((await post(app, await signed({}, { key: 'unpublished' }))).status).toBe(400);
    }
    expect(seen.length).toBe(framework === 'express' ? 3 : 1);
  });

  test.each([
    'application/json\t;x',
    '',
    'multipart/form-data; boundary=x',
    'application/jwt2',
    'text/html',
    'text/jwt',
  ])('WH-16 the content type %j is not one that webhooks have', async (type) => {
    const app = await start();
    expect((await post(app, await signed(), { 'content-type': type })).status).toBe(415);
    expect(seen).toEqual([]);
  });

  test('WH-16 of the types that webhooks had and have, the signature decides', async () => {
    const app = await start();
    const types = [
      'application/jwt',
      'application/json',
      'APPLICATION/JWT; charset=utf-8',
      'text/plain',
    ];
    for (const type of types) {
      expect((await post(app, await signed(), { 'content-type': type })).status).toBe(200);
    }
    expect(seen.length).toBe(4);
    for (const type of types) {
      expect(
        (await post(app, await signed({}, { key: 'unpublished' }), { 'content-type': type }))
          .status,
      ).toBe(400);
    }
  });

  test('WH-17 types that nobody handles are fine', async () => {
    const app = await start();
    for (const type of [
      'planet.discovered',
      'constructor',
      '__proto__',
      'toString',
      'passkey.added',
    ]) {
      expect((await post(app, await signed({ type, data: { any: 1 } }))).status).toBe(200);
    }
    expect(seen.map(({ type }) => type)).toEqual([
      'planet.discovered',
      'constructor',
      '__proto__',
      'toString',
      'passkey.added',
    ]);
    const quiet = await start({ otherwise: undefined as never });
    expect((await post(quiet, await signed({ type: 'planet.discovered' }))).status).toBe(200);
    expect(problems).toEqual([]);
  });

  test('WH-18 webhooks are posted', async () => {
    const app = await start();
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const answer = await send(app, PATH, {
        method,
        headers: { 'webhook-id': 'w', 'content-type': 'application/jwt' },
      });
      expect([answer.status, answer.headers['allow']]).toEqual([405, 'POST']);
    }
  });

  test('WH-19 nothing in an event’s data reaches a prototype', async () => {
    const app = await start();
    const data = JSON.parse(
      '{"user":{"id":"kp_1","__proto__":{"admin":true},"properties":[{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}},"kept":1}]},"__proto__":{"admin":true}}',
    );
    expect((await post(app, await signed({ data }))).status).toBe(200);
    const merge = (to: any, from: any): any => {
      for (const key of Object.keys(from)) {
        to[key] = typeof from[key] === 'object' ? merge(to[key] ?? {}, from[key]) : from[key];
      }
      return to;
    };
    expect(merge({}, seen[0]).data.user).toEqual({ id: 'kp_1', properties: { 0: { kept: 1 } } });
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
    expect(Object.isFrozen(seen[0].data.user)).toBe(true);
    const deep = JSON.parse(`${'['.repeat(100)}${']'.repeat(100)}`);
    seen.length = 0;
    expect(await refused(app, await signed({ data: { user: { id: 'kp_1', deep } } }))).toBe('data');
  });

  describe.each([
    ['sessions in the store', (store: SessionStore) => ({ store })],
    ['sessions in cookies', (store: SessionStore) => ({ coordination: store })],
  ])('%s', (_name, session) => {
    let tenant: Emulator;
    let app: Server;
    beforeEach(async () => {
      tenant = await createEmulator({ strict: true, siteUrl: SITE, deliver: toApp });
      app = await frameworks[framework]!(
        optionsFor(tenant, { webhooks: receiver(), session: session(memoryStore()) }),
      );
      apps.push(app);
    });
    afterEach(() => tenant.close());
    const person = (email: string) => tenant.state.people.find((one) => one.email === email)!;
    /** The app's address leads to the app, as the name service would have it. */
    const toApp: typeof fetch = async (input, { headers, body } = {}) => {
      const { origin, pathname } = new URL(String(input));
      expect(origin).toBe(SITE);
      const fields = Object.fromEntries(new Headers(headers));
      const { status } = await send(app, pathname, {
        method: 'POST',
        headers: fields,
        body: String(body),
      });
      return new Response(null, { status });
    };
    const signedIn = async (email: string, organization = 'org_acme0rockets'): Promise<Browser> => {
      const browser = createBrowser(app, tenant);
      await browser.signIn(email, '/login', email === ADA ? organization : undefined);
      return browser;
    };
    const me = async (browser: Browser) => (await browser.open('/me')).json();
    const deliver = async (type: string, data: object) =>
      expect((await post(app, await tenant.sign(event({ type, data })))).status).toBe(200);

    test.each([
      ['deleted', 'user.deleted', {}],
      ['suspended', 'user.updated', { is_suspended: true }],
    ])(
      'who is %s is signed out at the next request, and nobody else',
      async (_how, type, change) => {
        const ada = await signedIn(ADA);
        const grace = await signedIn(GRACE);
        expect((await me(ada)).isAuthenticated).toBe(true);
        await deliver(type, { user: { id: person(ADA).id, ...change } });
        expect([(await me(ada)).isAuthenticated, (await me(grace)).isAuthenticated]).toEqual([
          false,
          true,
        ]);
        expect(seen.map((one) => one.type)).toEqual([type]);
      },
    );

    test('what changed about a person shows at their next request', async () => {
      const ada = await signedIn(ADA);
      const before = (await me(ada)).permissions;
      expect(before).toContain('create:todos');
      person(ADA).organizations['org_acme0rockets'] = { roles: ['viewer'] };
      expect((await me(ada)).permissions).toEqual(before);
      await deliver('user.updated', { user: { id: person(ADA).id, is_suspended: false } });
      expect((await me(ada)).permissions).toEqual(['read:todos']);
    });

    test('the sessions for an organization that is deleted end, and those for others go on', async () => {
      const acme = await signedIn(ADA);
      const globex = await signedIn(ADA, 'org_globex0gardens');
      await deliver('organization.deleted', { organization: { code: 'org_acme0rockets' } });
      expect([(await me(acme)).isAuthenticated, (await me(globex)).isAuthenticated]).toEqual([
        false,
        true,
      ]);
    });

    /** Runs a change through the Management API; the tenant's webhook tells the app of it, as Kinde would. */
    const change = async (work: (management: Management) => Promise<unknown>) => {
      const management = managementFromEnv(tenant.env, { fetch: tenant.fetch });
      const { event_types: types } = await management.webhooks.listEventTypes();
      const event_types = types.map(({ code }) => code);
      await management.webhooks.create({
        endpoint: `${SITE}${PATH}`,
        event_types,
        name: 'The app',
      });
      await work(management);
      await tenant.webhooks.settled();
      const { deliveries } = tenant.webhooks;
      expect(deliveries.length).toBeGreaterThan(0);
      for (const { attempt, status } of deliveries) {
        expect([attempt, status]).toEqual([1, 200]);
      }
    };

    test('a permission that is deleted through the Management API is gone from everybody’s next request', async () => {
      const ada = await signedIn(ADA);
      expect((await me(ada)).permissions).toContain('create:todos');
      const { id } = tenant.state.permissions['create:todos']!;
      await change((management) => management.permissions.remove({ permission_id: id }));
      expect((await me(ada)).permissions).not.toContain('create:todos');
      expect(seen).toMatchObject([{ type: 'permission.deleted', source: 'api' }]);
    });

    test.each([
      ['deleted', (management: Management, id: string) => management.users.remove({ id })],
      [
        'suspended',
        (management: Management, id: string) => management.users.update({ id, is_suspended: true }),
      ],
    ])(
      'who is %s through the Management API is signed out at the next request',
      async (_how, work) => {
        const ada = await signedIn(ADA);
        const grace = await signedIn(GRACE);
        const { id } = person(ADA);
        await change((management) => work(management, id));
        expect([(await me(ada)).isAuthenticated, (await me(grace)).isAuthenticated]).toEqual([
          false,
          true,
        ]);
      },
    );
  });

  test('without a store that keeps groups the handlers are called all the same', async () => {
    const app = await start();
    expect(
      (await post(app, await signed({ type: 'user.deleted', data: { user: { id: 'kp_1' } } })))
        .status,
    ).toBe(200);
    expect(seen.length).toBe(1);
  });

  test('sessions that cannot be reached make Kinde try again, before any handler is called', async () => {
    const store = { ...memoryStore(), groupMembers: () => Promise.reject(new Error('away')) };
    const app = await start({}, { store });
    const token = await signed({ type: 'user.deleted', data: { user: { id: 'kp_1' } } });
    expect([(await post(app, token)).status, seen, problems[0]!.reason]).toEqual([
      500,
      [],
      'sessions',
    ]);
    const unfollowing = await start({ followSessions: false }, { store });
    expect([(await post(unfollowing, token)).status, seen.length]).toEqual([200, 1]);
  });
});
