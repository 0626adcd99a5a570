import { createEmulator, type Emulator } from '@kindling/emulator';
import { afterAll, afterEach, beforeAll, describe, expect, expectTypeOf, test, vi } from 'vitest';
import {
  createWebhooks,
  EVENT_TYPES,
  KindeWebhookError,
  type SeenStore,
  type WebhookEvent,
  type WebhookOptions,
  type WebhookProblem,
} from '../src/index.js';

let emulator: Emulator;
beforeAll(async () => {
  emulator = await createEmulator({ strict: true });
});
afterEach(() => {
  vi.useRealTimers();
  emulator.faults.clear();
});
afterAll(() => emulator.close());

const signed = (change: Record<string, unknown> = {}) =>
  emulator.sign({
    type: 'user.created',
    event_id: `event_${crypto.randomUUID()}`,
    source: 'admin',
    timestamp: new Date().toISOString(),
    data: { user: { id: 'kp_1', email: 'new@example.com' } },
    ...change,
  });
const request = (body: string, headers: Record<string, string> = {}) =>
  new Request('https://app.example/webhooks/kinde', {
    method: 'POST',
    headers: { 'content-type': 'application/jwt', 'webhook-id': 'webhook_1', ...headers },
    body,
  });

/** A receiver that stands alone, what it was told, and what it found wrong. */
function receiver(options: Partial<WebhookOptions> = {}) {
  const [seen, problems]: [string[], WebhookProblem[]] = [[], []];
  const webhooks = createWebhooks({
    issuer: emulator.issuer,
    fetch: emulator.fetch,
    on: { 'user.created': ({ data }) => void seen.push(data.user.id) },
    onProblem: (problem) => void problems.push(problem),
    ...options,
  });
  const post = async (body: string) => (await webhooks.handle(request(body))).status;
  return { webhooks, post, seen, problems };
}

/** A store as machines share it. */
function sharedStore(): Required<SeenStore> & {
  readonly values: Map<string, string>;
  readonly ages: number[];
} {
  const values = new Map<string, string>();
  const ages = [] as number[];
  return {
    values,
    ages,
    get: async (id) => values.get(id),
    async set(id, value, maxAge) {
      ages.push(maxAge);
      values.set(id, value);
    },
    async compareAndSet(id, from, { to, maxAge }) {
      if (values.get(id) !== from) {
        return false;
      }
      ages.push(maxAge);
      if (to === undefined) {
        values.delete(id);
      } else {
        values.set(id, to);
      }
      return true;
    },
  };
}

/** A promise that is kept from outside. */
function signal() {
  let resolve!: () => void;
  return { promise: new Promise<void>((keep) => (resolve = keep)), resolve: () => resolve() };
}

