import type { Server } from 'node:http';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { remoteOptionsFor } from '../../../../test/kit/apps.js';
import { createBrowser } from '../../../../test/kit/browser.js';
import { NAVIGATION, send, type Answer } from '../../../../test/kit/http.js';
import type { AppSpec, StoreSpec } from '../../../../test/kit/machine.js';
import {
  clearStores,
  createMachines,
  createReachableKinde,
  privateRedis,
  sharedStores,
  type Machine,
} from '../../../../test/kit/machines.js';
import { hasRedisServerBinary } from '../../../../test/kit/services.js';

const ADA = 'ada@example.com';
const stores = await sharedStores('machines');
const machines = await createMachines();
const hosts = [1, 2, 3, 4].map(() => machines.start());
/** Other things may run on this machine. */
const PATIENCE = 60_000;
vi.setConfig({ testTimeout: PATIENCE });
afterAll(async () => {
  machines.stop();
  await clearStores(stores);
});

/** Several processes in front of one local Kinde. */
async function createSite(keep: AppSpec['keep'], store: StoreSpec, hosts: Machine[]) {
  const emulator = await createReachableKinde();
  const options = remoteOptionsFor(emulator);
  const servers = await Promise.all(
    hosts.map((host, index) =>
      host.serve({ framework: index % 2 ? 'fastify' : 'express', options, keep, store }),
    ),
  );
  const browser = createBrowser(servers[0]!, emulator);
  const cookie = () => [...browser.jar].map(([name, value]) => `${name}=${value}`).join('; ');
  let turn = 0;
  return {
    emulator,
    servers,
    browser,
    cookie,
    calls: () => emulator.requests.filter(({ path }) => path === '/oauth2/token').length,
    /** The next server in turn. */
    next: () => servers[turn++ % servers.length]!,
    ask: (server: Server, jar = cookie(), path = '/private') =>
      send(server, path, { headers: { ...NAVIGATION, cookie: jar } }),
    /** Signs in with an access token that is over already; the next one lives. */
    async signInExpired() {
      const [app] = emulator.state.applications;
      app!.tokens = { ...app!.tokens, accessTokenLifetime: 1 };
      emulator.clock.set(emulator.clock.now() - 40);
      await browser.signIn(ADA);
      emulator.clock.advance(40);
      app!.tokens = { ...app!.tokens, accessTokenLifetime: 3600 };
      emulator.requests.length = 0;
      emulator.state.reuse = 0;
    },
  };
}

const statuses = (answers: Answer[]) => [...new Set(answers.map(({ status }) => status))];

const [first, ...others] = Object.keys(stores).reverse();
const rows = [
  ...Object.keys(stores).map((name) => ['store', name, 200] as const),
  ...Object.keys(stores).map((name) => ['coordination', name, 200] as const),
  ['fallback', first!, 200] as const,
  ['store', others[0] ?? first!, 2000] as const,
];

describe('four processes and one expired session', () => {
  test.each(rows)(
    'RF-02 RF-03 RF-19 sessions kept as "%s" in %s: %i requests at once cost one renewal, and nobody is refused',
    async (keep, name, count) => {
      const site = await createSite(keep, stores[name]!.spec, hosts);
      await site.signInExpired();
      const old = site.cookie();
      const answers = await Promise.all(
        Array.from({ length: count }, () => site.ask(site.next(), old)),
      );
      expect(statuses(answers)).toEqual([200]);
      const late = await Promise.all(site.servers.map((server) => site.ask(server, old)));
      expect(statuses(late)).toEqual([200]);
      expect([site.calls(), site.emulator.state.reuse]).toEqual([1, 0]);
      await site.browser.open('/private');
      expect(statuses(await Promise.all(site.servers.map((server) => site.ask(server))))).toEqual([
        200,
      ]);
      expect(site.calls()).toBe(1);
      await site.emulator.close();
    },
  );
});

test('RF-03 sessions in cookies that share nothing: each process renews once, which only works within Kinde’s overlap', async () => {
  for (const overlap of [60, 0]) {
    const site = await createSite('cookie', { kind: 'none' }, hosts);
    await site.signInExpired();
    site.emulator.state.overlap = overlap;
    const old = site.cookie();
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => site.ask(site.next(), old, '/me')),
    );
    expect(statuses(answers)).toEqual([200]);
    expect(site.calls()).toBe(4);
    const signedIn = answers.filter((answer) => answer.json().isAuthenticated).length;
    expect(signedIn).toBe(overlap > 0 ? 200 : 50);
    await site.emulator.close();
  }
});

