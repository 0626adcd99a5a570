import type { Server } from 'node:http';
import { memoryStore, type KindeOptions } from '@kindling/core';
import { createEmulator, type Emulator } from '@kindling/emulator';
import { createWebhooks, type WebhookProblem } from '@kindling/webhooks';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { frameworks, optionsFor, SITE } from '../../../../test/kit/apps.js';
import { createBrowser } from '../../../../test/kit/browser.js';
import { send } from '../../../../test/kit/http.js';

const AUDIENCE = 'https://api.app.example';
const JWKS = '/.well-known/jwks';
const DISCOVERY = '/.well-known/openid-configuration';
const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const LOCAL = { issuer: 'http://localhost:4455', siteUrl: 'http://localhost:3000' };
/** The public half of the development key whose private half everybody has. */
const PUBLISHED = {
  kty: 'RSA',
  n: 'tyhqDfRHZEZAl62j1vXHM5UggYDYRehwNBwjSfoLHKEFQF5ppkLRi-79r8NSKhgBtjskF7oxTIfyFvjlvzEaX7MOr3Hfxez1lHpEMf4jYJR5KzbNXF1vHpkmTcH1UbHkrs60UzAhZDgPmmCSjmUbSWHpcwOjPbVcDTiUzgwGdLx8fklwzKb3-3nhgM-UEywAILOdu-JLrpG2_2WpKc_zhL7HSuw-dRIdJIYPD0iaAt9ly0KvSb6VIlfzVeOFH6BARppObFnWjVyMPiWTEBV6DDu-t8rt1FevTC5YfETYLCn15WWffaAGvTmJ7l3uTdQhQl-rmkUwzfMh9XJ1WTkdfQ',
  e: 'AQAB',
};

let own: { readonly jwk: object; readonly privateKey: CryptoKey };
beforeAll(async () => {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  own = { jwk: { ...(await exportJWK(publicKey)), alg: 'RS256', use: 'sig' }, privateKey };
});

const logger = { error: vi.fn(), warn: vi.fn(), info: vi.fn(), debug: vi.fn() };
const warnings = () => logger.warn.mock.calls.map(([details]) => details.code as string);