describe('requests and answers', () => {
  test('a web Request goes in, and what comes out makes a Response', async () => {
    const { webhooks, seen } = receiver();
    const reply = await webhooks.handle(request(await signed()));
    const response = new Response(reply.body, reply);
    expect([response.status, await response.text(), seen]).toEqual([200, '', ['kp_1']]);
    const refused = await webhooks.handle(request('x'));
    expect([refused.status, await new Response(refused.body, refused).json()]).toEqual([
      400,
      { title: expect.any(String), status: 400 },
    ]);
  });

  test('the body may be text or bytes, if it is what was sent', async () => {
    const { webhooks, seen } = receiver();
    const { method, headers } = request('');
    const text = await signed();
    expect((await webhooks.handle({ method, headers, body: text })).status).toBe(200);
    expect(
      (await webhooks.handle({ method, headers, body: Buffer.from(await signed()) })).status,
    ).toBe(200);
    expect(seen.length).toBe(2);
    for (const body of ['x'.repeat(300_000), Buffer.alloc(300_000)]) {
      expect((await webhooks.handle({ method, headers, body })).status).toBe(413);
    }
  });

  test('WH-02 of what announces itself as too large nothing is read', async () => {
    const { webhooks } = receiver();
    const read = vi.fn();
    const body = (async function* () {
      read();
      yield new Uint8Array(1);
    })();
    const { method, headers } = request('', { 'content-length': '300000' });
    expect((await webhooks.handle({ method, headers, body })).status).toBe(413);
    expect(read).not.toHaveBeenCalled();
  });

  test('WH-15 a body that was read or parsed before is told apart from an empty one', async () => {
    const { webhooks } = receiver();
    const token = await signed();
    const read = request(token);
    await read.text();
    const { method, headers } = request('', { 'content-length': '900' });
    const gone = { method, headers, body: (async function* () {})() };
    const parsed = { method, headers, body: { token } as never };
    for (const bad of [read, gone, parsed]) {
      const error: KindeWebhookError = await webhooks.handle(bad).catch((thrown) => thrown);
      expect(error).toBeInstanceOf(KindeWebhookError);
      expect([error.code, error.statusCode]).toEqual(['body_consumed', 500]);
      expect(error.stack).not.toContain(token);
    }
    expect((await webhooks.handle(request(''))).status).toBe(400);
  });

  test('a body that breaks off is refused', async () => {
    const { webhooks, problems } = receiver();
    const { method, headers } = request('');
    const body = (async function* () {
      yield new TextEncoder().encode('eyJ');
      throw new Error('aborted');
    })();
    expect((await webhooks.handle({ method, headers, body })).status).toBe(400);
    expect(problems).toMatchObject([{ status: 400, reason: 'body' }]);
  });

  test('every event type is received, and the published ones are checked', async () => {
    expect(EVENT_TYPES.length).toBe(27);
    const seen: string[] = [];
    const on = Object.fromEntries(
      EVENT_TYPES.map((type) => [type, (event: WebhookEvent) => seen.push(event.type)]),
    );
    const { post } = receiver({ on });
    const about = { id: 'id_1', key: 'key', code: 'org_1', email: 'a@example.com' };
    for (const type of EVENT_TYPES) {
      const [member] = type.split('.') as [string];
      expect([
        type,
        await post(await signed({ type, data: { [member]: about, more: [1] } })),
      ]).toEqual([type, 200]);
      const isPublished = !/^(passkey|customer)\./.test(type);
      expect([type, await post(await signed({ type, data: { [member]: null } }))]).toEqual([
        type,
        isPublished ? 400 : 200,
      ]);
    }
    expect(new Set(seen)).toEqual(new Set(EVENT_TYPES));
  });

  test('handlers are typed by their event', () => {
    createWebhooks({
      on: {
        'user.updated': ({ data, type }) => {
          expectTypeOf(type).toEqualTypeOf<'user.updated'>();
          expectTypeOf(data.user.is_suspended).toEqualTypeOf<boolean | undefined>();
        },
        'user.authenticated': (event) =>
          expectTypeOf(event.ip_address).toEqualTypeOf<string | null | undefined>(),
        'organization.deleted': ({ data }) =>
          expectTypeOf(data).toEqualTypeOf<{ readonly organization: { readonly code: string } }>(),
        'customer.plan_changed': ({ data }) => expectTypeOf(data['plan']).toBeUnknown(),
      },
      otherwise: ({ type }) => expectTypeOf(type).toBeString(),
    });
    const narrowed = (event: WebhookEvent) =>
      event.type === 'role.deleted' ? event.data.role.id : undefined;
    expectTypeOf(narrowed).returns.toEqualTypeOf<string | undefined>();
    // @ts-expect-error no such event type
    expect(() => createWebhooks({ on: { 'user.exploded': () => {} } })).toThrow(/user\.exploded/);
  });
});

