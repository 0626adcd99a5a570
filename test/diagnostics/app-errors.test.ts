import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { KindeError, KindeOptions } from '@kindling/core';
import { createEmulator, type Emulator } from '@kindling/emulator';
import * as express from '@kindling/express';
import * as fastify from '@kindling/fastify';
import createExpress from 'express';
import createFastify from 'fastify';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { optionsFor, SITE } from '../kit/apps.js';
import { createBrowser } from '../kit/browser.js';
import { send, type Answer } from '../kit/http.js';
import { TOKEN } from '../kit/provider.js';
import { loggerTo, startSite, type Framework, type Line, type Site } from './kit/site.js';
import { FRAMEWORKS } from './kit/site.js';
import { ADA } from './kit/visitor.js';

/** An app that answers errors itself, or leaves them to its framework. */
type Start = (options: KindeOptions, handler?: 'own') => Promise<Server>;

const words = (error: Error) => ({ app: error.name, code: (error as KindeError).code });

const start: Readonly<Record<Framework, Start>> = {
  async express(options, handler) {
    const app = createExpress();
    app.set('env', 'test');
    app.use(express.kinde(options));
    if (handler) {
      const handle: createExpress.ErrorRequestHandler = (error, _req, res, _next) =>
        void res.status(418).json(words(error));
      app.use(handle);
    }
    const server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return server;
  },
  async fastify(options, handler) {
    const app = createFastify();
    await app.register(fastify.kinde, options);
    if (handler) {
      app.setErrorHandler((error, _request, reply) => reply.code(418).send(words(error as Error)));
    }
    await app.listen({ host: '127.0.0.1', port: 0 });
    return app.server;
  },
};

class Maintenance extends Error {
  override readonly name = 'Maintenance';
}

describe.each(FRAMEWORKS)('a failed callback on %s', (framework) => {
  let emulator: Emulator;
  let server: Server;
  let lines: Line[];
  let events: string[];
  beforeAll(async () => {
    emulator = await createEmulator({ strict: true, siteUrl: SITE });
  });
  afterEach(() => {
    emulator.faults.clear();
    vi.restoreAllMocks();
    server.closeAllConnections();
    server.close();
  });
  afterAll(() => emulator.close());

  /** The answer to a callback whose code Kinde refuses. */
  const failedCallback = async (
    onError: NonNullable<KindeOptions['onError']>,
    handler?: 'own',
  ): Promise<Answer> => {
    lines = [];
    events = [];
    const options = optionsFor(emulator, {
      onError,
      logger: loggerTo(lines),
      onEvent: ({ name, code }) => void (code && events.push(`${name} ${code}`)),
    });
    server = await start[framework](options, handler);
    const browser = createBrowser(server, emulator);
    const callback = await browser.callbackFor(ADA);
    emulator.faults.once(TOKEN, () => Response.json({ error: 'invalid_grant' }, { status: 400 }));
    const cookie = [...browser.jar].map(([name, value]) => `${name}=${value}`).join('; ');
    return send(server, callback, { headers: { accept: 'text/html', cookie } });
  };
  const expectTold = () => {
    expect(lines.map(({ level, code }) => `${level} ${code}`)).toEqual(['info grant_refused']);
    expect(events).toEqual(['callback grant_refused']);
  };
  /** The cookie of the login goes, by one line, and no cache keeps the answer. */
  const expectCookies = ({ headers, setCookies }: Answer) => {
    expect(setCookies).toEqual([expect.stringMatching(/^[^=]+=;.*max-age=0/i)]);
    expect(headers['cache-control']).toContain('no-store');
  };

  test('is answered by the app, with a reply of its own', async () => {
    const seen: unknown[] = [];
    const answer = await failedCallback(async (error, request) => {
      seen.push(error.code, request.method);
      return { status: 303, headers: { location: '/sorry' }, cookies: ['seen=1; Path=/'] };
    });
    expect([answer.status, answer.location, answer.body]).toEqual([303, '/sorry', '']);
    expect(seen).toEqual(['grant_refused', 'GET']);
    expect(answer.setCookies.map((line) => line.split(/[=;]/)[0])).toEqual([
      expect.stringContaining('login'),
      'seen',
    ]);
    expectTold();
  });

  test('is answered with our page where the app only looks', async () => {
    const answer = await failedCallback(() => {});
    expect([answer.status, answer.body]).toEqual([400, expect.stringContaining('grant_refused')]);
    expectCookies(answer);
    expectTold();
  });

  test('reaches the app’s error handler', async () => {
    const answer = await failedCallback((error) => {
      throw error;
    }, 'own');
    expect([answer.status, answer.json()]).toEqual([
      418,
      { app: 'KindeError', code: 'grant_refused' },
    ]);
    expectCookies(answer);
    expectTold();
  });

  test('reaches the app’s error handler as an error of the app', async () => {
    const answer = await failedCallback(() => Promise.reject(new Maintenance('back soon')), 'own');
    expect([answer.status, answer.json()]).toEqual([418, { app: 'Maintenance' }]);
    expectCookies(answer);
    expectTold();
  });

  test('loses its own cookie, whatever the app throws and however often', async () => {
    const known = new Maintenance('back soon');
    const names = [];
    for (const thrown of [known, known, 'closed']) {
      const answer = await failedCallback(() => Promise.reject(thrown as Error), 'own');
      expectCookies(answer);
      names.push(answer.setCookies[0]!.split('=')[0]);
      server.close();
    }
    expect(new Set(names).size).toBe(3);
  });

  test('sends no cookie of a response that the app’s error carries', async () => {
    const headers = { 'set-cookie': ['upstream=1'] };
    const thrown = Object.assign(new Maintenance('back soon'), { headers });
    expectCookies(await failedCallback(() => Promise.reject(thrown), 'own'));
  });

  test('is handed to the app once', async () => {
    let calls = 0;
    await failedCallback((error) => {
      calls += 1;
      throw error;
    }, 'own');
    expect(calls).toBe(1);
  });

  test('is answered by the framework, whose own handler writes the headers of errors', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const answer = await failedCallback((error) => {
      throw error;
    });
    expect(answer.status).toBe(400);
    expectCookies(answer);
    expectTold();
  });
});

