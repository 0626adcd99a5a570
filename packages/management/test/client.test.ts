import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createEmulator, type Emulator } from '@kindling/emulator';
import {
  CHANNEL,
  createManagement,
  type ManagementOptions,
  type TokenStore,
} from '@kindling/management';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  createClient,
  failure,
  json,
  type Client,
  reset,
  silence,
  status,
  until,
} from '../../../test/kit/management.js';

const ROLES = '/api/v1/roles';
const USER = '/api/v1/user';
const ok = json({ code: 'OK', message: 'Success', roles: [], next_token: null });
const created = json({ id: 'kp_1', created: true, identities: [] });
const TOKEN_REFUSED = {
  errors: [
    { code: 'INVALID_CREDENTIALS', message: 'Invalid credentials used to access API' },
    { code: 'TOKEN_INVALID', message: 'token is expired' },
  ],
};

let emulator: Emulator;
const client = (options?: Partial<ManagementOptions>) => createClient(emulator, options);

beforeAll(async () => {
  emulator = await createEmulator({ strict: true });
});
beforeEach(() => {
  // The shortest of all waits that are drawn by lot.
  vi.spyOn(Math, 'random').mockReturnValue(0);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('what is tried again', () => {
  const AT_ONCE = { 'retry-after': '0' };
  const answers: Record<string, () => Response | Promise<Response>> = {
    429: status(429, AT_ONCE),
    408: status(408),
    500: status(500),
    502: status(502, {}, '<html>Bad gateway</html>'),
    503: status(503, AT_ONCE),
    504: status(504),
    reset,
    400: json(
      { errors: [{ code: 'NAME_REQUIRED', message: 'name is required' }] },
      { status: 400 },
    ),
    403: json(
      { errors: [{ code: 'INSUFFICIENT_SCOPE', message: 'Scope missing' }] },
      { status: 403 },
    ),
    404: json({ errors: { code: 'ROUTE_NOT_FOUND', message: 'no' } }, { status: 404 }),
    409: json({ errors: [{ code: 'DIRECTORY_EXISTS', message: 'no' }] }, { status: 409 }),
    501: status(501),
    'html 200': status(200, {}, '<!doctype html>'),
  };
  const always = ['429'];
  const whenRepeatable = [...always, '408', '500', '502', '503', '504', 'reset'];

  test.each([
    ['GET', ROLES, whenRepeatable, 'roles.list'],
    ['PUT', '/api/v1/permissions/p', whenRepeatable, 'request PUT'],
    ['DELETE', '/api/v1/roles/r', whenRepeatable, 'roles.remove'],
    ['PATCH', USER, whenRepeatable, 'users.update, which is marked'],
    ['POST', USER, always, 'users.create'],
    ['POST', '/api/v1/environment', always, 'request POST'],
    ['PATCH', '/api/v1/environment', always, 'request PATCH'],
  ] as const)(
    'MG-01 MG-02 MG-03 MG-04 MG-14 %s %s: after %j (%s)',
    async (method, path, again, name) => {
      for (const [kind, answer] of Object.entries(answers)) {
        const { management, answer: on, sent } = client();
        on(path, answer);
        const work = {
          'roles.list': () => management.roles.list(),
          'roles.remove': () => management.roles.remove({ role_id: 'r' }),
          'users.update, which is marked': () =>
            management.users.update({ id: 'kp_1', given_name: 'Ada' }),
          'users.create': () => management.users.create({}),
        }[name as string];
        const error = await failure(
          work ? work() : management.request(`${method} ${path}`, { body: {} }),
        );
        expect([kind, sent.length, error.attempts]).toEqual([
          kind,
          (again as readonly string[]).includes(kind) ? 3 : 1,
          sent.length,
        ]);
      }
    },
  );

  test('MG-03 an answer that comes at last is the answer, and says how many attempts it took', async () => {
    const { management, answer, events } = client();
    answer(ROLES, status(503), reset, ok);
    const { attempts, httpStatus, data } = await management.roles.list().withResponse();
    expect([attempts, httpStatus, data.roles]).toEqual([3, 200, []]);
    expect(events.filter(({ type }) => type === 'retry')).toMatchObject([
      { attempt: 1, httpStatus: 503 },
      { attempt: 2 },
    ]);
  });

  test('MG-01 MG-02 MG-16 whoever changes something learns whether it may have happened', async () => {
    const refused = json({ errors: [{ code: 'EMAIL_INVALID', message: 'no' }] }, { status: 400 });
    const unreachable = () =>
      Promise.reject(
        Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } }),
      );
    for (const [answer, code, may] of [
      [reset, 'network', true],
      [unreachable, 'network', false],
      [silence, 'timeout', true],
      [status(503), 'refused', true],
      [status(504, {}, '<html>'), 'refused', true],
      [status(200, {}, '{"id":"kp_'), 'not_json', true],
      [status(200, {}, '<html>'), 'not_json', true],
      [status(302, { location: 'https://evil.example' }), 'redirect', true],
      [status(429, AT_ONCE), 'rate_limited', false],
      [refused, 'refused', false],
      [json({ errors: [{ code: 'X' }] }), 'refused', false],
    ] as const) {
      const { management, answer: on } = client({ timeout: 0.02 });
      await management.permissions.list({}, { timeout: 5 });
      on(USER, answer);
      const error = await failure(management.users.create({}));
      expect([error.code, error.mayHaveExecuted]).toEqual([code, may]);
      on('/api/v1/users', answer);
      expect((await failure(management.users.list({}, { maxAttempts: 1 }))).mayHaveExecuted).toBe(
        false,
      );
    }
  });

  test('a POST whose token could not be had was not sent', async () => {
    const { management, answer, sent } = client({ maxAttempts: 1 });
    answer('/oauth2/token', reset);
    const error = await failure(management.users.create({}));
    expect([error.code, error.operation, error.mayHaveExecuted, sent.length]).toEqual([
      'network',
      'POST /oauth2/token',
      false,
      0,
    ]);
  });

  test('what is repeatable may be said where the contract does not know the operation', async () => {
    const { management, answer, sent } = client();
    answer('/api/v1/environment', status(503), json({ done: true }));
    expect(
      await management.request('POST /api/v1/environment', { body: { a: 1 }, repeatable: true }),
    ).toEqual({
      done: true,
    });
    expect(sent.map(({ body }) => body)).toEqual([{ a: 1 }, { a: 1 }]);
  });
});

