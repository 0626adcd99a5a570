import { tracingChannel } from 'node:diagnostics_channel';
import type { Server } from 'node:http';
import type { KindeEvent, KindeOptions, Logger } from '@kindling/core';
import { createEmulator, type Emulator } from '@kindling/emulator';
import {
  createWebhooks,
  type WebhookOptions,
  type WebhookProblem,
  type Webhooks,
} from '@kindling/webhooks';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { frameworks, optionsFor, SITE } from '../../../test/kit/apps.js';
import { send } from '../../../test/kit/http.js';

const EMAIL = 'new@example.com';
const USER = 'kp_7d1b0e4c';
const broken = () => {
  throw new Error('the database is away');
};

let emulator: Emulator;
beforeAll(async () => {
  emulator = await createEmulator({ strict: true, siteUrl: SITE });
});
afterEach(() => {
  emulator.faults.clear();
  vi.restoreAllMocks();
});
afterAll(() => emulator.close());

const signed = (change: Record<string, unknown> = {}) =>
  emulator.sign({
    type: 'user.created',
    event_id: `event_${crypto.randomUUID()}`,
    timestamp: new Date().toISOString(),
    data: { user: { id: USER, email: EMAIL } },
    ...change,
  });

describe.each(Object.keys(frameworks))('a webhook in events and logs, on %s', (framework) => {
  let apps: Server[];
  let events: KindeEvent<'webhook'>[];
  let lines: [level: string, details: Record<string, unknown>, message: string][];
  let warnings: Error[];
  const listen = (warning: Error) => void warnings.push(warning);
  beforeEach(() => {
    [apps, events, lines, warnings] = [[], [], [], []];
    process.on('warning', listen);
  });
  afterEach(() => {
    process.off('warning', listen);
    for (const app of apps) {
      app.closeAllConnections();
      app.close();
    }
  });

  const logger = Object.fromEntries(
    ['error', 'warn', 'info', 'debug'].map((level) => [
      level,
      (details: Record<string, unknown>, message: string) =>
        void lines.push([level, details, message]),
    ]),
  ) as unknown as Logger;
  const start = async (options: WebhookOptions, more: Partial<KindeOptions> = {}) => {
    const onEvent = (event: KindeEvent) => void (event.name === 'webhook' && events.push(event));
    const webhooks = createWebhooks(options);
    const app = await frameworks[framework]!(
      optionsFor(emulator, { webhooks, logger, onEvent, ...more }),
    );
    apps.push(app);
    return async (body: string, headers: Record<string, string> = {}) => {
      const { status } = await send(app, '/webhooks/kinde', {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/jwt', 'webhook-id': 'webhook_1', ...headers },
      });
      await new Promise(setImmediate);
      return status;
    };
  };

  test('the event says the type, the status and why, and nothing of the webhook', async () => {
    const post = await start({ otherwise: () => {} });
    const token = await signed();
    const unknown = await signed({ type: 'secret.invented', data: {} });
    const old = new Date(Date.now() - 3_600_000).toISOString();
    const all = [token, token, unknown, await signed({ timestamp: old }), 'x'];
    for (const body of all) {
      await post(body);
    }
    const factsOf = ({ outcome, type, status, reason }: (typeof events)[number]) =>
      [outcome, type, status, reason] as const;
    expect(events.map(factsOf)).toEqual([
      ['done', 'user.created', 200, undefined],
      ['done', 'user.created', 200, 'duplicate'],
      ['done', undefined, 200, undefined],
      ['refused', undefined, 400, 'stale'],
      ['refused', undefined, 400, 'malformed'],
    ]);
    const told = JSON.stringify([events, lines]);
    for (const secret of [token.slice(-40), EMAIL, USER, 'secret.invented', 'event_']) {
      expect(told).not.toContain(secret);
    }
  });

  test('a handler that throws is logged once, as a failure of the app with its stack', async () => {
    const post = await start({ on: { 'user.created': broken } });
    expect(await post(await signed())).toBe(500);
    expect(events).toMatchObject([
      { outcome: 'failed', code: 'hook_failed', reason: 'handler', type: 'user.created' },
    ]);
    expect(lines).toMatchObject([['error', { code: 'hook_failed', reason: 'webhooks.on' }, {}]]);
    const { cause } = lines[0]![1]['err'] as Error;
    expect((cause as Error).stack).toContain('broken');
    expect(warnings).toEqual([]);
  });

  test('a refusal is info with what to compare, and keys that are unavailable are a warning with their cause', async () => {
    const post = await start({ otherwise: () => {} });
    const [head, body] = (await signed()).split('.');
    expect(await post(`${head}.${body}.${'A'.repeat(342)}`)).toBe(400);
    expect(lines).toMatchObject([
      ['info', { reason: 'signature', fix: expect.stringContaining('issuer') }, {}],
    ]);
    const other = await start({ otherwise: () => {} });
    const away = Object.assign(new TypeError('fetch failed'), { code: 'ECONNREFUSED' });
    emulator.faults.always('/.well-known/jwks', () => Promise.reject(away));
    expect(await other(await signed())).toBe(503);
    expect(lines.slice(1)).toMatchObject([
      ['warn', { code: 'keys_unavailable', cause: 'ECONNREFUSED' }, {}],
    ]);
    expect(events.at(-1)).toMatchObject({ outcome: 'failed', reason: 'keys_unavailable' });
    expect(warnings).toEqual([]);
  });

  test('a store that fails is no failure of the handler', async () => {
    const away = async () => Promise.reject(new Error('away'));
    const post = await start({ otherwise: () => {}, seen: { get: away, set: away } });
    expect(await post(await signed())).toBe(503);
    expect(events).toMatchObject([{ code: 'store_unavailable', reason: 'store', status: 503 }]);
    expect(lines.map(([level]) => level)).toEqual(['error']);
  });

  test('onProblem is called as well, and is named where it throws', async () => {
    const problems: WebhookProblem[] = [];
    const onProblem = (problem: WebhookProblem) => {
      problems.push(problem);
      broken();
    };
    const post = await start({ on: { 'user.created': broken }, onProblem });
    await post(await signed());
    expect(problems).toMatchObject([{ status: 500, reason: 'handler', type: 'user.created' }]);
    expect(lines.map(([, { reason }]) => reason)).toEqual(['webhooks.onProblem', 'webhooks.on']);
    expect(events).toMatchObject([{ reason: 'handler', status: 500 }]);
  });

  test('a body that was read before is an event, too; the framework has the error', async () => {
    const options = { otherwise: () => {} };
    const receiver = createWebhooks(options);
    const handle: Webhooks['handle'] = (request, host) =>
      receiver.handle({ method: 'POST', headers: request.headers, body: {} as never }, host);
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const post = await start(options, { webhooks: { ...receiver, handle } });
    expect(await post('x')).toBe(500);
    expect(events).toMatchObject([{ outcome: 'failed', reason: 'body_consumed', status: 500 }]);
    expect(lines).toEqual([]);
  });
});

