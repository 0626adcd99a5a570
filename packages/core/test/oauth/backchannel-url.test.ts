import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createEmulator, type Emulator } from '@kindling/emulator';
import { createWebhooks } from '@kindling/webhooks';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { frameworks, remoteOptionsFor } from '../../../../test/kit/apps.js';
import { createBrowser } from '../../../../test/kit/browser.js';
import { send } from '../../../../test/kit/http.js';

const ISSUER = 'http://localhost:4455';
const SITE = 'https://app.example';
const INSIDE = 'http://kinde:4455';

describe.each(Object.keys(frameworks))('FD-21 another address for the server, on %s', (name) => {
  let emulator: Emulator;
  let asked: string[];
  const servers: Server[] = [];
  beforeEach(async () => {
    emulator = await createEmulator({ issuer: ISSUER, siteUrl: SITE });
    asked = [];
  });
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });
  const start = async (more: object = {}) => {
    const fetch: typeof globalThis.fetch = async (address, init) => {
      const { origin, pathname, search } = new URL(String(address));
      asked.push(origin + pathname);
      if (origin !== INSIDE) {
        throw Object.assign(new TypeError('fetch failed'), { code: 'ECONNREFUSED' });
      }
      return emulator.fetch(ISSUER + pathname + search, init);
    };
    const given = remoteOptionsFor(emulator);
    const app = await frameworks[name]!({ ...given, siteUrl: SITE, fetch, ...more });
    servers.push(app);
    return app;
  };

  test('FD-21 the server asks the container, and browsers stay at the issuer', async () => {
    const app = await start({ backchannelUrl: `${INSIDE}/`, paths: { portal: '/portal' } });
    const browser = createBrowser(app, emulator);
    const { location } = await browser.open('/login');
    expect(new URL(location).origin).toBe(ISSUER);
    await browser.signIn('ada@example.com');
    expect((await browser.open('/me')).json().email).toBe('ada@example.com');
    await browser.open('/live');
    const { location: out } = await browser.open('/logout');
    expect(new URL(out).origin).toBe(ISSUER);
    const paths = ['/.well-known/openid-configuration', '/.well-known/jwks', '/oauth2/token'];
    expect(asked).toEqual(expect.arrayContaining(paths.map((path) => INSIDE + path)));
    expect(asked.filter((address) => !address.startsWith(`${INSIDE}/`))).toEqual([]);
    expect(asked.some((address) => address.includes('/account_api/'))).toBe(true);
  });

  test('FD-21 webhooks are verified by the keys of the container', async () => {
    const seen: string[] = [];
    const webhooks = createWebhooks({ otherwise: ({ type }) => void seen.push(type) });
    const app = await start({ backchannelUrl: INSIDE, webhooks });
    const body = await emulator.sign({
      ...{ type: 'passkey.added', event_id: crypto.randomUUID(), data: {} },
      timestamp: new Date().toISOString(),
    });
    const headers = { 'content-type': 'application/jwt', 'webhook-id': 'webhook_1' };
    const answer = await send(app, '/webhooks/kinde', { method: 'POST', headers, body });
    expect([answer.status, seen, asked]).toEqual([
      200,
      ['passkey.added'],
      [`${INSIDE}/.well-known/jwks`],
    ]);
  });

  test('FD-21 the configuration still has to name the issuer, not the container', async () => {
    emulator.faults.always('/.well-known/openid-configuration', async (_request, next) =>
      Response.json({ ...((await (await next()).json()) as object), issuer: INSIDE }),
    );
    const app = await start({ backchannelUrl: INSIDE });
    const answer = await send(app, '/login', { headers: { accept: 'application/json' } });
    expect(answer.json()).toMatchObject({ code: 'discovery_invalid', reason: 'issuer_mismatch' });
  });

  test('FD-21 a container that asks itself is told how to reach the local Kinde', async () => {
    const app = await start();
    const answer = await send(app, '/login', { headers: { accept: 'application/json' } });
    expect(answer.json()).toMatchObject({ code: 'kinde_unreachable', reason: 'network' });
    expect(answer.json().fix).toContain(
      'In a container, localhost is the container itself: set KINDE_BACKCHANNEL_URL.',
    );
  });

  test('FD-21 an address where nobody answers is named as it was asked', async () => {
    const app = await start({ backchannelUrl: 'http://other:4455' });
    const answer = await send(app, '/login', { headers: { accept: 'application/json' } });
    expect(answer.json().detail).toContain('other:4455');
    expect(answer.json().fix).toContain('`backchannelUrl`');
  });
});

test('FD-21 the request to another address carries the Host of that address', async () => {
  const hosts = vi.fn();
  const server = createServer((request, response) => {
    hosts(request.headers.host);
    response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const emulator = await createEmulator({ issuer: ISSUER, siteUrl: SITE });
  const app = await frameworks['express']!({
    ...remoteOptionsFor(emulator),
    siteUrl: SITE,
    backchannelUrl: `http://127.0.0.1:${port}`,
  });
  await send(app, '/login');
  expect(hosts.mock.calls).toEqual([[`127.0.0.1:${port}`]]);
  app.close();
  server.close();
});