describe('how long is waited', () => {
  const waits = async (answers: Parameters<Client['answer']>[1][], random = 0.5) => {
    vi.mocked(Math.random).mockReturnValue(random);
    const one = client();
    await one.management.permissions.list();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: Date.UTC(2030, 0, 1) });
    // Tokens end in the world whose clock was moved.
    one.answer('/oauth2/token', json({ access_token: 'a.b.c', expires_in: 3600 }));
    one.answer(ROLES, ...answers);
    const before = one.sent.length;
    const work = failure(one.management.roles.list({}, { deadline: 300 }));
    for (const attempt of [1, 2]) {
      await until(() => one.sent.length >= before + attempt);
      await until(
        () =>
          one.events.filter(({ type }) => type === 'retry').length >= attempt ||
          vi.getTimerCount() === 0,
      );
      await vi.advanceTimersByTimeAsync(61_000);
    }
    const error = await work;
    return {
      waits: one.events.flatMap(({ type, wait }) => (type === 'retry' ? [wait] : [])),
      error,
    };
  };

  test.each([
    [{ 'ratelimit-reset': '2' }, 2],
    [{ 'retry-after': '7' }, 7],
    [{ 'retry-after': '7', 'ratelimit-reset': '2' }, 7],
    [{ 'retry-after': 'soon', 'ratelimit-reset': '2.5' }, 2.5],
    [{ 'ratelimit-reset': String(Date.UTC(2030, 0, 1) / 1000 + 9) }, 9],
    [{ 'retry-after': new Date(Date.UTC(2030, 0, 1, 0, 0, 5)).toUTCString() }, 5],
    [{ 'retry-after': new Date(0).toUTCString() }, 0],
    [{ 'retry-after': '-1' }, 0.5],
    [{ 'retry-after': '1e3' }, 0.5],
    [{ 'ratelimit-reset': '' }, 0.5],
    [{}, 0.5],
  ])('MG-04 %j: as the server says, else by lot: %d seconds', async (headers, seconds) => {
    const { waits: waited, error } = await waits([status(429, headers)]);
    expect(waited[0]).toBeCloseTo(seconds, 5);
    expect(error).toMatchObject({ code: 'rate_limited', httpStatus: 429, attempts: 3 });
  });

  test('the wait that is drawn by lot doubles', async () => {
    expect((await waits([status(503)], 0.5)).waits).toEqual([0.5, 1]);
    expect((await waits([status(503)], 0.999)).waits).toEqual([0.999, 1.998]);
  });

  test('nobody waits longer than a minute, or past the deadline: the error says how long it would be', async () => {
    for (const [seconds, options] of [
      ['61', {}],
      ['20', { deadline: 10 }],
      ['99999999999999', {}],
    ] as const) {
      const { management, answer, sent } = client();
      answer(ROLES, status(429, { 'retry-after': seconds }));
      const error = await failure(management.roles.list({}, options));
      expect(error).toMatchObject({ code: 'rate_limited', attempts: 1 });
      expect(error.retryAfter).toBeGreaterThan(10);
      expect(sent).toHaveLength(1);
    }
  });

  test('MG-18 giving up ends a wait at once, and nothing more is sent', async () => {
    const { management, answer, sent, events } = client();
    answer(ROLES, status(429, { 'retry-after': '50' }));
    const controller = new AbortController();
    const work = management.roles.list({}, { signal: controller.signal }).withResponse();
    await until(() => events.some(({ type }) => type === 'retry'));
    controller.abort(new Error('enough'));
    await expect(work).rejects.toThrow('enough');
    expect(sent).toHaveLength(1);
    const next = management.roles.list({}, { signal: controller.signal });
    await expect(next).rejects.toThrow('enough');
    expect(sent).toHaveLength(1);
  });

  test('MG-16 an attempt has its time, a call has its own, and both are told apart from an answer', async () => {
    const { management, answer, sent } = client({ timeout: 0.3 });
    await management.permissions.list({}, { timeout: 5 });
    answer(ROLES, silence);
    expect(await failure(management.roles.list())).toMatchObject({
      code: 'timeout',
      statusCode: 504,
      attempts: 3,
    });
    expect(sent).toHaveLength(4);
    const error = await failure(management.roles.list({}, { timeout: 5, deadline: 0.3 }));
    expect([error.code, error.attempts]).toEqual(['timeout', 1]);
  });

  test('MG-16 an answer that comes drop by drop is late, too, and its connection is closed', async () => {
    let closed = false;
    const server = createServer((request, response) => {
      request.resume();
      response.on('close', () => {
        closed = true;
      });
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write(
        request.url === '/oauth2/token' ? '{"access_token":"a.b.c","expires_in":60}' : '{"roles":[',
      );
      if (request.url === '/oauth2/token') {
        response.end();
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const management = createManagement({
      issuer,
      clientId: 'a',
      clientSecret: 'b',
      maxAttempts: 1,
      timeout: 0.2,
    });
    closed = false;
    expect(await failure(management.roles.list())).toMatchObject({ code: 'timeout' });
    await until(() => closed);
    server.closeAllConnections();
    server.close();
  });
});

describe('how many at a time', () => {
  test('calls wait in line, leave it when they are given up, and a place is free again however a call ends', async () => {
    const { management, answer, sent } = client({ maxConcurrent: 2, maxAttempts: 1 });
    const waiting: ((response: Response) => void)[] = [];
    answer(ROLES, () => new Promise<Response>((resolve) => waiting.push(resolve)));
    const controller = new AbortController();
    const all = [1, 2, 3, 4].map((number) =>
      management.roles
        .list({ page_size: number }, number === 3 ? { signal: controller.signal } : {})
        .then(
          () => number,
          () => -number,
        ),
    );
    await until(() => waiting.length === 2);
    controller.abort();
    expect(await all[2]).toBe(-3);
    waiting[0]!(status(500)());
    await until(() => waiting.length === 3);
    waiting[1]!(ok());
    waiting[2]!(ok());
    expect(await Promise.all(all)).toEqual([-1, 2, -3, 4]);
    expect(sent.map(({ url }) => new URL(url).searchParams.get('page_size'))).toEqual([
      '1',
      '2',
      '4',
    ]);
    const more = [management.roles.list().withResponse(), management.roles.list().withResponse()];
    await until(() => waiting.length === 5);
    for (const give of waiting.splice(3)) {
      give(ok());
    }
    await Promise.all(more);
  });

  test('the time in line counts', async () => {
    const { management, answer, sent } = client({ maxConcurrent: 1, timeout: 5 });
    answer(ROLES, silence);
    const controller = new AbortController();
    const first = management.roles.list({}, { signal: controller.signal }).withResponse();
    await until(() => sent.length === 1);
    expect(await failure(management.roles.list({}, { deadline: 0.03 }))).toMatchObject({
      code: 'timeout',
      attempts: 0,
    });
    controller.abort();
    await expect(first).rejects.toThrow('aborted');
  });
});

describe('the token', () => {
  test('MG-13 is asked for once by fifty calls at once, and again by none that follow', async () => {
    const { management, tokens } = client({ maxConcurrent: 50 });
    await Promise.all(Array.from({ length: 50 }, () => management.permissions.list()));
    await management.permissions.list();
    expect(tokens()).toBe(1);
  });

  test('is renewed shortly before it ends', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    for (const [life, early] of [
      [3600, 60],
      [100, 10],
    ] as const) {
      const { management: other, answer: on, tokens: count } = client();
      on(ROLES, ok);
      on('/oauth2/token', json({ access_token: 'a.b.c', token_type: 'bearer', expires_in: life }));
      await other.roles.list();
      vi.setSystemTime(Date.now() + (life - early - 1) * 1000);
      await other.roles.list();
      expect(count()).toBe(1);
      vi.setSystemTime(Date.now() + 2_000);
      await other.roles.list();
      expect(count()).toBe(2);
    }
  });

  test.each([
    ['403 TOKEN_INVALID', json(TOKEN_REFUSED, { status: 403 })],
    ['401', status(401)],
  ])(
    'MG-12 that Kinde does not take (%s) is renewed once, for writes as well',
    async (_title, refusal) => {
      const { management, answer, tokens, sent } = client();
      answer(USER, refusal, created);
      expect(await management.users.create({})).toMatchObject({ created: true });
      expect([tokens(), sent.length]).toEqual([2, 2]);
      expect(sent[0]!.headers.get('authorization')).not.toBe(sent[1]!.headers.get('authorization'));
      answer(ROLES, refusal);
      const error = await failure(management.roles.list());
      expect([error.code, error.attempts, tokens(), sent.length]).toEqual(['refused', 1, 3, 4]);
    },
  );

  test('MG-12 is renewed once in a call, even when troubles come between', async () => {
    const { management, answer, tokens } = client();
    answer(ROLES, status(401), status(503), status(401));
    expect(await failure(management.roles.list())).toMatchObject({ httpStatus: 401, attempts: 2 });
    expect(tokens()).toBe(2);
  });

  test('MG-12 is renewed once by all calls that it failed', async () => {
    const { management, emulator, tokens } = client({ maxConcurrent: 20 });
    await management.permissions.list();
    emulator.clock.advance(86_400 * 2);
    await Promise.all(Array.from({ length: 20 }, () => management.permissions.list()));
    expect(tokens()).toBe(2);
  });

  test('is not renewed for what it may not do, or for a bad API key of somebody else', async () => {
    const { management, answer, tokens } = client();
    answer(
      ROLES,
      json({ errors: [{ code: 'INSUFFICIENT_SCOPE', message: 'Scope missing' }] }, { status: 403 }),
    );
    const error = await failure(management.roles.list());
    expect(error.message).toContain('It needs the scope read:roles.');
    answer(
      '/api/v1/api_keys/verify',
      json({ errors: [{ code: 'INVALID_KEY', message: 'no' }] }, { status: 401 }),
    );
    expect(
      (await failure(management.apiKeys.verify({ api_key: 'k_live_1' }))).has('INVALID_KEY'),
    ).toBe(true);
    expect(tokens()).toBe(1);
  });

  test.each<[string, () => Response | Promise<Response>, string, number]>([
    ['text', status(400, { 'content-type': 'text/plain' }, 'not_found'), 'token_refused', 1],
    [
      'JSON',
      json({ error: 'invalid_client', error_description: 'no' }, { status: 401 }),
      'token_refused',
      1,
    ],
    [
      'a list of errors',
      json({ errors: [{ code: 'X', message: 'no' }] }, { status: 400 }),
      'token_refused',
      1,
    ],
    ['200 without a token', json({ token_type: 'bearer' }), 'token_refused', 1],
    [
      '200 with another kind of token',
      json({ access_token: 'a', token_type: 'mac' }),
      'token_refused',
      1,
    ],
    ['a token that is not one', json({ access_token: 'a\r\nx: y' }), 'token_refused', 1],
    ['HTML', status(200, {}, '<html>a.b.c</html>'), 'token_refused', 1],
    ['HTML 503', status(503, {}, '<html>'), 'token_refused', 3],
    ['429', status(429, { 'retry-after': '0' }), 'rate_limited', 3],
    ['a redirect', status(302, { location: 'https://evil.example' }), 'redirect', 1],
    ['a reset', reset, 'network', 3],
  ])('that Kinde refuses (%s) leaves nothing behind', async (_title, refusal, code, times) => {
    const { management, answer, emulator, tokens, sent } = client();
    answer('/oauth2/token', refusal);
    const error = await failure(management.users.create({}));
    expect([error.code, error.operation, tokens(), sent.length]).toEqual([
      code,
      'POST /oauth2/token',
      times,
      0,
    ]);
    emulator.faults.clear();
    await management.permissions.list();
    expect(tokens()).toBe(times + 1);
  });

  test('MG-11 of one client is never that of another', async () => {
    const machine = emulator.state.applications.find(({ type }) => type === 'm2m')!;
    emulator.state.applications.push({
      ...machine,
      name: 'Other',
      clientId: 'other',
      clientSecret: 'other-secret',
    });
    const kept = new Map<string, string>();
    const tokenStore: TokenStore = {
      get: async (key) => kept.get(key),
      set: async (key, value) => void kept.set(key, value),
    };
    const first = client({ tokenStore });
    const second = client({ tokenStore, clientId: 'other', clientSecret: 'other-secret' });
    const third = client({ tokenStore, scope: 'read:permissions' });
    await Promise.all(
      [first, second, third].map(({ management }) => management.permissions.list()),
    );
    const used = [first, second, third].map(({ sent }) => sent[0]!.headers.get('authorization'));
    expect([new Set(used).size, kept.size, first.tokens()]).toEqual([3, 3, 3]);
    await Promise.all(
      [first, second, third].map(({ management }) => management.permissions.list()),
    );
    expect([first, second, third].map(({ sent }) => sent[1]!.headers.get('authorization'))).toEqual(
      used,
    );
  });

  test('is shared through a store, and replaced there when Kinde does not take it', async () => {
    const kept = new Map<string, string>();
    const ages: number[] = [];
    const tokenStore: TokenStore = {
      get: async (key) => kept.get(key) ?? null,
      async set(key, value, maxAge) {
        kept.set(key, value);
        ages.push(maxAge);
      },
    };
    const [one, two, three] = [1, 2, 3].map(() => client({ tokenStore }));
    await one!.management.permissions.list();
    await two!.management.permissions.list();
    expect([one!.tokens(), ages[0]! > 60]).toEqual([1, true]);
    emulator.clock.advance(86_400 * 2);
    await two!.management.permissions.list();
    await three!.management.permissions.list();
    await one!.management.permissions.list();
    expect(one!.tokens()).toBe(2);
  });

  test.each<[string, TokenStore]>([
    [
      'fails',
      {
        get: () => Promise.reject(new Error('down')),
        set: () => Promise.reject(new Error('down')),
      },
    ],
    [
      'throws',
      {
        get() {
          throw new Error('down');
        },
        set() {
          throw new Error('down');
        },
      },
    ],
    ['has rubbish', { get: async () => '{"value":"a\\nb","until":9e9}', set: async () => {} }],
    ['has null', { get: async () => 'null', set: async () => {} }],
    ['has something else', { get: async () => 7 as unknown as string, set: async () => {} }],
  ])('is had without a store that %s', async (_title, tokenStore) => {
    const { management, tokens } = client({ tokenStore });
    await management.permissions.list();
    await management.permissions.list();
    expect(tokens()).toBe(1);
  });

  test('is had without a store that never answers', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const asked: string[] = [];
    const never = (what: string) => async () => {
      asked.push(what);
      return silence();
    };
    const { management } = client({
      tokenStore: { get: never('get') as never, set: never('set') },
    });
    const work = management.permissions.list().withResponse();
    for (const what of ['get', 'set']) {
      await until(() => asked.includes(what));
      await vi.advanceTimersByTimeAsync(2_000);
    }
    expect((await work).httpStatus).toBe(200);
  });

  test('MG-18 giving up does not take it from the others', async () => {
    const { management, emulator, tokens } = client();
    let go = () => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    emulator.faults.once('/oauth2/token', async (_request, next) => {
      await gate;
      return next();
    });
    const controller = new AbortController();
    const impatient = management.permissions.list({}, { signal: controller.signal }).withResponse();
    const patient = management.permissions.list().withResponse();
    await until(() => tokens() === 1);
    controller.abort(new Error('enough'));
    await expect(impatient).rejects.toThrow('enough');
    go();
    expect((await patient).httpStatus).toBe(200);
    expect(tokens()).toBe(1);
  });
});

