import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { emit } from '../src/state/events.js';
import { createEmulator, type Emulator } from '../src/index.js';
import { callerOf, managementToken, type Call } from './kit.js';

const APP = 'https://app.example/webhooks';
const HOUR = 3_600;
const NOON = Date.parse('2026-03-01T12:00:00Z') / 1_000;

interface Received {
  readonly url: string;
  readonly init: RequestInit;
  readonly id: string;
  readonly body: string;
}

let emulator: Emulator;
let received: Received[];
/** What the app answers. */
let answer: (one: Received) => Response | Promise<Response>;
const deliver: typeof fetch = async (input, init) => {
  const id = new Headers(init?.headers).get('webhook-id')!;
  const one = { url: String(input), init: init!, id, body: String(init!.body) };
  received.push(one);
  return answer(one);
};

beforeEach(async () => {
  received = [];
  answer = () => new Response(null);
  emulator = await createEmulator({ deliver, clock: { now: () => NOON } });
});
afterEach(async () => {
  vi.useRealTimers();
  await emulator.close();
});

/** With a new token each time: days pass here. */
const call: Call = async (name, input) =>
  callerOf(emulator, await managementToken(emulator))(name, input);
const register = async (event_types: string[], endpoint = APP): Promise<string> =>
  (await call('webhooks.create', { endpoint, event_types, name: 'App' })).body.webhook.id;
const invent = (key: string) => call('permissions.create', { key, name: key });
const statuses = () => emulator.webhooks.deliveries.map(({ attempt, status }) => [attempt, status]);
const later = async (seconds: number) => {
  emulator.clock.advance(seconds);
  await emulator.webhooks.settled();
};

describe('webhooks in the Management API', () => {
  test('are made, listed, changed and removed', async () => {
    const id = await register(['user.created']);
    expect((await call('webhooks.list')).body.webhooks).toEqual([
      expect.objectContaining({
        id,
        name: 'App',
        endpoint: APP,
        description: '',
        event_types: ['user.created'],
      }),
    ]);
    await call('webhooks.update', {
      webhook_id: id,
      event_types: ['user.deleted'],
      description: 'Who left',
    });
    expect((await call('webhooks.list')).body.webhooks).toMatchObject([
      { name: 'App', description: 'Who left', event_types: ['user.deleted'] },
    ]);
    await call('webhooks.remove', { webhook_id: id });
    expect((await call('webhooks.list')).body.webhooks).toEqual([]);
    for (const [name, input] of [
      ['webhooks.remove', { webhook_id: id }],
      ['webhooks.update', { webhook_id: id, name: 'x' }],
    ] as const) {
      expect((await call(name, input)).body.errors[0].code).toBe('WEBHOOK_NOT_FOUND');
    }
  });

  test('are refused where an address or a type makes no sense', async () => {
    const endpoints = [
      'http://app.example/webhooks',
      'ftp://localhost/',
      'https://ada:secret@app.example/',
      'app',
    ];
    const types = [[], ['user.created', 'user.exploded'], ['toString']];
    const bad = [
      ...endpoints.map((endpoint) => ({ endpoint })),
      ...types.map((event_types) => ({ event_types })),
    ];
    for (const change of bad) {
      const { status, body } = await call('webhooks.create', {
        endpoint: APP,
        event_types: ['user.created'],
        name: 'App',
        ...change,
      });
      const [field] = Object.keys(change);
      expect([status, body.errors[0]]).toMatchObject([
        400,
        { code: `${field!.toUpperCase()}_INVALID`, field },
      ]);
    }
    const id = await register(['user.created']);
    expect((await call('webhooks.update', { webhook_id: id, event_types: ['x'] })).status).toBe(
      400,
    );
    expect(emulator.state.webhooks).toMatchObject([{ eventTypes: ['user.created'] }]);
  });

  test('say which types of events there are, and what an event said', async () => {
    const { event_types: types } = (await call('webhooks.listEventTypes')).body;
    expect(types.length).toBe(27);
    expect(new Set(types.map(({ id }: { id: string }) => id)).size).toBe(27);
    expect(types).toContainEqual(
      expect.objectContaining({ code: 'role.deleted', name: 'Role deleted' }),
    );
    await register(types.map(({ code }: { code: string }) => code));
    await invent('fly:kites');
    await emulator.webhooks.settled();
    const sent = decodeJwt(received[0]!.body);
    const { event } = (await call('webhooks.getEvent', { event_id: sent['event_id'] })).body;
    const timestamp = Date.parse(String(sent['timestamp'])) / 1_000;
    expect(event).toEqual({
      type: sent['type'],
      source: 'api',
      event_id: sent['event_id'],
      timestamp,
      data: sent['data'],
    });
    expect((await call('webhooks.getEvent', { event_id: 'event_0' })).status).toBe(404);
  });
});