describe('set-up', () => {
  test('everything that is wrong with the options is said at once', () => {
    const options = {
      on: { 'user.craeted': () => {}, 'user.deleted': 'x' },
      otherwise: 1,
      path: '//x/../y',
      maxAge: 0,
      timeout: 1.5,
      acceptRetries: 'yes',
      seen: {},
      issuer: 'http://acme.kinde.com/path',
      colour: 'red',
    };
    const names = [
      'user.craeted',
      'user.deleted',
      'otherwise',
      'path',
      'maxAge',
      'timeout',
      'acceptRetries',
      'seen',
      'issuer',
      'colour',
    ];
    try {
      createWebhooks(options as never);
      expect.unreachable();
    } catch (error) {
      const { code, problems, message } = error as KindeWebhookError;
      expect([code, problems.length]).toEqual(['config_invalid', names.length]);
      for (const name of names) {
        expect(message).toContain(name);
      }
    }
  });

  test('an issuer is needed, from the options or from kinde()', async () => {
    const alone = createWebhooks({ fetch: emulator.fetch });
    await expect(alone.handle(request(await signed()))).rejects.toMatchObject({
      code: 'config_invalid',
    });
    const host = {
      issuer: emulator.issuer,
      fetch: emulator.fetch,
      store: undefined,
      sessions: undefined,
    };
    expect((await alone.handle(request(await signed()), host)).status).toBe(200);
    expect([alone.path, Object.isFrozen(alone)]).toEqual(['/webhooks/kinde', true]);
  });

  test('WH-08 acceptRetries needs a store: where that is known at set-up, it is said there', () => {
    expect(() => receiver({ acceptRetries: true })).toThrow(/`acceptRetries` needs a store/);
    expect(() => receiver({ acceptRetries: true, seen: sharedStore() })).not.toThrow();
  });

  test('without onProblem, what Kinde must repeat is a warning of the process; what attackers can cause is not', async () => {
    const warnings: Error[] = [];
    const listen = (warning: Error) => void warnings.push(warning);
    process.on('warning', listen);
    const token = await signed();
    const { post } = receiver({
      onProblem: undefined as never,
      on: {
        'user.created': () => {
          throw new Error('the database is away');
        },
      },
    });
    expect([await post('x'), await post(token)]).toEqual([400, 500]);
    await new Promise(setImmediate);
    process.off('warning', listen);
    expect(warnings.map(({ name, message }) => `${name}: ${message}`)).toEqual([
      'KindeWebhookWarning: user.created was answered with 500 (handler): the database is away',
    ]);
    expect(warnings[0]!.stack).not.toContain(token);
  });

  test('an onProblem that throws changes no answer', async () => {
    const { webhooks } = receiver({
      onProblem: () => {
        throw new Error('no');
      },
    });
    expect((await webhooks.handle(request('x'))).status).toBe(400);
  });
});

