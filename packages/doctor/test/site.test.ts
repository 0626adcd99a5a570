import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { createServer as createTlsServer } from 'node:https';
import { optionsFromEnv } from '@kindling/core';
import { createEmulator, type Emulator } from '@kindling/emulator';
import { kinde } from '@kindling/express';
import express from 'express';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freePort } from '../../../test/kit/services.js';
import { diagnose, type Finding } from '../src/index.js';

let emulator: Emulator;
const servers: Server[] = [];
beforeEach(async () => {
  emulator = await createEmulator({ strict: true });
});
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
  }
});

/** What is found about the site; requests to the local Kinde go there, all others to this machine. */
async function site(changes: Record<string, string>): Promise<readonly Finding[]> {
  const fetch: typeof globalThis.fetch = (input, init) => {
    const { origin } = new URL(new Request(input, init).url);
    const send = origin === emulator.issuer ? emulator.fetch : globalThis.fetch;
    return send(input, init);
  };
  const own = { KINDE_REDIRECT_URI: '', KINDE_POST_LOGOUT_REDIRECT_URL: '' };
  const { findings } = await diagnose({ env: { ...emulator.env, ...own, ...changes }, fetch });
  return findings.filter(({ check }) => check === 'site');
}

const like = (outcome: string, detail: RegExp, fix = /^/) => ({
  check: 'site',
  outcome,
  detail: expect.stringMatching(detail),
  ...(outcome !== 'ok' && { fix: expect.stringMatching(fix) }),
});

async function portOf(server: Server): Promise<number> {
  servers.push(server);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** An app on this machine that mounts Kindling at a path. */
function startApp(path: string): Promise<number> {
  const app = express();
  app.use(path, kinde(optionsFromEnv({ ...emulator.env }, { fetch: emulator.fetch })));
  return portOf(app.listen(0, 'localhost'));
}

describe('the site and its callback', () => {
  const SITE = 'https://app.example.com';

  test.each([
    ['with a callback below it', '', 'ok', /its callback at https:\/\/app\.example\.com\/callback/],
    [
      'with a callback on another host',
      'https://auth.example.com/callback',
      'failed',
      /another host/,
    ],
    [
      'with a callback of another scheme',
      'http://app.example.com/callback',
      'failed',
      /on https, its callback/,
    ],
  ] as const)('%s', async (_title, callback, outcome, detail) => {
    const found = await site({ KINDE_SITE_URL: SITE, KINDE_REDIRECT_URI: callback });
    expect(found).toEqual([like(outcome, detail)]);
  });

  test('on localhost and 127.0.0.1 are two hosts for browsers', async () => {
    const found = await site({ KINDE_REDIRECT_URI: 'http://127.0.0.1:3000/callback' });
    expect(found).toEqual([like('failed', /same machine/, /one host/)]);
  });

  test('on two ports fail, by the variables that were set', async () => {
    const found = await site({
      KINDE_SITE_URL: 'http://localhost:4999',
      KINDE_CALLBACK_URL: 'http://localhost:4410/callback',
    });
    expect(found).toEqual([
      like(
        'failed',
        /port 4999 \(KINDE_SITE_URL\).*port 4410 \(KINDE_CALLBACK_URL\)/,
        /KINDE_SITE_URL=http:\/\/localhost:4410$/,
      ),
    ]);
  });

  test('FD-12 of which only the site has a path fail', async () => {
    const found = await site({
      KINDE_SITE_URL: `${SITE}/app/`,
      KINDE_REDIRECT_URI: `${SITE}/callback`,
    });
    expect(found).toEqual([like('failed', /below \/app, its callback .* is not/)]);
  });
});

describe('an app on this machine', () => {
  test('that answers its callback is fine', async () => {
    const port = await startApp('/');
    const found = await site({ KINDE_SITE_URL: `http://localhost:${port}`, PORT: String(port) });
    expect(found).toEqual([like('ok', /answers, and has \/callback/)]);
  });

  test('that mounts the routes elsewhere is a warning', async () => {
    const port = await startApp('/auth');
    const found = await site({ KINDE_SITE_URL: `http://localhost:${port}` });
    expect(found).toEqual([
      like('warning', /no \/callback \(status 404\)/, /kinde\(\) at the root/),
    ]);
  });

  test('that does not run is no failure, since it need not', async () => {
    const port = await freePort();
    const found = await site({ KINDE_SITE_URL: `http://localhost:${port}` });
    expect(found).toEqual([like('skipped', /Nothing answers .*ECONNREFUSED/, /KINDE_SITE_URL/)]);
  });

  test('on another port than PORT is a warning', async () => {
    const port = await startApp('/');
    const found = await site({ KINDE_SITE_URL: `http://localhost:${port}`, PORT: '4410' });
    const wrong = like('warning', /PORT is 4410/, /KINDE_SITE_URL=http:\/\/localhost:4410/);
    expect(found[0]).toEqual(wrong);
    expect(found).toHaveLength(2);
  });

  test('that speaks http where the site is on https is a warning, and the other way round', async () => {
    const port = await startApp('/');
    const tls = await portOf(createTlsServer().listen(0, 'localhost'));
    expect(await site({ KINDE_SITE_URL: `https://localhost:${port}` })).toEqual([
      like('warning', /does not speak https/, /URLs to http,/),
    ]);
    expect(await site({ KINDE_SITE_URL: `http://localhost:${tls}` })).toEqual([
      like('warning', /does not speak http /, /URLs to https,/),
    ]);
  });

  test('is not what a name that only begins with localhost leads to', async () => {
    const found = await site({ KINDE_SITE_URL: 'https://localhost.app.example' });
    expect(found).toEqual([like('ok', /its callback at/)]);
  });
});
