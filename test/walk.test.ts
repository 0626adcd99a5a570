import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createEmulator, type Emulator } from '@kindling/emulator';
import type * as express from '@kindling/express';
import createExpress from 'express';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { optionsFor, SITE } from './kit/apps.js';
import { createBrowser } from './kit/browser.js';
import { SAME_SITE } from './kit/http.js';
import { createRecorder, instrumented, roomOf, type Recorder, type Walk } from './kit/walk.js';

type Express = typeof express;

/** Seconds after which the seed's access tokens have expired, while sessions live on. */
const LATER = 25 * 3600;

describe('the walk of a request, on Express with sessions in the cookie', () => {
  let recorder: Recorder<Express>;
  let server: Server;
  const walks = new Map<string, Walk>();

  beforeAll(async () => {
    recorder = await createRecorder<Express>('packages/express/src/index.ts');
    const emulator = await createEmulator({ strict: true, siteUrl: SITE });
    server = await listen(recorder.module, emulator);
    await walkAll(recorder, server, emulator, walks);
  }, 120_000);
  afterAll(() => {
    vi.useRealTimers();
    server?.close();
    recorder?.close();
  });

  test('goes through the rooms that ARCHITECTURE lists, as often as it says', () => {
    const recorded = [...walks].map(([name, { rooms, files, moves }]) =>
      [name, rooms.join(' → '), String(files.length), String(moves)].join(' | '),
    );
    expect(tableOf(readFileSync('ARCHITECTURE.md', 'utf8'))).toEqual(recorded);
  });
});

test('a recorded function says where it is before it does anything', () => {
  const text =
    'const f = (x) => ({ x }); function g() { return 1; } class C { get h() { return 2; } }';
  const file = 'packages/core/src/login/login.ts';
  expect(instrumented(text, file).match(/__entered\([^)]*\)/g)).toEqual(
    ['f', 'g', 'h'].map((name) => `__entered("${file}", "${name}")`),
  );
  expect(roomOf('packages/core/src/login/login.ts')).toBe('login');
  expect(roomOf('packages/core/src/kinde.ts')).toBe('kinde');
  expect(roomOf('packages/express/src/index.ts')).toBe('express');
});

async function listen({ kinde }: Express, emulator: Emulator): Promise<Server> {
  const app = createExpress();
  app.use(kinde(optionsFor(emulator, { session: { idle: 7 * 86_400 } })));
  app.get('/me', (req, res) => void res.json(req.kinde.isAuthenticated));
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

/** One user from the sign-in to the sign-out, in an app that has served others before. */
async function walkAll(
  { record }: Recorder<Express>,
  server: Server,
  emulator: Emulator,
  walks: Map<string, Walk>,
): Promise<void> {
  await createBrowser(server, emulator).signIn('grace@example.com');
  const browser = createBrowser(server, emulator);
  let location = '';
  walks.set(
    'login',
    await record(async () => {
      ({ location } = await browser.open('/login'));
    }),
  );
  const back = await emulator.signIn(location, { email: 'ada@example.com' });
  walks.set('callback', await record(() => browser.open(back.pathname + back.search)));
  await browser.open('/me');
  walks.set('signed-in request', await record(() => browser.open('/me')));
  vi.useFakeTimers({ now: Date.now() + LATER * 1000, toFake: ['Date'] });
  walks.set('refresh', await record(() => browser.open('/me')));
  const leave = { method: 'POST', headers: SAME_SITE };
  walks.set('sign-out', await record(() => browser.open('/logout', leave)));
}

/** The rows of the table with the walks, cells trimmed. */
function tableOf(page: string): string[] {
  const [, rest = ''] = page.split('## Walks');
  const [section = ''] = rest.split('\n## ');
  return section
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^\| *(walk|-)/.test(line))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim())
        .join(' | '),
    );
}