describe('an event', () => {
  test('is delivered as Kinde does: a signed token and nothing else, to whom asked for its type', async () => {
    await register(['permission.created']);
    await register(['user.created'], 'https://other.example/');
    await invent('fly:kites');
    await emulator.webhooks.settled();
    expect(received.length).toBe(1);
    const [{ url, init, body }] = received as [Received];
    expect([url, init.method, init.redirect]).toEqual([APP, 'POST', 'manual']);
    expect([...new Headers(init.headers).keys()].sort()).toEqual(['content-type', 'webhook-id']);
    expect(new Headers(init.headers).get('content-type')).toBe('application/jwt');
    const { jwk } = emulator.state.key;
    expect(decodeProtectedHeader(body)).toMatchObject({ alg: 'RS256', kid: jwk.kid });
    const { payload } = await jwtVerify(body, createLocalJWKSet({ keys: [jwk] }));
    expect(payload).toEqual({
      type: 'permission.created',
      event_id: expect.stringMatching(/^event_[0-9a-f]{32}$/),
      source: 'api',
      timestamp: '2026-03-01T12:00:00.000Z',
      event_timestamp: '2026-03-01T12:00:00.000Z',
      data: { permission: expect.objectContaining({ key: 'fly:kites', name: 'fly:kites' }) },
    });
    const { id } = received[0]!;
    expect(emulator.webhooks.deliveries).toEqual([
      { id, type: 'permission.created', endpoint: APP, attempt: 1, status: 200 },
    ]);
  });

  test('tells what was when it happened, whatever happened since', async () => {
    await register(['user.updated']);
    const { id } = emulator.state.people[0]!;
    answer = () => new Response(null, { status: 503 });
    await call('users.update', { id, given_name: 'Augusta' });
    await emulator.webhooks.settled();
    emulator.state.people[0]!.givenName = 'Ada';
    answer = () => new Response(null);
    await later(5);
    const names = received.map(({ body }) => (decodeJwt(body)['data'] as any).user.first_name);
    expect(names).toEqual(['Augusta', 'Augusta']);
  });

  test('of somebody who signs in says from where', async () => {
    await register(['user.authenticated']);
    const { KINDE_CLIENT_ID: client_id, KINDE_REDIRECT_URI } = emulator.env;
    const query = {
      client_id: client_id!,
      redirect_uri: KINDE_REDIRECT_URI!,
      response_type: 'code',
      state: 'state-of-the-app',
    };
    const url = `${emulator.issuer}/oauth2/auth?${new URLSearchParams({ ...query, scope: 'openid' })}`;
    await emulator.signIn(url, { email: 'grace@example.com' });
    await emulator.webhooks.settled();
    expect(received.map(({ body }) => decodeJwt(body))).toMatchObject([
      { type: 'user.authenticated', source: 'user', ip_address: '127.0.0.1' },
    ]);
  });

  test('goes to every webhook that asked for it, each with an id of its own', async () => {
    await register(['permission.created']);
    await register(['permission.created'], 'https://other.example/');
    await invent('fly:kites');
    await emulator.webhooks.settled();
    expect(received.map(({ url }) => url).sort()).toEqual([APP, 'https://other.example/']);
    expect(new Set(received.map(({ id }) => id)).size).toBe(2);
    expect(new Set(received.map(({ body }) => decodeJwt(body)['event_id'])).size).toBe(1);
  });

  test('that an app causes while it handles one is delivered, too', async () => {
    await register(['permission.created']);
    answer = async () => {
      if (received.length < 3) {
        await invent(`fly:${received.length}`);
      }
      return new Response(null);
    };
    await invent('fly:kites');
    await emulator.webhooks.settled();
    expect(received.length).toBe(3);
  });
});