describe.each(FRAMEWORKS)('a function of the app that throws, on %s', (framework) => {
  let emulator: Emulator;
  let site: Site;
  beforeAll(async () => {
    emulator = await createEmulator({ strict: true, siteUrl: SITE });
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await site.close();
  });
  afterAll(() => emulator.close());

  const reject = () => Promise.reject(new Error('the database is away'));
  const fail = (): never => {
    throw new Error('a mistake');
  };
  const linesOf = ({ told }: Site) =>
    told.lines.map(({ level, code, reason }) => [level, code, reason]);
  const signIn = async (options: Partial<KindeOptions>) => {
    site = await startSite(framework, emulator, options);
    const browser = createBrowser(site.server, emulator);
    const answer = await browser.signIn(ADA);
    expect(answer.location).toBe(`${SITE}/`);
    expect((await browser.open('/me')).json()).toEqual({ isAuthenticated: true });
    return browser;
  };

  test.each([
    ['onEvent', fail],
    ['onEvent', reject],
    ['onAudit', fail],
    ['onAudit', reject],
  ] as const)('%s keeps nobody from signing in, and is told once', async (name, broken) => {
    await signIn({ [name]: broken });
    await vi.waitFor(() => expect(linesOf(site)).toContainEqual(['error', 'hook_failed', name]));
    expect(linesOf(site)).toEqual([['error', 'hook_failed', name]]);
  });

  test.each([fail, reject])('a logger keeps nobody from being answered', async (broken) => {
    const logger = { error: broken, warn: broken, info: broken, debug: broken };
    const browser = await signIn({ logger });
    const answer = await browser.open('/admin', { headers: { accept: 'application/json' } });
    expect([answer.status, answer.json().code]).toEqual([403, 'forbidden']);
    expect(site.told.printed).toEqual([expect.stringContaining('forbidden')]);
  });

  test.each([undefined, '', 'route'])('onError lets nobody in by throwing %j', async (thrown) => {
    site = await startSite(framework, emulator, { onError: () => Promise.reject(thrown as never) });
    const headers = { accept: 'application/json' };
    expect((await send(site.server, '/private', { headers })).status).toBe(500);
  });

  test.each([undefined, '', 'route'])('a guard lets nobody in by throwing %j', async (thrown) => {
    site = await startSite(framework, emulator);
    const { kinde } = site;
    const request = { method: 'GET', url: '/', headers: new Headers() };
    const auth = { isAuthenticated: true, isMachine: true, via: 'bearer' } as never;
    const guard = async () => kinde.guard(request, auth, { allow: () => Promise.reject(thrown) });
    await expect(guard()).rejects.toBeInstanceOf(Error);
  });

  test('renderProblem is told, and our page takes its place', async () => {
    const browser = await signIn({ renderProblem: fail });
    const answer = await browser.open('/admin');
    expect([answer.status, answer.body]).toEqual([403, expect.stringContaining('forbidden')]);
    expect(linesOf(site).map(([, code]) => code)).toEqual(['forbidden', 'hook_failed']);
  });
});
