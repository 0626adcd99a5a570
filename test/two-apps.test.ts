import { createHash } from 'node:crypto';
import type { Server } from 'node:http';
import { memoryStore, type KindeOptions, type SessionStore } from '@kindling/core';
import { createEmulator, type Emulator } from '@kindling/emulator';
import { redisStore } from '@kindling/redis';
import { createWebhooks, type SeenStore } from '@kindling/webhooks';
import { createClient } from 'redis';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { frameworks, optionsFor } from './kit/apps.js';
import { send } from './kit/http.js';
import { emptyRedis, hasRedis, redisUrl } from './kit/services.js';

const PATH = '/webhooks/kinde';
let emulator: Emulator;
const servers: Server[] = [];
const client = createClient({ url: redisUrl }).on('error', () => {});
const prefix = `kindling-test-two-apps-${process.pid}:`;
beforeAll(async () => {
  emulator = await createEmulator({ strict: true });
  if (hasRedis) {
    await client.connect();
  }
});
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});
afterAll(async () => {
  await emulator.close();
  if (!hasRedis) {
    return;
  }
  await emptyRedis(client, prefix);
  client.destroy();
});

const stores: Record<string, () => SessionStore> = {
  memory: () => memoryStore(),
  ...(hasRedis && { redis: () => redisStore(client, { prefix }) }),
};
const eventId = () => `event_${crypto.randomUUID()}`;
const signed = (event_id: string) =>
  emulator.sign({
    type: 'user.created',
    event_id,
    source: 'admin',
    timestamp: new Date().toISOString(),
    data: { user: { id: 'kp_1', email: 'new@example.com' } },
  });
const post = async (server: Server, body: string, path = PATH) =>
  (
    await send(server, path, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/jwt', 'webhook-id': 'w' },
    })
  ).status;
/** Where versions that knew no names of apps kept an event. */
const formerId = (event: string) =>
  createHash('sha256').update(`webhook ${emulator.issuer} ${event}`).digest('base64url');

/** A process of an app, and the events that it has handled. */
async function start(
  framework: string,
  session: KindeOptions['session'],
  more: Partial<KindeOptions> = {},
  path = PATH,
) {
  const handled: string[] = [];
  const webhooks = createWebhooks({
    path,
    onProblem: () => {},
    otherwise: (event) => void handled.push(event.event_id),
  });
  const server = await frameworks[framework]!(
    optionsFor(emulator, { webhooks, session: session!, ...more }),
  );
  servers.push(server);
  return { handled, post: (body: string) => post(server, body, path) };
}

const rows = Object.keys(frameworks).flatMap((framework) =>
  Object.keys(stores).flatMap((store) =>
    (['store', 'coordination'] as const).map((keep) => [framework, store, keep] as const),
  ),
);

