import { createKinde, filesystemStore, type SessionStore } from '@kindling/core';
import { createEmulator } from '@kindling/emulator';
import { postgresStore } from '@kindling/postgres';
import { redisStore } from '@kindling/redis';
import { Pool } from 'pg';
import { createClient } from 'redis';
import { afterAll, describe, expect, test } from 'vitest';
import { SECRET, SITE } from '../../../../test/kit/apps.js';
import { createBrowser } from '../../../../test/kit/browser.js';
import type { StoreSpec } from '../../../../test/kit/machine.js';
import { createMachines, sharedStores } from '../../../../test/kit/machines.js';
import { ADA, cookieOf, GRACE, visit } from '../../../../test/kit/shop.js';

const stores = await sharedStores('revocation');
const machines = await createMachines();
const closing: (() => unknown)[] = [];
afterAll(async () => {
  machines.stop();
  for (const one of closing) {
    await one();
  }
  for (const { clear } of Object.values(stores)) {
    await clear().catch(() => {});
  }
});

/** The same store in this process, and what empties it. */
async function opened(
  spec: StoreSpec,
): Promise<{ store: SessionStore; flush(): Promise<unknown> }> {
  if (spec.kind === 'redis') {
    const client = await createClient({ url: spec.url }).connect();
    closing.push(() => client.destroy());
    const flush = async () => {
      for await (const keys of client.scanIterator({ MATCH: `${spec.prefix}*`, COUNT: 1000 })) {
        if (keys.length > 0) {
          await client.del(keys);
        }
      }
    };
    return { store: redisStore(client, { prefix: spec.prefix }), flush };
  }
  if (spec.kind === 'postgres') {
    const pool = new Pool({ connectionString: spec.url, max: 2 });
    closing.push(() => pool.end());
    const flush = () => pool.query(`TRUNCATE ${spec.table}, ${spec.table}_groups`);
    return { store: postgresStore(pool, { table: spec.table }), flush };
  }
  if (spec.kind !== 'filesystem') {
    throw new Error('There is no store.');
  }
  const flush = async () => stores['filesystem']!.clear();
  return { store: filesystemStore(spec.folder), flush };
}

const rows = Object.keys(stores).flatMap((name) =>
  (['coordination', 'store'] as const).map((keep) => [name, keep] as const),
);

describe('revocation in processes of their own', () => {
  test.each(rows)(
    'OP-13 OP-14 in %s with `%s`: who was revoked stays out in processes that start later, before and after a flush',
    async (name, keep) => {
      const emulator = await createEmulator({ siteUrl: SITE });
      await emulator.listen({ port: 0, host: '127.0.0.1' });
      closing.push(() => emulator.close());
      const { spec } = stores[name]!;
      const { store, flush } = await opened(spec);
      const options = {
        issuer: emulator.issuer,
        clientId: emulator.env['KINDE_CLIENT_ID']!,
        clientSecret: emulator.env['KINDE_CLIENT_SECRET']!,
        siteUrl: SITE,
        secret: SECRET,
      };
      const start = (framework: string) =>
        machines.start().serve({ framework, options, keep, store: spec });
      const app = await start('express');
      const ada = createBrowser(app, emulator);
      const grace = createBrowser(app, emulator);
      await ada.signIn(ADA);
      await grace.signIn(GRACE);
      // The groups are lost; what is said is not.
      const { sessions } = createKinde({
        ...options,
        session: { [keep]: { ...store, groupMembers: async () => [] } },
      });
      await sessions.revokeUser(emulator.state.people.find(({ email }) => email === ADA)!.id);
      const young = await start('fastify');
      expect(await visit(young, cookieOf(ada))).toMatchObject({ isSignedIn: false, status: 401 });
      expect(await visit(young, cookieOf(grace))).toMatchObject({ isSignedIn: true, status: 200 });
      await expect
        .poll(async () => (await visit(app, cookieOf(ada))).isSignedIn, {
          timeout: 15_000,
          interval: 500,
        })
        .toBe(false);
      await flush();
      const last = await start('express');
      for (const browser of [ada, grace]) {
        expect(await visit(last, cookieOf(browser))).toMatchObject({
          isSignedIn: false,
          status: 401,
        });
      }
      const again = createBrowser(last, emulator);
      await again.signIn(GRACE);
      expect([
        await visit(last, cookieOf(again)),
        await visit(young, cookieOf(again)),
      ]).toMatchObject([{ status: 200 }, { status: 200 }]);
    },
    60_000,
  );
});
