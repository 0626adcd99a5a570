import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createServers } from '../../../test/kit/servers.js';
import { optionsFor, SITE } from '../../../test/kit/apps.js';
import { createBrowser } from '../../../test/kit/browser.js';
import { findingsOf } from '../src/findings/findings.js';
import { findingsOfDelivery, unheard } from '../src/findings/webhooks.js';
import { createEmulator, type Emulator } from '../src/index.js';
import { authorization, brokenSeed, CLIENTS, senderOf, SITE as LOCAL } from './broken-requests.js';

const servers = createServers();
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }));
afterEach(() => {
  vi.useRealTimers();
  servers.close();
});

/** Ids of all findings of all flows. */
function found({ flows, state }: Emulator): string[] {
  return [...flows.list(), ...flows.list({ kind: 'keys' })]
    .flatMap((flow) => findingsOf(flow, state))
    .map(({ id }) => id);
}

function titles({ flows }: Emulator): string[] {
  return flows.list().flatMap(({ steps }) => steps.map(({ kind }) => kind));
}

test.each(['express', 'fastify'])(
  'an app with Kindling on %s signs in, refreshes and signs out without a finding',
  async (framework) => {
    const emulator = await createEmulator({ siteUrl: SITE });
    const app = await servers.start(framework, optionsFor(emulator));
    const browser = createBrowser(app, emulator);
    await browser.signIn('grace@example.com', '/login');
    await browser.open('/me');
    vi.setSystemTime(Date.now() + 23.9 * 3_600_000);
    await browser.open('/me');
    const { location } = await browser.open('/logout', {
      method: 'POST',
      headers: { 'sec-fetch-site': 'same-origin', origin: SITE },
    });
    await emulator.fetch(location, { redirect: 'manual' });
    expect(found(emulator)).toEqual([]);
    expect(titles(emulator)).toEqual(
      expect.arrayContaining(['authorize', 'page', 'person', 'callback', 'exchange', 'refresh']),
    );
    const flow = emulator.flows.list({ kind: 'sign-in' })[0]!;
    expect(flow).toMatchObject({
      person: 'Grace Hopper',
      application: 'Local app',
      outcome: 'ended',
    });
  },
);

async function signedIn(emulator: Emulator, params: Record<string, string> = {}) {
  const sender = senderOf(emulator);
  const post = async (path: string, form: Record<string, string>) =>
    sender.fetch(path, { method: 'POST', body: new URLSearchParams({ ...CLIENTS.app, ...form }) });
  const back = await sender.signIn(authorization(params));
  const exchange = {
    grant_type: 'authorization_code',
    code: back.searchParams.get('code')!,
    redirect_uri: `${LOCAL}/callback`,
    code_verifier: 'v'.repeat(43),
  };
  const response = await post('/oauth2/token', exchange);
  const tokens = (await response.json()) as Record<string, string>;
  return { sender, post, tokens };
}

test('three refreshes at once succeed and are remarked on', async () => {
  const emulator = await createEmulator({ seed: brokenSeed, siteUrl: LOCAL });
  const { post, tokens } = await signedIn(emulator);
  vi.setSystemTime(Date.now() + 23.9 * 3_600_000);
  const form = { grant_type: 'refresh_token', refresh_token: tokens['refresh_token']! };
  const answers = await Promise.all([1, 2, 3].map(() => post('/oauth2/token', form)));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(found(emulator)).toEqual(['refresh.at-once', 'refresh.at-once']);
});

test.each([
  ['offline_access', { scope: 'openid offline_access' }, 'scope.offline-access'],
  ['a scope with a typing error', { scope: 'openid profil' }, 'scope.unknown'],
  ['no openid', { scope: 'profile' }, 'scope.no-openid'],
  ['a short state', { state: 'short' }, 'state.short'],
  ['no state', { state: '' }, 'state.missing'],
  ['no nonce', { nonce: '' }, 'nonce.none'],
  ['an empty audience', { audience: '' }, 'parameter.empty'],
  ['a parameter that Kinde does not know', { orgcode: 'x' }, 'parameter.unknown'],
  ['max_age', { max_age: '60' }, 'parameter.no-effect'],
  ['an unknown prompt', { prompt: 'signup' }, 'prompt.unknown'],
  ['start_page', { start_page: 'login' }, 'start-page'],
])('an authorization request with %s is remarked on', async (_name, params, id) => {
  const emulator = await createEmulator({ seed: brokenSeed, siteUrl: LOCAL });
  await senderOf(emulator).signIn(authorization(params));
  expect(found(emulator)).toContain(id);
});