describe('what is no success', () => {
  test.each<[string, () => Response, object]>([
    [
      'errors inside of a 200',
      json({ errors: [{ code: 'A', message: 'b', field: 'c' }] }),
      { code: 'refused' },
    ],
    [
      'one error that is no list',
      json({ errors: { code: 'USER_NOT_FOUND', message: 'b' } }, { status: 400 }),
      { isNotFound: true },
    ],
    [
      'an error as OAuth has it',
      json({ error: 'X', error_description: 'b' }, { status: 400 }),
      { errors: [{ code: 'X', message: 'b' }] },
    ],
    [
      'a list of nothing',
      json({ errors: [null, 'x', {}] }, { status: 400 }),
      { errors: [1, 2, 3].map(() => ({ code: 'UNKNOWN', message: '' })) },
    ],
    [
      'text',
      status(400, {}, 'not_found'),
      { code: 'refused', message: 'GET /api/v1/roles answered 400: not_found.' },
    ],
    ['a page', status(404, {}, '<html><title>404 Domain Not Found'), { code: 'not_json' }],
    ['a challenge', status(202, { 'x-amzn-waf-action': 'challenge' }), { code: 'not_json' }],
    ['nothing', status(200), { code: 'answer_unexpected' }],
    ['a list', json([]), { code: 'answer_unexpected' }],
    ['null', json(null), { code: 'answer_unexpected' }],
    ['half of it', status(200, {}, '{"roles":['), { code: 'not_json' }],
  ])('MG-14 %s', async (_title, answer, expected) => {
    const { management, answer: on } = client();
    on(ROLES, answer);
    expect(await failure(management.roles.list())).toMatchObject(expected);
  });

  test('MG-14 more than 16 MiB is not read', async () => {
    const { management, answer } = client();
    let pulled = 0;
    const endless = () =>
      new Response(
        new ReadableStream({
          pull(stream) {
            pulled += 1;
            stream.enqueue(new Uint8Array(1024 * 1024).fill(32));
          },
        }),
      );
    answer(ROLES, endless);
    expect(await failure(management.roles.list())).toMatchObject({
      code: 'too_large',
      attempts: 1,
    });
    expect(pulled).toBeLessThan(20);
  });

  test('MG-10 a redirect is not followed, and the token goes nowhere else', async () => {
    const seen: string[] = [];
    const { management } = client({
      fetch: (url, init) => {
        seen.push(new URL(String(url)).origin);
        return emulator.fetch(url, init);
      },
    });
    for (const code of [301, 302, 303, 307, 308]) {
      emulator.faults.once(ROLES, status(code, { location: 'https://evil.example/api/v1/roles' }));
      expect(await failure(management.roles.list())).toMatchObject({
        code: 'redirect',
        httpStatus: code,
        attempts: 1,
      });
    }
    expect(new Set(seen)).toEqual(new Set([emulator.issuer]));
  });

  test('success without a body is success where nothing else is promised', async () => {
    const { management, answer } = client();
    answer('/api/v1/environment/logos/dark', status(204));
    expect(await management.environment.removeLogo({ type: 'dark' })).toEqual({
      code: 'OK',
      message: '',
    });
    answer('/api/v1/applications/a', status(200));
    expect(
      await management.applications.update({ application_id: 'a', name: 'b' }),
    ).toBeUndefined();
  });

  test('lists that are null become empty, wherever they are; what may be null stays so', async () => {
    const { management, answer } = client();
    answer(
      '/api/v1/organizations/org_a/users',
      json({ organization_users: [{ id: null, roles: null }], next_token: null }),
    );
    const { organization_users: members } = await management.members.list({ org_code: 'org_a' });
    expect(members).toEqual([{ id: null, roles: [] }]);
  });

  test('answers that are not as the contract has them are told or refused, as wanted; unknown members pass', async () => {
    const odd = json({
      code: 'OK',
      message: '',
      roles: [{ id: 7, new_thing: 1 }],
      next_token: null,
    });
    const warned = client({ validate: 'warn' });
    warned.answer(ROLES, odd);
    expect((await warned.management.roles.list()).roles).toEqual([{ id: 7, new_thing: 1 }]);
    expect(warned.events.find(({ type }) => type === 'unexpected')?.detail).toContain(
      'roles.0.id is not string',
    );
    const thrown = client({ validate: 'throw' });
    thrown.answer(ROLES, odd);
    expect(await failure(thrown.management.roles.list())).toMatchObject({
      code: 'answer_unexpected',
    });
    const silent = client();
    silent.answer(ROLES, odd);
    await silent.management.roles.list();
    expect(silent.events.map(({ type }) => type)).not.toContain('unexpected');
  });
});