describe.each(rows)(
  'OP-18 two apps of a tenant on %s share a store (%s, as session.%s)',
  (framework, store, keep) => {
    const others: readonly [string, Partial<KindeOptions>, string?][] = [
      ['another application of the tenant', { clientId: 'another-client' }],
      ['the same application at another address', { siteUrl: 'https://other.example' }],
      ['the same application below another path', { siteUrl: 'https://app.example/two' }],
      ['another receiver beside it', {}, '/webhooks/other'],
    ];
    test.each(others)(
      'OP-18 each app handles each event once: %s',
      async (_name, options, path) => {
        const session = { [keep]: stores[store]!() };
        const one = await start(framework, session);
        const again = await start(framework, session);
        const base = options.siteUrl ? new URL(options.siteUrl).pathname.replace(/\/$/, '') : '';
        const handled: string[] = [];
        const webhooks = createWebhooks({
          path: path ?? PATH,
          otherwise: ({ event_id }) => void handled.push(event_id),
        });
        const server = await frameworks[framework]!(
          optionsFor(emulator, { webhooks, session, ...options }),
        );
        servers.push(server);
        const event = eventId();
        const body = await signed(event);
        const answers = [
          ...[
            await one.post(body),
            await again.post(body),
            await post(server, body, base + (path ?? PATH)),
          ],
          ...[
            await one.post(body),
            await again.post(body),
            await post(server, body, base + (path ?? PATH)),
          ],
        ];
        expect(answers).toEqual([200, 200, 200, 200, 200, 200]);
        expect([[...one.handled, ...again.handled], handled]).toEqual([[event], [event]]);
      },
    );

    test('OP-18 ten deliveries at once to two processes of each app are one for each app', async () => {
      const session = { [keep]: stores[store]!() };
      const apps = [{}, { clientId: 'another-client' }];
      const processes = await Promise.all(
        apps.map((options) =>
          Promise.all([start(framework, session, options), start(framework, session, options)]),
        ),
      );
      const event = eventId();
      const body = await signed(event);
      const deliveries = processes.flatMap((app) =>
        app.flatMap((one) => Array.from({ length: 5 }, () => one.post(body))),
      );
      // Whoever finds another process at it is told to come again.
      for (const status of await Promise.all(deliveries)) {
        expect([200, 503]).toContain(status);
      }
      for (const app of processes) {
        expect(app.flatMap(({ handled }) => handled)).toEqual([event]);
      }
    });

    test('OP-18 what a process of an earlier version has handled, or is at, is not handled again', async () => {
      const shared = stores[store]!();
      const app = await start(framework, { [keep]: shared });
      const done = eventId();
      const running = eventId();
      const fresh = eventId();
      await shared.set(formerId(done), 'done', 60);
      await shared.set(formerId(running), 'running 1', 60);
      expect(await app.post(await signed(done))).toBe(200);
      expect(await app.post(await signed(running))).toBe(503);
      expect(await app.post(await signed(fresh))).toBe(200);
      expect(app.handled).toEqual([fresh]);
      // What this version does is not hidden from other apps by that id.
      expect(await shared.get(formerId(fresh))).toBeUndefined();
    });
  },
);

describe('OP-18 receivers that kinde() does not mount', () => {
  const receiver = (seen: SeenStore, app?: string) => {
    const handled: string[] = [];
    const webhooks = createWebhooks({
      ...{ issuer: emulator.issuer, fetch: emulator.fetch, seen, ...(app && { app }) },
      otherwise: (event) => void handled.push(event.event_id),
    });
    const headers = { 'content-type': 'application/jwt', 'webhook-id': 'w' };
    const deliver = async (body: string) =>
      (
        await webhooks.handle(
          new Request('https://any.example/', { method: 'POST', headers, body }),
        )
      ).status;
    return { handled, deliver };
  };

  test('OP-18 with the option `app` each handles each event once, and its processes share', async () => {
    const seen = memoryStore();
    const billing = receiver(seen, 'billing');
    const again = receiver(seen, 'billing');
    const mail = receiver(seen, 'mail');
    const event = eventId();
    const body = await signed(event);
    for (const one of [billing, again, mail, mail, billing]) {
      expect(await one.deliver(body)).toBe(200);
    }
    expect([billing.handled, again.handled, mail.handled]).toEqual([[event], [], [event]]);
  });

  test('OP-18 the header Host, which anybody could change, names nobody', async () => {
    const { handled, post: deliver } = await start('express', { store: memoryStore() });
    const event = eventId();
    const body = await signed(event);
    await deliver(body);
    const headers = { 'content-type': 'application/jwt', 'webhook-id': 'w', host: 'evil.example' };
    expect((await send(servers[0]!, PATH, { method: 'POST', body, headers })).status).toBe(200);
    expect(handled).toEqual([event]);
  });

  test.each(['', 5, null, {}])('OP-18 the name %j is refused', (app) => {
    expect(() => createWebhooks({ app: app as never })).toThrow('`app` must be text.');
  });
});