describe('once per event', () => {
  test('WH-09 deliveries at the same time call the handler once, and all get its answer', async () => {
    const started = signal();
    const done = signal();
    let calls = 0;
    const { post } = receiver({
      on: {
        'user.created': () => {
          calls += 1;
          started.resolve();
          return done.promise;
        },
      },
    });
    const token = await signed();
    const all = [post(token), post(token), post(token)];
    await started.promise;
    all.push(post(token));
    done.resolve();
    expect([await Promise.all(all), calls]).toEqual([[200, 200, 200, 200], 1]);
  });

  test('WH-09 of several machines one handles it; the others ask Kinde to come again, and then know', async () => {
    const seen = sharedStore();
    const started = signal();
    const done = signal();
    let calls = 0;
    const slow = receiver({
      seen,
      on: {
        'user.created': () => {
          calls += 1;
          started.resolve();
          return done.promise;
        },
      },
    });
    const other = receiver({ seen });
    const token = await signed();
    const first = slow.post(token);
    await started.promise;
    expect([await other.post(token), other.problems[0]!.reason]).toEqual([503, 'busy']);
    done.resolve();
    expect([await first, await other.post(token), calls, other.seen]).toEqual([200, 200, 1, []]);
    expect([...seen.values.keys()][0]).toMatch(/^[\w-]{43}$/);
    expect([...seen.values.values()]).toEqual(['done']);
  });

  test('WH-12 after a failure any machine may try at once', async () => {
    const seen = sharedStore();
    const failing = receiver({
      seen,
      on: { 'user.created': () => Promise.reject(new Error('no')) },
    });
    const other = receiver({ seen });
    const token = await signed();
    expect([await failing.post(token), await other.post(token), other.seen]).toEqual([
      500,
      200,
      ['kp_1'],
    ]);
  });

  test('WH-13 a handler that never ends is taken for lost after twice the timeout', async () => {
    let calls = 0;
    const begin = signal();
    const { post } = receiver({
      timeout: 5,
      on: {
        'user.created': () => {
          begin.resolve();
          calls += 1;
          return calls === 1 ? new Promise(() => {}) : undefined;
        },
      },
    });
    const token = await signed();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    const first = post(token);
    await begin.promise;
    vi.advanceTimersByTime(5000);
    expect([await first, calls]).toEqual([504, 1]);
    vi.advanceTimersByTime(5000);
    expect([await post(token), calls]).toEqual([200, 2]);
  });

  test('what was handled is remembered for as long as it would be accepted', async () => {
    const seen = sharedStore();
    await receiver({ seen, maxAge: 600 }).post(await signed());
    await receiver({ seen, acceptRetries: true }).post(await signed());
    expect(seen.ages).toEqual([20, 720, 20, 36 * 3600 + 300 + 120]);
  });

  test('a store that does not answer, or not in time, makes Kinde try again; no handler is called', async () => {
    const away = receiver({
      seen: { ...sharedStore(), get: () => Promise.reject(new Error('away')) },
    });
    expect([await away.post(await signed()), away.seen, away.problems[0]!.reason]).toEqual([
      503,
      [],
      'store',
    ]);
    const asked = signal();
    const silent = receiver({
      seen: {
        ...sharedStore(),
        get: () => {
          asked.resolve();
          return new Promise(() => {});
        },
      },
    });
    const token = await signed();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const answer = silent.post(token);
    await asked.promise;
    vi.advanceTimersByTime(2000);
    expect([await answer, silent.seen]).toEqual([503, []]);
  });

  test('a store that fails while it is told is told again', async () => {
    const store = sharedStore();
    const set = vi.fn(store.set).mockRejectedValueOnce(new Error('hiccup'));
    const { post, seen } = receiver({ seen: { get: store.get, set } });
    const token = await signed();
    expect([await post(token), await post(token), seen.length]).toEqual([200, 200, 1]);
    const broken = receiver({
      seen: { get: store.get, set: () => Promise.reject(new Error('away')) },
    });
    expect([await broken.post(await signed()), broken.problems[0]!.reason]).toEqual([503, 'store']);
  });

  test('the memory of this process is bounded and forgets what is over', async () => {
    const { post, seen } = receiver();
    const token = await signed();
    expect([await post(token), await post(token), seen.length]).toEqual([200, 200, 1]);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 299_000 });
    expect([await post(token), seen.length]).toEqual([200, 1]);
  });
});