describe.each(Object.keys(frameworks))('keys for development, on %s', (framework) => {
  const servers: Server[] = [];
  let emulator: Emulator;
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.clearAllMocks();
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  /** An app of a Kinde that does not say that it is local. */
  const start = async (
    more: Partial<KindeOptions>,
    places = { issuer: 'https://acme.kinde.example', siteUrl: SITE },
  ) => {
    emulator = await createEmulator(places);
    emulator.state.applications[0]!.audiences = [AUDIENCE];
    emulator.faults.always(DISCOVERY, async (_request, next) =>
      Response.json({ ...((await (await next()).json()) as object), kindling_emulator: undefined }),
    );
    const app = await frameworks[framework]!(
      optionsFor(emulator, { audience: AUDIENCE, logger, siteUrl: places.siteUrl, ...more }),
    );
    servers.push(app);
    return app;
  };
  const publish = (...keys: object[]) =>
    emulator.faults.always(JWKS, () => Response.json({ keys }));
  const now = () => Math.floor(Date.now() / 1000);
  const times = () => ({ iss: emulator.issuer, iat: now(), exp: now() + 3600 });
  const access = () => ({ ...times(), sub: 'kp_a', aud: [AUDIENCE], scp: [] });
  const sign = (kid: string | undefined, claims: Record<string, unknown> = access()) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', ...(kid && { kid }) })
      .sign(own.privateKey);
  const bearer = async (app: Server, token: string) =>
    (await send(app, '/private', { headers: { authorization: `Bearer ${token}` } })).status;

  test.each([true, false])(
    'EM-11 access tokens under an insecure- key id, in production: %s',
    async (production) => {
      const app = await start({ production });
      publish({ ...own.jwk, kid: 'insecure-1' }, { ...own.jwk, kid: 'kinde-1' });
      expect(await bearer(app, await sign('insecure-1'))).toBe(production ? 401 : 200);
      expect(await bearer(app, await sign('kinde-1'))).toBe(200);
      expect(warnings().includes('emulator_in_production')).toBe(production);
    },
  );

  test('EM-11 an insecure- key verifies no token without a key id in production', async () => {
    const app = await start({ production: true });
    publish({ ...own.jwk, kid: 'insecure-1' });
    expect(await bearer(app, await sign(undefined))).toBe(401);
    expect(await bearer(app, await sign('insecure-1'))).toBe(401);
  });

  test('EM-11 nobody is signed in in production by an ID token under an insecure- key id', async () => {
    const onAudit = vi.fn();
    const app = await start({ production: true, onAudit });
    const browser = createBrowser(app, emulator);
    const answer = await browser.open(await browser.callbackFor('ada@example.com'));
    expect(answer.status).toBe(502);
    expect(onAudit.mock.calls.at(-1)![0]).toMatchObject({
      type: 'sign_in_refused',
      code: 'id_token_invalid',
      reason: 'key_insecure',
    });
    expect((await browser.open('/me')).json().isAuthenticated).toBe(false);
  });

  test('EM-11 a logout token under an insecure- key id ends no session in production', async () => {
    const onEvent = vi.fn();
    const app = await start({
      production: true,
      onEvent,
      paths: { backchannelLogout: '/backchannel-logout' },
      session: { store: memoryStore() },
    });
    const claims = {
      ...times(),
      ...{ aud: emulator.env['KINDE_CLIENT_ID'], sub: 'kp_a', jti: crypto.randomUUID() },
      events: { [EVENT]: {} },
    };
    const post = async (kid: string) => {
      const body = new URLSearchParams({ logout_token: await sign(kid, claims) }).toString();
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      return (await send(app, '/backchannel-logout', { method: 'POST', body, headers })).status;
    };
    publish({ ...own.jwk, kid: 'insecure-1' }, { ...own.jwk, kid: 'kinde-1' });
    expect(await post('insecure-1')).toBe(400);
    expect(onEvent.mock.calls.map(([event]) => event.reason)).toContain('key_insecure');
    expect(await post('kinde-1')).toBe(200);
  });

  test.each([
    ['in production', { production: true }, undefined, 200],
    ['in production with KINDE_LOCAL=true', { production: true }, LOCAL, 200],
    ['in development', { production: false }, LOCAL, 401],
  ])(
    'EM-11 the published development key is taken out of the set whatever its key id %s',
    async (_name, more, places, status) => {
      vi.stubEnv('KINDE_LOCAL', 'true');
      const app = await start(more, places);
      // A token without a key id is clear where the set has one key, and not where it has two.
      publish({ ...own.jwk, kid: 'kinde-1' }, { ...PUBLISHED, kid: 'kinde-2' });
      expect(await bearer(app, await sign(undefined))).toBe(status);
      expect(warnings().includes('emulator_in_production')).toBe(more.production);
    },
  );

  test.each([
    ['in production', undefined],
    ['in production with KINDE_LOCAL=true', LOCAL],
  ])(
    'EM-11 tokens that anybody can sign with the published key are refused %s',
    async (_name, places) => {
      vi.stubEnv('KINDE_LOCAL', 'true');
      const app = await start({ production: true }, places);
      // Without a port the local Kinde signs with it.
      expect(emulator.state.key.jwk).toMatchObject(PUBLISHED);
      publish({ ...PUBLISHED, alg: 'RS256', use: 'sig', kid: 'kinde-2' });
      const token = await emulator.sign(access(), { header: { kid: 'kinde-2' } });
      expect(await bearer(app, token)).toBe(401);
      expect(await bearer(app, await emulator.sign(access()))).toBe(401);
    },
  );

  test('EM-11 with KINDE_LOCAL=true tokens under an insecure- key id are accepted on this machine', async () => {
    vi.stubEnv('KINDE_LOCAL', 'true');
    const app = await start({ production: true }, LOCAL);
    publish({ ...own.jwk, kid: 'insecure-1' });
    expect(await bearer(app, await sign('insecure-1'))).toBe(200);
  });

  test.each([true, false])(
    'EM-11 webhooks under an insecure- key id, in production: %s',
    async (production) => {
      const [seen, problems]: [string[], WebhookProblem[]] = [[], []];
      const webhooks = createWebhooks({
        otherwise: ({ type }) => void seen.push(type),
        onProblem: (problem) => void problems.push(problem),
      });
      const app = await start({ production, webhooks });
      publish({ ...own.jwk, kid: 'insecure-1' }, { ...PUBLISHED, kid: 'kinde-2' });
      const body = await sign('insecure-1', {
        ...{ type: 'passkey.added', event_id: crypto.randomUUID(), data: {} },
        timestamp: new Date().toISOString(),
      });
      const headers = { 'content-type': 'application/jwt', 'webhook-id': 'webhook_1' };
      const answer = await send(app, '/webhooks/kinde', { method: 'POST', headers, body });
      expect([answer.status, seen.length]).toEqual(production ? [400, 0] : [200, 1]);
      expect(problems.map(({ reason }) => reason)).toEqual(production ? ['key_insecure'] : []);
    },
  );
});

test.each([
  ['production', 400],
  ['development', 200],
])('EM-11 webhooks alone, NODE_ENV=%s, under an insecure- key id', async (value, status) => {
  const emulator = await createEmulator({ issuer: 'https://acme.kinde.example' });
  vi.stubEnv('NODE_ENV', value);
  const webhooks = createWebhooks({
    issuer: emulator.issuer,
    fetch: emulator.fetch,
    otherwise: () => {},
    onProblem: () => {},
  });
  emulator.faults.always(JWKS, () => Response.json({ keys: [{ ...own.jwk, kid: 'insecure-1' }] }));
  const body = await new SignJWT({
    ...{ type: 'passkey.added', event_id: crypto.randomUUID(), data: {} },
    timestamp: new Date().toISOString(),
  })
    .setProtectedHeader({ alg: 'RS256', kid: 'insecure-1' })
    .sign(own.privateKey);
  const headers = { 'content-type': 'application/jwt', 'webhook-id': 'webhook_1' };
  const request = new Request(`${SITE}/webhooks/kinde`, { method: 'POST', headers, body });
  expect((await webhooks.handle(request)).status).toBe(status);
  vi.unstubAllEnvs();
});
