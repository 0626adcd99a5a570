import fastifyHelmet from '@fastify/helmet';
import { createEmulator, type Emulator } from '@kindling/emulator';
import type { Express } from 'express';
import type { FastifyInstance } from 'fastify';
import helmet from 'helmet';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { hasHaproxy, hasNginx, startHaproxy, startNginx, type Proxy } from '../kit/proxies.js';
import { freePort } from '../kit/services.js';
import {
  register,
  rowsOf,
  sessionOf,
  startSite,
  type Framework,
  type Mode,
  type Plan,
  type Site,
} from './kit/site.js';
import { createVisitor, DUE, grant, later, noise, type Visitor } from './kit/visitor.js';

const GRACE = 'grace@example.com';
const PEOPLE = ['ada@example.com', GRACE, 'alan@example.com'];

const RAISED = 'proxy_buffer_size 16k; proxy_buffers 8 16k; large_client_header_buffers 4 16k;';

const fronts = [
  ['nginx', hasNginx, startNginx],
  ['haproxy', hasHaproxy, startHaproxy],
] as const;
const rows = fronts.flatMap(([name, isThere, start]) =>
  rowsOf().map(([framework, mode]) => ({ name, isThere, start, framework, mode })),
);

interface Behind {
  readonly site: Site;
  readonly visitor: Visitor;
}

for (const { name, isThere, start, framework, mode } of rows) {
  describe.skipIf(!isThere)(
    `behind ${name} as packaged, on ${framework} with sessions in the ${mode}`,
    () => {
      let emulator: Emulator;
      const running: { site: Site; proxy: Proxy }[] = [];
      beforeAll(async () => {
        emulator = await createEmulator({ strict: true });
      });
      afterEach(async () => {
        vi.useRealTimers();
        grant(emulator, GRACE, ['read:todos']);
        for (const { site, proxy } of running.splice(0)) {
          await proxy.stop();
          await site.close();
        }
      });
      afterAll(() => emulator.close());

      /** An app that people reach through the proxy only. */
      const open = async (session = {}, plan: Plan = {}, directives = ''): Promise<Behind> => {
        const port = await freePort();
        const url = `http://localhost:${port}`;
        register(emulator, url);
        const site = await behind(framework, mode, { url, emulator, session, plan });
        const proxy = await start({ to: site.port, port, ...(directives && { directives }) });
        running.push({ site, proxy });
        return { site, visitor: createVisitor({ url, port }, emulator) };
      };

      test.each(PEOPLE)(
        'FD-01 %s signs in, opens pages, is refreshed and signs out',
        async (email) => {
          const { visitor } = await open();
          expect((await visitor.signIn(email, '/login?return_to=/private')).location).toMatch(
            /\/private$/,
          );
          expect((await visitor.open('/me')).json()).toMatchObject({
            isAuthenticated: true,
            email,
          });
          later(DUE);
          expect((await visitor.open('/private')).status).toBe(200);
          await visitor.signOut();
          expect(visitor.jar.names()).toEqual([]);
        },
      );

      test('FD-02 FD-03 whatever session is handed out passes with every page, sign-out included', async () => {
        const { visitor } = await open();
        // From what surely fits to what surely does not, in steps smaller than the room that a head leaves.
        const steps =
          mode === 'store' ? [300] : Array.from({ length: 16 }, (_, index) => 10 + index * 6);
        const statuses = new Set<number>();
        for (const count of steps) {
          grant(emulator, GRACE, noise(count));
          const answer = await visitor.signIn(GRACE);
          statuses.add(answer.status);
          expect(answer.status, `${count} permissions`).not.toBe(502);
          if (answer.status !== 302) {
            continue;
          }
          expect((await visitor.open('/private')).status, `${count} permissions`).toBe(200);
          await visitor.signOut();
          expect(visitor.jar.names()).toEqual([]);
        }
        expect(statuses.has(302)).toBe(true);
        if (mode !== 'store') {
          expect([...statuses].some((status) => status >= 400)).toBe(true);
        }
      });

      test.each(PEOPLE)('FD-01 %s signs in under the headers of helmet(), too', async (email) => {
        const first = {
          express: (app: Express) => void app.use(helmet()),
          fastify: (app: FastifyInstance) => app.register(fastifyHelmet),
        };
        const { visitor } = await open({}, { first });
        expect((await visitor.signIn(email, '/login?return_to=/private')).location).toMatch(
          /\/private$/,
        );
        later(DUE);
        expect((await visitor.open('/private')).status).toBe(200);
        await visitor.signOut();
        expect(visitor.jar.names()).toEqual([]);
      });

      test('FD-02 with `cookieBytes` raised, and the directives that nginx then needs, larger sessions pass', async () => {
        const { visitor } = await open({ cookieBytes: 11_000 }, {}, name === 'nginx' ? RAISED : '');
        grant(emulator, GRACE, noise(150));
        expect((await visitor.signIn(GRACE)).status).toBe(302);
        expect(visitor.jar.names().length).toBeGreaterThan(mode === 'store' ? 0 : 1);
        later(DUE);
        expect((await visitor.open('/private')).status).toBe(200);
        await visitor.signOut();
        expect(visitor.jar.names()).toEqual([]);
      });

      test('FD-02 a session that is refused is refused with a page of ours, and the site stays usable', async () => {
        const { visitor } = await open();
        grant(emulator, GRACE, noise(mode === 'store' ? 10 : 300));
        const answer = await visitor.signIn(GRACE);
        if (mode === 'store') {
          expect(answer.status).toBe(302);
        } else {
          expect(answer.body).toContain('session_too_large');
        }
        expect((await visitor.open('/')).status).toBe(200);
      });

      test('FD-05 logins with long targets are begun, completed and abandoned', async () => {
        const { visitor } = await open();
        for (const character of ['x', '%F0%9F%94%A5', '%22', 'ä']) {
          const one = encodeURIComponent(character);
          // nginx takes a request line of 8 KB.
          for (const length of [100, 1000, 2000, 3500, 7000]) {
            const target = `${encodeURIComponent('/t/1?f=')}${one.repeat(Math.floor(length / one.length))}`;
            const begun = await visitor.open(`/login?return_to=${target}`);
            expect(begun.status, `${length} bytes of ${character}`).toBe(302);
            const guarded = await visitor.open(
              `/t/1?f=${one.repeat(Math.floor(length / one.length))}`,
            );
            expect(guarded.status, `a page with ${length} bytes of ${character}`).toBe(302);
          }
        }
        const landed = await visitor.signIn(
          GRACE,
          `/login?return_to=${encodeURIComponent(`/t/1?f=${'y'.repeat(1500)}`)}`,
        );
        expect([landed.status, landed.location]).toEqual([302, expect.stringContaining('/t/1')]);
        await visitor.signOut();
        expect(visitor.jar.names()).toEqual([]);
      });
    },
  );
}

function behind(
  framework: Framework,
  mode: Mode,
  {
    url,
    emulator,
    session,
    plan,
  }: { url: string; emulator: Emulator; session: object; plan: Plan },
): Promise<Site> {
  // The app has another port than the site, as it is behind a proxy.
  return startSite(framework, emulator, {
    ...plan,
    port: 0,
    options: { siteUrl: url, session: { ...sessionOf(mode), ...session } },
  });
}
