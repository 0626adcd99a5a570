import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { lineOf, requestLine } from '../src/cli/lines.js';
import { createEmulator, type Emulator } from '../src/index.js';
import { callerOf, managementToken } from './kit.js';

const SITE = 'http://localhost:3000';
const VERIFIER = 'verifier-of-the-tour-0123456789abcdefghijklmnop';
const PASSWORDS = ['the-right-password-1', 'a-wrong-password-2'];

/** A value that nobody may find anywhere, and what it is. */
type Secret = readonly [what: string, value: string];

const isGrace = ({ email }: { email?: string }) => email === 'grace@example.com';

/** Keys that are handed out beside tokens, each of which is used. */
async function keysOf(emulator: Emulator, token: string): Promise<Secret[]> {
  const { issuer, state } = emulator;
  const portal = await emulator.fetch(`${issuer}/account_api/v1/portal_link`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const { url } = (await portal.json()) as { url: string };
  await emulator.fetch(url);
  const call = callerOf(emulator, await managementToken(emulator));
  const { body: api } = await call('apis.create', { name: 'API', audience: 'https://api.example' });
  const { body } = await call('apiKeys.create', {
    name: 'Key',
    type: 'user',
    api_id: api.api.id,
    user_id: state.people.find(isGrace)!.id,
  });
  await call('apiKeys.verify', { api_key: body.api_key.key });
  return [
    ['key of the portal', new URL(url).searchParams.get('key')!],
    ['API key', body.api_key.key],
  ];
}

/** Signs in, makes every mistake with a secret that apps make, and returns all secrets that were used. */
async function tour(emulator: Emulator): Promise<Secret[]> {
  const { env, issuer } = emulator;
  const secrets: Secret[] = [
    ['client secret', env['KINDE_CLIENT_SECRET']!],
    ['Management API secret', env['KINDE_MANAGEMENT_CLIENT_SECRET']!],
    ['session secret', env['KINDE_SESSION_SECRET']!],
    ['control token', emulator.controlToken],
    ['verifier', VERIFIER],
    ...PASSWORDS.map((password) => ['password', password] as const),
  ];
  const client = {
    client_id: env['KINDE_CLIENT_ID']!,
    client_secret: env['KINDE_CLIENT_SECRET']!,
  };
  const ask = (path: string, init: RequestInit = {}) =>
    emulator.fetch(issuer + path, { redirect: 'manual', ...init });
  const post = (path: string, form: Record<string, string>, headers = {}) =>
    ask(path, { method: 'POST', body: new URLSearchParams(form), headers });

  emulator.state.people.find(isGrace)!.password = PASSWORDS[0]!;

  const challenge = createHash('sha256').update(VERIFIER).digest('base64url');
  const query = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: `${SITE}/callback`,
    response_type: 'code',
    scope: 'openid profile email offline',
    state: 'state-of-the-tour-0123456789',
    nonce: 'nonce-of-the-tour-0123456789',
    code_challenge: challenge,
    code_challenge_method: 'S256',
  });
  secrets.push(['state', query.get('state')!], ['nonce', query.get('nonce')!]);
  const page = await (await ask(`/oauth2/auth?${query}`)).text();
  const request = /name="request" value="([\w-]+)"/.exec(page)![1]!;
  secrets.push(['reference of the sign-in', request]);
  const form = { request, p_email: 'grace@example.com' };
  await post('/emulator/sign-in', { ...form, p_password: PASSWORDS[1]! });
  const signedIn = await post('/emulator/sign-in', { ...form, p_password: PASSWORDS[0]! });
  const [, cookie = ''] = /=([^;]+)/.exec(signedIn.headers.get('set-cookie')!)!;
  const code = new URL(signedIn.headers.get('location')!).searchParams.get('code')!;
  secrets.push(['cookie of Kinde’s session', cookie], ['code', code]);

  const exchange = {
    grant_type: 'authorization_code',
    code,
    redirect_uri: `${SITE}/callback`,
    code_verifier: VERIFIER,
  };
  // Everything in the address, as some do by mistake.
  await post(`/oauth2/token?${new URLSearchParams({ ...client, ...exchange })}`, {});
  await ask(`/oauth2/token?${new URLSearchParams({ ...client, ...exchange })}`);
  const answer = await post('/oauth2/token', { ...client, ...exchange });
  const tokens = (await answer.json()) as Record<string, string>;
  const refreshed = await post('/oauth2/token', {
    ...client,
    grant_type: 'refresh_token',
    refresh_token: tokens['refresh_token']!,
  });
  for (const set of [tokens, (await refreshed.json()) as Record<string, string>]) {
    for (const name of ['access_token', 'id_token', 'refresh_token']) {
      secrets.push([name, set[name]!]);
      await ask(`/oauth2/v2/user_profile?${name}=${set[name]}`);
      await ask(`/oauth2/v2/user_profile?t=${set[name]}`);
      await ask(`/oauth2/${set[name]}/user_profile`);
      await ask(`/logout?id_token_hint=${set[name]}`);
      await post('/oauth2/introspect', { token: set[name]! });
    }
  }
  secrets.push(...(await keysOf(emulator, tokens['access_token']!)));
  for (const [name, value] of [
    ['client_secret', client.client_secret],
    ['secret', client.client_secret],
    ['x', client.client_secret],
    ['password', PASSWORDS[0]!],
    ['code_verifier', VERIFIER],
    ['client_assertion', tokens['id_token']!],
    ['session', cookie],
  ] as const) {
    await ask(`/oauth2/auth?${query}&${name}=${encodeURIComponent(value)}`);
  }
  const basic = Buffer.from(`${client.client_id}:${client.client_secret}`).toString('base64');
  secrets.push(['Basic credentials', basic]);
  await post('/oauth2/token', exchange, { authorization: `Basic ${basic}` });
  await post('/oauth2/token', { ...exchange, client_id: client.client_secret });
  await ask('/api/v1/users', { headers: { authorization: `Bearer ${tokens['access_token']}` } });
  await post('/oauth2/revoke', { ...client, token: tokens['refresh_token']! });
  return secrets;
}