describe('what is told', () => {
  test('every step, to the option and to the diagnostics channel; who watches cannot stop it', async () => {
    const heard: unknown[] = [];
    const listener = (event: unknown) => void heard.push(event);
    subscribe(CHANNEL, listener);
    const { management, events, answer } = client();
    answer(ROLES, status(503), ok);
    await management.roles.list();
    unsubscribe(CHANNEL, listener);
    expect(events.map(({ type, operation, attempt }) => [type, operation, attempt])).toEqual([
      ['token', 'POST /oauth2/token', 1],
      ['request', 'GET /api/v1/roles', 1],
      ['response', 'GET /api/v1/roles', 1],
      ['retry', 'GET /api/v1/roles', 1],
      ['request', 'GET /api/v1/roles', 2],
      ['response', 'GET /api/v1/roles', 2],
    ]);
    expect(heard).toEqual(events);
    for (const onEvent of [() => Promise.reject(new Error('no')), async () => JSON.parse('no')]) {
      const noisy = client({ onEvent: onEvent as () => void });
      await noisy.management.permissions.list();
    }
    const throwing = client({
      onEvent() {
        throw new Error('no');
      },
    });
    await throwing.management.permissions.list();
  });

  test('an answer that has more than can be asked for', async () => {
    const { management, answer, events } = client();
    answer('/api/v1/apis', json({ code: 'OK', message: '', apis: [], next_token: 'more' }));
    await management.apis.list();
    expect(events.at(-1)).toMatchObject({ type: 'partial', operation: 'GET /api/v1/apis' });
  });

  test('status, headers and attempts, without making two requests or losing an error', async () => {
    const { management, answer, sent } = client();
    answer(
      USER,
      json({ id: 'kp_1', created: true, identities: [] }, { headers: { 'x-request-id': '7' } }),
    );
    const pending = management.users.create({});
    const { data, httpStatus, headers } = await pending.withResponse();
    expect([data.created, httpStatus, headers.get('x-request-id'), (await pending).id]).toEqual([
      true,
      200,
      '7',
      'kp_1',
    ]);
    expect(sent).toHaveLength(1);
    answer(USER, status(500));
    const unhandled: unknown[] = [];
    const listener = (reason: unknown) => void unhandled.push(reason);
    process.on('unhandledRejection', listener);
    await expect(management.users.create({}).withResponse()).rejects.toMatchObject({
      httpStatus: 500,
    });
    await expect(management.users.create({})).rejects.toMatchObject({ httpStatus: 500 });
    await new Promise((resolve) => setTimeout(resolve, 5));
    process.off('unhandledRejection', listener);
    expect(unhandled).toEqual([]);
  });
});