describe('whoever renews for all dies or stands still', () => {
  const { spec } = stores['redis'] ?? stores['filesystem']!;
  const never = () => new Promise<never>(() => {});

  test('RF-04 RF-15 RF-19 killed: another process renews when the lock has run out, and only what Kinde had answered already costs a sign-in', async () => {
    const holder = machines.start();
    let arrived = 0;
    /** Holds the request before or after Kinde has traded the refresh token. */
    const before = () => (arrived++, never());
    const after = async (next: () => Promise<Response>) => (await next(), arrived++, never());
    const held = [
      ['store', before, 0],
      ['coordination', before, 0],
      ['store', after, 60],
      ['store', after, 0],
    ] as const;
    const sites = await Promise.all(
      held.map(async ([keep, around, overlap]) => {
        const site = await createSite(keep, spec, [holder, hosts[0]!]);
        await site.signInExpired();
        site.emulator.state.overlap = overlap;
        site.emulator.faults.once('/oauth2/token', (_request, next) => around(next));
        const old = site.cookie();
        site.ask(site.servers[0]!, old).catch(() => {});
        return { site, old };
      }),
    );
    await vi.waitFor(() => expect(arrived).toBe(held.length), PATIENCE);
    holder.signal('SIGKILL');
    const outcomes = await Promise.all(
      sites.map(async ({ site, old }) => {
        const answers = await Promise.all(
          Array.from({ length: 20 }, () => site.ask(site.servers[1]!, old, '/me')),
        );
        expect(statuses(answers)).toEqual([200]);
        const signedIn = new Set(answers.map((answer) => answer.json().isAuthenticated as boolean));
        return { signedIn: [...signedIn], calls: site.calls(), reuse: site.emulator.state.reuse };
      }),
    );
    expect(outcomes).toEqual([
      { signedIn: [true], calls: 2, reuse: 0 },
      { signedIn: [true], calls: 2, reuse: 0 },
      { signedIn: [true], calls: 2, reuse: 1 },
      { signedIn: [false], calls: 2, reuse: 1 },
    ]);
  });

  test('RF-15 stopped: it finds its lock gone, and uses what the others agreed on', async () => {
    const holder = machines.start();
    const site = await createSite('store', spec, [holder, hosts[0]!]);
    await site.signInExpired();
    site.emulator.state.overlap = 60;
    site.emulator.faults.once('/oauth2/token', (_request, next) => {
      holder.signal('SIGSTOP');
      return next();
    });
    const old = site.cookie();
    const first = site.ask(site.servers[0]!, old);
    await vi.waitFor(() => expect(site.calls()).toBe(1), PATIENCE);
    expect((await site.ask(site.servers[1]!, old)).status).toBe(200);
    const agreed = site.emulator.state.refreshTokens.size;
    holder.signal('SIGCONT');
    expect((await first).status).toBe(200);
    expect(
      statuses(await Promise.all(site.servers.map((server) => site.ask(server, old)))),
    ).toEqual([200]);
    expect([site.calls(), site.emulator.state.refreshTokens.size]).toEqual([2, agreed]);
  });
});

test.skipIf(!hasRedisServerBinary)(
  'ST-10 RF-05 Redis restarts while a session is renewed: 503 meanwhile, then everybody goes on with the one result',
  async () => {
    const redis = await privateRedis();
    await redis.start();
    try {
      const site = await createSite(
        'store',
        { kind: 'redis', url: redis.url, prefix: 'x:' },
        hosts.slice(2),
      );
      await site.signInExpired();
      site.emulator.faults.once('/oauth2/token', async (_request, next) => {
        const response = await next();
        await redis.stop();
        return response;
      });
      const old = site.cookie();
      expect((await site.ask(site.servers[0]!, old)).status).toBe(200);
      const down = await site.ask(site.servers[1]!, old);
      expect([down.status, down.headers['retry-after'], down.setCookies]).toEqual([503, '5', []]);
      expect(
        (await send(site.servers[1]!, '/me', { headers: { cookie: old } })).json().reason,
      ).toBe('unavailable');
      await redis.start();
      await vi.waitFor(
        async () => expect((await site.ask(site.servers[1]!, old)).status).toBe(200),
        PATIENCE,
      );
      expect([site.calls(), site.emulator.state.reuse]).toEqual([1, 0]);
    } finally {
      await redis.stop();
    }
  },
);