describe('what is not answered with 200', () => {
  test('is tried again after 5 seconds, 30, 2 minutes, 10, an hour, 4, and every 12 hours of 36', async () => {
    await register(['permission.created']);
    answer = () => new Response(null, { status: 500 });
    await invent('fly:kites');
    await emulator.webhooks.settled();
    for (const [index, wait] of [5, 30, 120, 600, HOUR, 4 * HOUR, 12 * HOUR, 12 * HOUR].entries()) {
      await later(wait - 1);
      expect(received.length).toBe(index + 1);
      await later(1);
      expect(received.length).toBe(index + 2);
    }
    await later(100 * HOUR);
    expect(received.length).toBe(9);
    expect(new Set(received.map(({ id }) => id)).size).toBe(1);
    const told = received.map(({ body }) => decodeJwt(body));
    for (const one of told) {
      expect(one).toEqual(told[0]);
    }
    expect(statuses()).toEqual(received.map((_, index) => [index + 1, 500]));
  });

  test('includes other kinds of success, redirects and refusals', async () => {
    await register(['permission.created']);
    const others = [201, 204, 302, 404];
    const headers = { location: 'https://trap.example/' };
    answer = () => new Response(null, { status: others[received.length - 1] ?? 200, headers });
    await invent('fly:kites');
    await emulator.webhooks.settled();
    for (const wait of [5, 30, 120, 600, HOUR]) {
      await later(wait);
    }
    expect(statuses()).toEqual([...others, 200].map((status, index) => [index + 1, status]));
    expect(new Set(received.map(({ url }) => url))).toEqual(new Set([APP]));
  });

  test('includes an app that cannot be reached, or never answers', async () => {
    await register(['permission.created']);
    answer = () => Promise.reject(new TypeError('fetch failed'));
    await invent('fly:kites');
    await emulator.webhooks.settled();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let isAsked = () => {};
    const asked = new Promise<void>((resolve) => (isAsked = resolve));
    answer = () => {
      isAsked();
      return new Promise(() => {});
    };
    emulator.clock.advance(5);
    const settled = emulator.webhooks.settled();
    await asked;
    vi.advanceTimersByTime(15_000);
    await settled;
    expect(statuses()).toEqual([
      [1, 'unreachable'],
      [2, 'timeout'],
    ]);
    expect(received[1]!.init.signal!.aborted).toBe(true);
  });

  test('of the answer no body is read, however long it is', async () => {
    await register(['permission.created']);
    let isCancelled = false;
    answer = () =>
      new Response(
        new ReadableStream({
          pull: (controller) => controller.enqueue(new Uint8Array(1024)),
          cancel: () => void (isCancelled = true),
        }),
      );
    await invent('fly:kites');
    await emulator.webhooks.settled();
    expect([statuses(), isCancelled]).toEqual([[[1, 200]], true]);
  });

  test('keeps nobody else waiting', async () => {
    await register(['permission.created']);
    await register(['permission.created'], 'https://other.example/');
    let release = () => {};
    const held = new Promise<Response>((resolve) => (release = () => resolve(new Response(null))));
    answer = ({ url }) => (url === APP ? held : new Response(null));
    await invent('fly:kites');
    await invent('fly:planes');
    const others = () => emulator.webhooks.deliveries.filter(({ endpoint }) => endpoint !== APP);
    await vi.waitFor(() => expect(others().length).toBe(2));
    expect(emulator.webhooks.deliveries.length).toBe(2);
    release();
    await emulator.webhooks.settled();
    expect(emulator.webhooks.deliveries.length).toBe(4);
  });

  test('for 72 hours ends the webhook, until somebody changes it', async () => {
    const id = await register(['permission.created']);
    answer = () => new Response(null, { status: 500 });
    await invent('fly:kites');
    await emulator.webhooks.settled();
    await later(71 * HOUR);
    await invent('fly:planes');
    await emulator.webhooks.settled();
    expect(emulator.state.webhooks[0]!.disabledAt).toBeUndefined();
    await later(2 * HOUR);
    expect(emulator.state.webhooks[0]!.disabledAt).toBeLessThanOrEqual(emulator.clock.now());
    const before = received.length;
    await invent('fly:birds');
    await later(100 * HOUR);
    expect(received.length).toBe(before);
    answer = () => new Response(null);
    await call('webhooks.update', { webhook_id: id, name: 'App' });
    await invent('fly:bees');
    await emulator.webhooks.settled();
    expect(statuses().at(-1)).toEqual([1, 200]);
  });

  test('is forgiven as soon as something arrives', async () => {
    await register(['permission.created']);
    answer = () => new Response(null, { status: 500 });
    await invent('fly:kites');
    await emulator.webhooks.settled();
    answer = () => new Response(null);
    await later(5);
    expect(emulator.state.webhooks[0]!.failingSince).toBeUndefined();
  });

  test('is forgotten with the webhook', async () => {
    const id = await register(['permission.created']);
    answer = () => new Response(null, { status: 500 });
    await invent('fly:kites');
    await emulator.webhooks.settled();
    await call('webhooks.remove', { webhook_id: id });
    await later(5);
    expect(received.length).toBe(1);
  });
});