/** Everything that the local Kinde shows of what happened, each with a name. */
async function* shown(emulator: Emulator): AsyncGenerator<readonly [where: string, text: string]> {
  const { issuer, state } = emulator;
  const opened = await emulator.fetch(emulator.dashboardLink(), { redirect: 'manual' });
  const cookie = opened.headers.get('set-cookie')!.split(';')[0]!;
  const get = async (path: string, headers: Record<string, string>) => {
    const response = await emulator.fetch(issuer + path, { headers });
    expect([path, response.status]).toEqual([path, 200]);
    return [path, await response.text()] as const;
  };
  const flows = emulator.flows.list();
  const ids = flows.map(({ id }) => id);
  expect(ids.length).toBeGreaterThan(2);
  const pages = ['sign-ins', 'requests', 'requests.har', 'clock', 'faults'];
  const signIns = ids.flatMap((id) => [`sign-ins/${id}`, `sign-ins/${id}/text`]);
  for (const page of [...pages, ...signIns]) {
    yield get(`/emulator/${page}`, { cookie });
  }
  const authorization = `Bearer ${emulator.controlToken}`;
  for (const path of ['status', 'flows', 'requests', 'journal', 'sessions', 'clock', 'faults']) {
    yield get(`/emulator/api/v1/${path}`, { authorization });
  }
  for (const id of ids) {
    yield get(`/emulator/api/v1/flows/${id}`, { authorization });
  }
  for (const entry of state.journal.after(0)) {
    yield ['the terminal', lineOf(entry, issuer) ?? ''];
    yield ['logs', entry.kind === 'request' ? requestLine(entry) : ''];
  }
  yield ['events', JSON.stringify([...state.events.values()])];
}

test('no secret of a whole tour is on a page, in the journal, in an archive, on the terminal or in the control API', async () => {
  const emulator = await createEmulator({ siteUrl: SITE });
  const secrets = await tour(emulator);
  expect(secrets.length).toBeGreaterThan(15);
  const found: string[] = [];
  for await (const [where, text] of shown(emulator)) {
    for (const [what, value] of secrets) {
      if (text.includes(value) || text.includes(encodeURIComponent(value))) {
        found.push(`${what} in ${where}`);
      }
    }
  }
  expect([...new Set(found)]).toEqual([]);
});
