import { createHash } from 'node:crypto';
import type { Server } from 'node:http';
import type { KindeOptions, Problem } from '@kindling/core';
import { createEmulator, type Emulator } from '@kindling/emulator';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { frameworks, optionsFor, SITE } from '../../../../test/kit/apps.js';
import { createBrowser } from '../../../../test/kit/browser.js';
import { NAVIGATION, send } from '../../../../test/kit/http.js';

const ISSUER = 'https://acme.kinde.example';
const DISCOVERY = '/.well-known/openid-configuration';
const TEMPLATE = `${ISSUER}/emulator/sign-ins/of/{state_hash}`;
const LABEL = 'See this sign-in at the local Kinde';
const JSON_ONLY = { accept: 'application/json', 'sec-fetch-mode': 'cors' };

const hashOf = (state: string) => createHash('sha256').update(state).digest('hex').slice(0, 16);
const stateIn = (path: string) => new URL(path, SITE).searchParams.get('state')!;

describe.each(Object.keys(frameworks))('the link to the local Kinde, on %s', (framework) => {
  let emulator: Emulator;
  const servers: Server[] = [];
  beforeEach(async () => {
    emulator = await createEmulator({ siteUrl: SITE, issuer: ISSUER });
  });
  afterEach(() => {
    vi.useRealTimers();
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });
  const announce = (flows: unknown, more: object = {}) =>
    emulator.faults.always(DISCOVERY, async (_request, next) => {
      const document = (await (await next()).json()) as object;
      return Response.json({ ...document, kindling_emulator_flows: flows, ...more });
    });
  const start = async (more: Partial<KindeOptions> = {}) => {
    const app = await frameworks[framework]!(optionsFor(emulator, more));
    servers.push(app);
    return app;
  };
  const latest = () =>
    `${ISSUER}/emulator/sign-ins/of/latest?client_id=${emulator.env['KINDE_CLIENT_ID']}`;

  test('a sign-in that Kinde refused is linked by the hash of its state', async () => {
    announce(TEMPLATE);
    const browser = createBrowser(await start(), emulator);
    const path = await browser.callbackFor('ada@example.com');
    const state = stateIn(path);
    const refused = `/callback?error=access_denied&state=${state}`;
    const page = await browser.open(refused);
    const address = `${ISSUER}/emulator/sign-ins/of/${hashOf(state)}`;
    expect([page.status, page.body.includes(`<a href="${address}">${LABEL}</a>`)]).toEqual([
      400,
      true,
    ]);
    expect(page.body).not.toContain(state);
  });

  test('problem documents and pages of the app have it, too', async () => {
    announce(TEMPLATE);
    const shown = vi.fn((problem: Problem) => problem.title);
    const browser = createBrowser(await start({ renderProblem: shown }), emulator);
    const path = await browser.callbackFor('ada@example.com');
    const other = path.replace(stateIn(path), 'another-state');
    const inspect = `${ISSUER}/emulator/sign-ins/of/${hashOf('another-state')}`;
    const answer = await browser.open(other, { headers: JSON_ONLY });
    expect(answer.json()).toMatchObject({ code: 'state_mismatch', inspect });
    await browser.open(other);
    expect(shown.mock.calls[0]![0]).toMatchObject({ inspect });
  });

  test.each([
    [
      'a client that Kinde does not know',
      { status: 401, error: 'invalid_client' },
      'client_rejected',
    ],
    ['a code that Kinde refuses', { status: 400, error: 'invalid_grant' }, 'grant_refused'],
  ])('%s is linked', async (_name, { status, error }, code) => {
    announce(TEMPLATE);
    const browser = createBrowser(await start(), emulator);
    const path = await browser.callbackFor('ada@example.com');
    emulator.faults.always('/oauth2/token', () => Response.json({ error }, { status }));
    const answer = await browser.open(path, { headers: JSON_ONLY });
    expect(answer.json()).toMatchObject({
      code,
      inspect: `${ISSUER}/emulator/sign-ins/of/${hashOf(stateIn(path))}`,
    });
  });

  test('without a state the newest sign-in of this client is linked', async () => {
    announce(TEMPLATE);
    const browser = createBrowser(await start(), emulator);
    await browser.open('/login');
    const answer = await browser.open('/callback?code=x', { headers: JSON_ONLY });
    expect(answer.json()).toMatchObject({ code: 'state_missing', inspect: latest() });
  });

  test('a refresh that fails at Kinde is linked, and one that Kinde refuses', async () => {
    announce(TEMPLATE);
    const browser = createBrowser(
      await start({ session: { idle: 2_000_000, maxAge: 2_000_000 } }),
      emulator,
    );
    await browser.signIn('ada@example.com');
    vi.useFakeTimers({ now: Date.now() + 90_000_000, toFake: ['Date'] });
    announce(TEMPLATE);
    emulator.faults.always('/oauth2/token', () =>
      Response.json({ error: 'invalid_client' }, { status: 401 }),
    );
    await browser.open('/login');
    const failed = await browser.open('/private', { headers: JSON_ONLY });
    expect([failed.status, failed.json().inspect]).toEqual([503, latest()]);
    emulator.faults.clear();
    announce(TEMPLATE);
    emulator.faults.always('/oauth2/token', () =>
      Response.json({ error: 'invalid_grant' }, { status: 400 }),
    );
    vi.useFakeTimers({ now: Date.now() + 60_000, toFake: ['Date'] });
    const ended = await browser.open('/private', { headers: JSON_ONLY });
    expect([ended.json().reason, ended.json().inspect]).toEqual(['refresh_refused', latest()]);
  });

  test('there is no link in production, and none while Kinde does not answer', async () => {
    announce(TEMPLATE, { kindling_emulator: undefined });
    const production = createBrowser(await start({ production: true }), emulator);
    await production.open('/login');
    const hidden = await production.open('/callback?error=access_denied&state=x', {
      headers: JSON_ONLY,
    });
    expect(hidden.json()).not.toHaveProperty('inspect');
    expect((await production.open('/callback?code=x&state=x')).body).not.toContain(LABEL);
    const browser = createBrowser(await start(), emulator);
    const path = await browser.callbackFor('ada@example.com');
    emulator.faults.always('/oauth2/token', () => Promise.reject(new TypeError('fetch failed')));
    const away = await browser.open(path, { headers: JSON_ONLY });
    expect(away.json()).toMatchObject({ code: 'kinde_unreachable' });
    expect(away.json()).not.toHaveProperty('inspect');
  });

  test('other errors have no link, and nothing is fetched for one', async () => {
    announce(TEMPLATE);
    const app = await start();
    const cold = await send(app, '/callback?code=x', { headers: { ...NAVIGATION, ...JSON_ONLY } });
    expect([cold.status, cold.json().inspect, emulator.requests.length]).toEqual([
      400,
      undefined,
      0,
    ]);
    const browser = createBrowser(app, emulator);
    await browser.signIn('ada@example.com');
    const forbidden = await browser.open('/admin', { headers: JSON_ONLY });
    expect([forbidden.status, forbidden.json().inspect]).toEqual([403, undefined]);
  });

  test.each([
    ['none', undefined],
    ['no text', { href: `${ISSUER}/{state_hash}` }],
    ['a list', [TEMPLATE]],
    ['too long', `${TEMPLATE}?${'x'.repeat(2048)}`],
    ['without a place for the hash', `${ISSUER}/emulator/sign-ins/of/x`],
    ['of another origin', 'https://evil.example/{state_hash}'],
    ['of another port', `${ISSUER}:8443/{state_hash}`],
    ['of another scheme', `http://acme.kinde.example/{state_hash}`],
    ['of a host that the hash is part of', `${ISSUER}{state_hash}.evil.example/`],
    ['with a password', 'https://a:b@acme.kinde.example/{state_hash}'],
    ['a script', 'javascript:alert(1)//{state_hash}'],
    ['a blob of the issuer', `blob:${ISSUER}/{state_hash}`],
    ['a path', '/emulator/{state_hash}'],
  ])('an address that is %s is not shown', async (_name, flows) => {
    announce(flows);
    const browser = createBrowser(await start(), emulator);
    const path = await browser.callbackFor('ada@example.com');
    const refused = `/callback?error=access_denied&state=${stateIn(path)}`;
    expect((await browser.open(refused)).body).not.toContain(LABEL);
    const answer = await browser.open('/callback?code=x', { headers: JSON_ONLY });
    expect(answer.json()).not.toHaveProperty('inspect');
  });

  test('what an address says is escaped', async () => {
    announce(`${TEMPLATE}?a=1&b="><script>`);
    const browser = createBrowser(await start(), emulator);
    const path = await browser.callbackFor('ada@example.com');
    const page = await browser.open(`/callback?error=access_denied&state=${stateIn(path)}`);
    expect(page.body).toContain(LABEL);
    expect(page.body).not.toMatch(/<script|"><|a=1&b/);
  });
});