test('the log and what waits are bounded', async () => {
  await register(['permission.created']);
  answer = () => new Response(null, { status: 500 });
  for (let count = 0; count < 1_005; count += 1) {
    emit(emulator.state, 'permission.created', { permission: { count } });
  }
  await emulator.webhooks.settled();
  expect(received.length).toBe(1_000);
  const told = ({ body }: Received) => (decodeJwt(body)['data'] as any).permission.count;
  expect(received.slice(0, 2).map(told)).toEqual([5, 6]);
  await later(5);
  expect([received.length, emulator.webhooks.deliveries.length]).toEqual([2_000, 1_000]);
});

describe('on this machine', () => {
  let server: Server;
  let url: string;
  let posted: string[];
  let status: number;
  beforeEach(async () => {
    posted = [];
    status = 200;
    server = createServer((request, response) => {
      request.setEncoding('utf8');
      let body = '';
      request.on('data', (part: string) => (body += part));
      request.on('end', () => {
        posted.push(body);
        response.writeHead(status, { location: '/elsewhere' }).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    emulator = await createEmulator();
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  test('events go over the network, and nowhere else', async () => {
    await register(['permission.created'], url);
    await register(['permission.created']);
    await invent('fly:kites');
    await later(5);
    expect(posted.map((body) => decodeJwt(body)['type'])).toEqual(['permission.created']);
    const { deliveries } = emulator.webhooks;
    expect(
      deliveries.map(({ endpoint, attempt, status: told }) => [endpoint, attempt, told]).sort(),
    ).toEqual(
      [
        [url, 1, 200],
        [APP, 1, 'refused'],
      ].sort(),
    );
  });

  test('redirects are not followed', async () => {
    status = 307;
    await register(['permission.created'], url);
    await invent('fly:kites');
    await emulator.webhooks.settled();
    expect([posted.length, statuses()]).toEqual([1, [[1, 307]]]);
  });

  test('real time tries again while it listens, and stops when it is closed', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
    await emulator.listen({ port: 0 });
    status = 503;
    await register(['permission.created'], url);
    await invent('fly:kites');
    await emulator.webhooks.settled();
    vi.advanceTimersByTime(5_000);
    await vi.waitFor(() => expect(posted.length).toBe(2));
    await emulator.webhooks.settled();
    expect(vi.getTimerCount()).toBe(1);
    await emulator.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});