test('a state that comes a second time is remarked on, with the sign-in that had it', async () => {
  const emulator = await createEmulator({ seed: brokenSeed, siteUrl: LOCAL });
  const { fetch } = senderOf(emulator);
  await fetch(authorization());
  await fetch(authorization());
  const [second, first] = emulator.flows.list();
  const remark = findingsOf(second!, emulator.state).find(({ id }) => id === 'state.used-before');
  expect(remark?.says).toContain(first!.id);
});

test('a refresh long before the end, and many in a minute, are remarked on', async () => {
  const emulator = await createEmulator({ seed: brokenSeed, siteUrl: LOCAL });
  const { post, tokens } = await signedIn(emulator);
  let { refresh_token } = tokens;
  for (let count = 0; count < 5; count += 1) {
    const form = { grant_type: 'refresh_token', refresh_token: refresh_token! };
    const response = await post('/oauth2/token', form);
    ({ refresh_token } = (await response.json()) as Record<string, string>);
  }
  expect(found(emulator)).toEqual(expect.arrayContaining(['refresh.early', 'refresh.often']));
});

test('a new machine token for each call, keys that are not kept, and Basic are remarked on', async () => {
  const emulator = await createEmulator({ seed: brokenSeed, siteUrl: LOCAL });
  const { fetch } = senderOf(emulator);
  const { client_id, client_secret } = CLIENTS.machine;
  const authorizationHeader = `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString('base64')}`;
  for (let count = 0; count < 5; count += 1) {
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      audience: 'https://api.example.com',
    });
    await fetch('/oauth2/token', {
      method: 'POST',
      body,
      headers: { authorization: authorizationHeader },
    });
    await fetch('/.well-known/jwks');
  }
  const ids = ['machine.each-call', 'keys.often', 'client.basic'];
  expect(found(emulator)).toEqual(expect.arrayContaining(ids));
});

test('a session that stays at Kinde after the app signed out is remarked on', async () => {
  const emulator = await createEmulator({ seed: brokenSeed, siteUrl: LOCAL });
  const { post, tokens, sender } = await signedIn(emulator);
  const [cookie] = emulator.state.sessions.keys();
  await post('/oauth2/revoke', { token: tokens['refresh_token']! });
  const headers = { cookie: `kindling_emulator_sso=${cookie}` };
  await sender.fetch(authorization({ state: 'another-state-0000' }), { headers });
  expect(found(emulator)).toContain('session.stays');
});

test.each([
  [204, 'webhook.not-200'],
  [302, 'webhook.redirect'],
  [400, 'webhook.refused'],
  ['ECONNREFUSED', 'webhook.unreachable'],
  ['EPROTO: wrong version number', 'webhook.plain-port'],
])('a webhook that answers with %s is explained', (status, id) => {
  const call = { endpoint: 'https://localhost:3000/hook', type: 'user.created', status };
  expect(findingsOfDelivery(call).map((one) => one.id)).toEqual([id]);
});

test('a slow webhook, and an event that nobody subscribed to, are remarked on', () => {
  const call = { endpoint: 'http://localhost:3000/hook', type: 'user.created', status: 200 };
  expect(findingsOfDelivery({ ...call, ms: 6_000 }).map(({ id }) => id)).toEqual(['webhook.slow']);
  expect(findingsOfDelivery(call)).toEqual([]);
  expect(unheard('user.deleted', [['user.created']])?.id).toBe('webhook.not-subscribed');
  expect(unheard('user.created', [['user.created']])).toBeUndefined();
});