describe('a receiver that no app mounts', () => {
  test('publishes its events on the channels of kinde:webhook', async () => {
    const ended: Record<string, unknown>[] = [];
    const calls: string[] = [];
    const channel = tracingChannel<unknown, Record<string, unknown>>('kinde:webhook');
    const subscribers = {
      start: () => void calls.push('start'),
      end: () => {},
      error: () => void calls.push('error'),
      asyncStart: () => {},
      asyncEnd: (event: Record<string, unknown>) => void ended.push({ ...event }),
    };
    const webhooks = createWebhooks({
      issuer: emulator.issuer,
      fetch: emulator.fetch,
      on: { 'user.updated': broken },
      otherwise: () => {},
      onProblem: () => {},
    });
    const post = async (body: string) => {
      const headers = new Headers({ 'content-type': 'application/jwt', 'webhook-id': 'w' });
      await webhooks.handle({ method: 'POST', headers, body });
    };
    channel.subscribe(subscribers);
    await post(await signed());
    await post(await signed({ type: 'user.updated' }));
    await post('x');
    channel.unsubscribe(subscribers);
    await post('x');
    const times = { name: 'webhook', at: expect.any(Number), took: expect.any(Number) };
    expect(ended).toEqual([
      { ...times, status: 200, outcome: 'done', type: 'user.created' },
      { ...times, status: 500, outcome: 'failed', reason: 'handler', type: 'user.updated' },
      { ...times, status: 400, outcome: 'refused', reason: 'malformed' },
    ]);
    expect(calls).toEqual(['start', 'start', 'error', 'start']);
  });
});