describe('keys', () => {
  test('they are fetched once; new ones are found when Kinde signs with them', async () => {
    const local = await createEmulator({ strict: true });
    const { webhooks } = receiver({ issuer: local.issuer, fetch: local.fetch });
    const claims = () => ({
      type: 'passkey.added',
      event_id: crypto.randomUUID(),
      timestamp: new Date().toISOString(),
      data: {},
    });
    const status = async () => (await webhooks.handle(request(await local.sign(claims())))).status;
    expect([await status(), await status(), local.requests.length]).toEqual([200, 200, 1]);
    await local.rotateKeys();
    expect([await status(), local.requests.length]).toEqual([200, 2]);
    await local.close();
  });

  test('WH-04 unknown keys do not make us ask Kinde again and again', async () => {
    const local = await createEmulator({ strict: true });
    const { webhooks } = receiver({ issuer: local.issuer, fetch: local.fetch });
    for (let attempt = 0; attempt < 20; attempt++) {
      const kid = crypto.randomUUID();
      const token = await local.sign({ any: 1 }, { header: { kid }, key: 'unpublished' });
      expect((await webhooks.handle(request(token))).status).toBe(503);
    }
    expect(local.requests.length).toBe(2);
    await local.close();
  });

  test('OP-19 an event under a key that is not published yet is sent again, and taken once it is', async () => {
    const local = await createEmulator({ strict: true });
    const { webhooks, problems, seen } = receiver({ issuer: local.issuer, fetch: local.fetch });
    const send = async (token: string) => webhooks.handle(request(token));
    const event = () => ({
      type: 'user.created',
      event_id: crypto.randomUUID(),
      timestamp: new Date().toISOString(),
      data: { user: { id: 'kp_1', email: 'new@example.com' } },
    });
    expect((await send(await local.sign(event()))).status).toBe(200);
    const published = { keys: [local.state.key.jwk] };
    local.faults.always('/.well-known/jwks', () => Response.json(published));
    await local.rotateKeys();
    const token = await local.sign(event());
    for (let attempt = 0; attempt < 3; attempt++) {
      const { status, headers } = await send(token);
      expect([status, headers['retry-after'], problems.at(-1)!.reason]).toEqual([
        503,
        '5',
        'key_unknown',
      ]);
    }
    expect([seen.length, local.requests.length]).toEqual([1, 2]);
    local.faults.clear();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 11_000 });
    expect([(await send(token)).status, seen.length]).toEqual([200, 2]);
    await local.close();
  });

  test('OP-19 strangers with made-up keys hold an event under a new key back for ten seconds at most', async () => {
    const local = await createEmulator({ strict: true });
    const { webhooks } = receiver({ issuer: local.issuer, fetch: local.fetch });
    const made = async () =>
      local.sign({ any: 1 }, { header: { kid: crypto.randomUUID() }, key: 'unpublished' });
    const status = async (token: string) => (await webhooks.handle(request(token))).status;
    for (let attempt = 0; attempt < 3; attempt++) {
      expect(await status(await made())).toBe(503);
    }
    await local.rotateKeys();
    const token = await local.sign({
      type: 'passkey.added',
      event_id: crypto.randomUUID(),
      timestamp: new Date().toISOString(),
      data: {},
    });
    expect(await status(token)).toBe(503);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 11_000 });
    expect(await status(token)).toBe(200);
    await local.close();
  });

  test('WH-14 keys that do not arrive in time are not waited for', async () => {
    const asked = signal();
    const { post, seen, problems } = receiver({
      fetch: () => {
        asked.resolve();
        return new Promise(() => {});
      },
    });
    const token = await signed();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const answer = post(token);
    await asked.promise;
    vi.advanceTimersByTime(5000);
    expect([await answer, seen, problems[0]!.reason]).toEqual([503, [], 'keys_unavailable']);
  });

  test('WH-03 of the published keys only RSA keys for signing, with 2048 bits or more, count', async () => {
    const { kty, n, e, kid } = emulator.state.key.jwk;
    const token = await signed();
    for (const key of [
      { kty, n, e, kid, use: 'enc' },
      { kty, n, e, kid, alg: 'RS512' },
      { kty, n: n!.slice(0, 170), e, kid },
      { kty, n, e },
      { kty: 'oct', k: 'c2VjcmV0', kid },
      null,
    ]) {
      const { post, seen } = receiver({ fetch: async () => Response.json({ keys: [key] }) });
      expect([await post(token), seen]).toEqual([503, []]);
    }
    const twice = receiver({
      fetch: async () =>
        Response.json({
          keys: [
            { kty, n, e, kid },
            { kty, n, e, kid },
          ],
        }),
    });
    expect(await twice.post(token)).toBe(400);
  });
});
