import { createKinde, type HttpRequest, type Kinde, type Outlet } from '@kindling/core';
import { createEmulator, type Emulator } from '@kindling/emulator';
import createFastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { optionsFor, SECRET, SITE } from '../../../test/kit/apps.js';
import { createBrowser } from '../../../test/kit/browser.js';
import { send } from '../../../test/kit/http.js';
import { createServers } from '../../../test/kit/servers.js';
import { ADA, cookieOf } from '../../../test/kit/shop.js';
import * as fastify from '../src/index.js';

const NEXT_SECRET = 'the-next-secret-of-thirty-two-characters-321';

let emulator: Emulator;
const servers = createServers();
beforeEach(async () => {
  emulator = await createEmulator({ strict: true, siteUrl: SITE });
});
afterEach(() => servers.close());

describe('hooks on Fastify', () => {
  let app: FastifyInstance;
  const reached: string[] = [];
  const listening = async () => {
    await app.listen({ host: '127.0.0.1', port: 0 });
    servers.add(app.server);
    return app.server;
  };
  beforeEach(() => {
    reached.length = 0;
    app = createFastify();
    app.setErrorHandler((error: Error, _request, reply) =>
      reply.code(500).send({ caught: error.message }),
    );
  });

  test.each(['onRequest', 'preHandler'] as const)(
    'whoever is refused in %s is answered once, and no handler and no later hook runs, however slow sending is',
    async (hook) => {
      await app.register(fastify.kinde, optionsFor(emulator));
      app.addHook('onSend', async (_request, _reply, payload) => {
        await new Promise((resolve) => setTimeout(resolve, 30));
        return payload;
      });
      const note = async () => void reached.push('hook');
      app.get('/slow', { [hook]: [fastify.protect(), note] }, async () => {
        reached.push('handler');
        return {};
      });
      app.get('/asked', { [hook]: [fastify.protect(async () => false), note] }, async () => {
        reached.push('handler');
        return {};
      });
      const server = await listening();
      const ada = createBrowser(server, emulator);
      for (const path of ['/slow', '/asked']) {
        expect((await send(server, path)).status).toBe(401);
      }
      await ada.signIn(ADA);
      expect([(await ada.open('/asked')).status, reached]).toEqual([403, []]);
      for (let count = 0; count < 2; count++) {
        expect((await ada.open('/slow')).status).toBe(200);
      }
      expect(reached).toEqual(['hook', 'handler', 'hook', 'handler']);
    },
  );

  test('what a guard or Kinde throws reaches the error handler, at once or later, and the server goes on', async () => {
    const instance = createKinde(optionsFor(emulator));
    const broken = {
      ...instance,
      enter: (request: HttpRequest, outlet: Outlet) => {
        const cookie = request.headers.get('cookie');
        if (cookie === 'at=once') {
          throw new Error('at once');
        }
        return cookie === 'later=1'
          ? Promise.reject(new Error('later'))
          : instance.enter(request, outlet);
      },
    };
    await app.register(fastify.kinde, broken as Kinde);
    app.get('/', async () => ({ fine: true }));
    const fail = () => {
      throw new Error('in the guard');
    };
    app.get('/guarded', { onRequest: fastify.protect(fail) }, async () => reached.push('handler'));
    const server = await listening();
    const caught = async (path: string, cookie?: string) =>
      (await send(server, path, { headers: cookie ? { cookie } : {} })).json().caught as string;
    const ada = createBrowser(server, emulator);
    await ada.signIn(ADA);
    expect(await caught('/', 'at=once')).toBe('at once');
    expect(await caught('/', 'later=1')).toBe('later');
    expect(await caught('/guarded', cookieOf(ada))).toBe('in the guard');
    expect([(await send(server, '/')).json(), reached]).toEqual([{ fine: true }, []]);
  });

  test('two instances in plugins of their own each know their own people', async () => {
    for (const [name, secret] of [
      ['one', SECRET],
      ['two', NEXT_SECRET],
    ] as const) {
      await app.register(async (part) => {
        const paths = Object.fromEntries(
          Object.entries({
            login: 'login',
            register: 'register',
            callback: 'callback',
            logout: 'logout',
          }).map(([key, path]) => [key, `/${name}/${path}`]),
        );
        const rest = Object.fromEntries(
          ['createOrganization', 'switchOrganization', 'user', 'portal'].map((key) => [
            key,
            `/${name}/${key}`,
          ]),
        );
        const own = { secret, session: { cookie: name }, paths: { ...paths, ...rest } };
        emulator.state.applications[0]!.redirectUris.push(`${SITE}/${name}/callback`);
        await part.register(fastify.kinde, optionsFor(emulator, own));
        part.get(`/${name}/me`, { onRequest: fastify.protect() }, async ({ kinde }) => ({
          is: kinde.isAuthenticated,
        }));
      });
    }
    app.get('/outside', async (request) => ({ kinde: String(request.kinde) }));
    const server = await listening();
    const ada = createBrowser(server, emulator);
    const path = await ada.callbackFor(ADA, '/one/login');
    await ada.open(path);
    for (let count = 0; count < 2; count++) {
      expect((await ada.open('/one/me')).status).toBe(200);
      expect((await ada.open('/two/me', { headers: { accept: '*/*' } })).status).toBe(401);
    }
    expect((await ada.open('/outside')).json()).toEqual({ kinde: 'undefined' });
  });
});

test('what `onError` throws is logged once where Fastify answers it', async () => {
  const lines: string[] = [];
  const app = createFastify({
    logger: { level: 'error', stream: { write: (line: string) => void lines.push(line) } },
  });
  const onError = () => {
    throw new Error('no page today');
  };
  await app.register(fastify.kinde, optionsFor(emulator, { onError }));
  const answer = await app.inject('/callback');
  expect([answer.statusCode, lines]).toEqual([500, [expect.stringContaining('no page today')]]);
});
