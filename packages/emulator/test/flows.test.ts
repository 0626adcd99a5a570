import { existsSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { signInContent } from '../src/dashboard/sign-in.js';
import { signInText } from '../src/dashboard/sign-in-text.js';
import { flowNamed, signInsContent } from '../src/dashboard/sign-ins.js';
import { ROWS, verdictOf } from '../src/findings/findings.js';
import type { Flow } from '../src/flows/flow.js';
import { createEmulator, type Emulator } from '../src/index.js';
import { authorization, BROKEN, brokenSeed, CLIENTS, SITE, senderOf } from './broken-requests.js';

async function createBroken(): Promise<Emulator> {
  return createEmulator({ seed: brokenSeed, siteUrl: SITE });
}

/** The flow whose verdict has this id. */
function explained({ flows, state }: Emulator, id: string): Flow | undefined {
  return flows.list().find((flow) => verdictOf(flow, state)?.id === id);
}

/** Text of a page as a reader sees it. */
function seen(content: unknown): string {
  return String(content)
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}

describe('a broken request names its cause', () => {
  test.each(BROKEN)('$name', async ({ finding, send }) => {
    const emulator = await createBroken();
    await send(senderOf(emulator));
    // Sentences with a duration in them are compared below.
    emulator.clock.freeze();
    const flow = explained(emulator, finding);
    const all = emulator.flows.list().map((one) => verdictOf(one, emulator.state)?.id);
    expect(flow, `verdicts: ${all.join(', ')}`).toBeDefined();
    const verdict = verdictOf(flow!, emulator.state)!;
    expect(seen(await signInContent(flow!, emulator))).toContain(verdict.says);
    expect(signInText(flow!, emulator)).toContain(verdict.says);
    const steps = emulator.state.journal.after(0).filter(({ kind }) => kind === 'step');
    const told = steps.some((entry) => 'text' in entry && entry.text.includes(verdict.says));
    // Nothing comes in when nobody exchanges a code: only who looks later sees it.
    expect(told).toBe(finding !== 'callback.never-exchanged');
  });
});

const STATE = 'state-that-nobody-else-has-000000';

test('a code that the app has not exchanged is not called right: its error page may have led here', async () => {
  const emulator = await createBroken();
  await senderOf(emulator).signIn(authorization({ state: STATE }));
  const [flow] = emulator.flows.list();
  const page = seen(await signInContent(flow!, emulator));
  expect(page).toContain('Where the app shows an error, the cause is in that one');
  expect(page + signInText(flow!, emulator)).not.toContain('Nothing is wrong');
});

/** A whole sign-in, and the values in it that nobody may see. */
async function signedIn(emulator: Emulator) {
  const { fetch, signIn } = senderOf(emulator);
  const back = await signIn(authorization({ state: STATE }));
  const code = back.searchParams.get('code')!;
  const body = new URLSearchParams({
    ...CLIENTS.app,
    grant_type: 'authorization_code',
    code,
    redirect_uri: `${SITE}/callback`,
    code_verifier: 'v'.repeat(43),
  });
  const response = await fetch('/oauth2/token', { method: 'POST', body });
  const tokens = (await response.json()) as Record<string, string>;
  await fetch('/account_api/v1/permissions', {
    headers: { authorization: `Bearer ${tokens['access_token']}` },
  });
  const nonce = 'nonce-of-32-characters-or-more-00';
  const { access_token, id_token, refresh_token } = tokens;
  const secrets = [code, STATE, nonce, 'v'.repeat(43), CLIENTS.app.client_secret];
  return { secrets: [...secrets, access_token!, id_token!, refresh_token!] };
}

describe('a sign-in is kept', () => {
  test('with its steps in order, who it was, and the entry of each request', async () => {
    const emulator = await createBroken();
    await signedIn(emulator);
    const flow = emulator.flows.latestOf(CLIENTS.app.client_id)!;
    expect(flow).toMatchObject({
      kind: 'sign-in',
      application: 'App',
      person: 'Grace Hopper',
      organization: 'Acme Rockets',
      outcome: 'succeeded',
    });
    expect(flow.steps.map(({ kind }) => kind)).toEqual([
      'authorize',
      'page',
      'person',
      'organization',
      'callback',
      'exchange',
      'account',
    ]);
    const entries = emulator.state.journal.after(0);
    for (const { entry } of flow.steps) {
      expect(entries.find(({ number }) => number === entry)).toMatchObject({
        kind: 'request',
        flow: flow.id,
      });
    }
  });

  test('without a secret: not in the flow, the journal, the pages or the text', async () => {
    const emulator = await createBroken();
    const { secrets } = await signedIn(emulator);
    const [flow] = emulator.flows.list();
    const shown = [
      JSON.stringify([flow, emulator.state.journal.after(0)]),
      String(await signInContent(flow!, emulator)),
      String(await signInsContent(emulator, new URLSearchParams())),
      signInText(flow!, emulator),
    ].join();
    for (const secret of secrets) {
      expect(shown).not.toContain(secret);
      expect(shown).not.toContain(secret.slice(0, 12));
    }
  });

  test('and a password is not kept at all', async () => {
    const emulator = await createBroken();
    const { fetch } = senderOf(emulator);
    const page = await (await fetch(authorization())).text();
    const request = /name="request" value="([^"]+)"/.exec(page)![1]!;
    const body = new URLSearchParams({
      request,
      email: 'nobody@example.com',
      password: 'hunter2!',
    });
    await fetch('/emulator/sign-in', { method: 'POST', body });
    expect(JSON.stringify(emulator.flows.list())).not.toContain('hunt');
  });

  test('and found by the hash of its state, and as the newest of its application', async () => {
    const emulator = await createBroken();
    await signedIn(emulator);
    const [flow] = emulator.flows.list();
    const hash = createHash('sha256').update(STATE).digest('hex').slice(0, 16);
    const latest = new URLSearchParams({ client_id: CLIENTS.app.client_id });
    expect(flowNamed(emulator, hash, new URLSearchParams())).toBe(flow);
    expect(flowNamed(emulator, 'latest', latest)).toBe(flow);
    expect(flowNamed(emulator, '0123456789abcdef', latest)).toBeUndefined();
    emulator.flows.clear();
    expect(emulator.flows.list()).toEqual([]);
  });

  test('until 500 came after it', async () => {
    const emulator = await createBroken();
    const { fetch } = senderOf(emulator);
    for (let count = 0; count < 502; count += 1) {
      await fetch('/oauth2/auth?client_id=x');
    }
    expect(emulator.flows.list()).toHaveLength(500);
  });

  test('where its refresh token was known before this process, it goes on from there', async () => {
    const emulator = await createBroken();
    await signedIn(emulator);
    const [refresh_token] = emulator.state.refreshTokens.keys();
    emulator.flows.clear();
    const body = new URLSearchParams({
      ...CLIENTS.app,
      grant_type: 'refresh_token',
      refresh_token: refresh_token!,
    });
    await senderOf(emulator).fetch('/oauth2/token', { method: 'POST', body });
    expect(emulator.flows.list()[0]).toMatchObject({
      kind: 'continued',
      person: 'Grace Hopper',
      outcome: 'succeeded',
    });
  });
});

describe('a refresh that fails for something that happened before a restart', () => {
  /** Refreshes with the token of a sign-in whose steps are forgotten after `happens`. */
  const refreshAfter = async (
    happens: (emulator: Emulator, form: Record<string, string>) => Promise<unknown>,
  ) => {
    const emulator = await createBroken();
    await signedIn(emulator);
    const [refresh_token = ''] = emulator.state.refreshTokens.keys();
    const form = { ...CLIENTS.app, grant_type: 'refresh_token', refresh_token };
    await happens(emulator, form);
    emulator.flows.clear();
    await post(emulator, '/oauth2/token', form);
    return verdictOf(emulator.flows.list()[0]!, emulator.state);
  };
  const post = ({ issuer, fetch }: Emulator, path: string, form: Record<string, string>) =>
    fetch(issuer + path, { method: 'POST', body: new URLSearchParams(form) });

  test('says when the token was replaced', async () => {
    const verdict = await refreshAfter(async (emulator, form) => {
      await post(emulator, '/oauth2/token', form);
      emulator.clock.advance(20);
    });
    expect(verdict).toMatchObject({ id: 'refresh.reused' });
    expect(verdict!.says).toMatch(/^The refresh token was replaced 2\d seconds earlier; it works/);
  });

  test('says that the sign-in had ended', async () => {
    const verdict = await refreshAfter((emulator, { refresh_token = '' }) =>
      post(emulator, '/oauth2/revoke', { ...CLIENTS.app, token: refresh_token }),
    );
    expect(verdict).toMatchObject({ id: 'refresh.ended', says: 'The sign-in had ended before.' });
  });
});

test('each claim says why it is there', async () => {
  const emulator = await createBroken();
  await signedIn(emulator);
  const [flow] = emulator.flows.list();
  const { answered } = flow!.steps.find(({ kind }) => kind === 'exchange')!;
  const because = (name: string) =>
    answered.accessClaims?.find(({ claim }) => claim === name)?.because;
  expect(because('permissions')).toMatch(/^Member gives create:todos, /);
  expect(because('feature_flags')).toContain('todo_limit is set for the organization');
  expect(because('aud')).toContain('the request asked for no audience');
  const page = seen(await signInContent(flow!, emulator));
  for (const { because: text } of [...answered.accessClaims!, ...answered.idClaims!]) {
    expect(text).not.toBe('Added by the settings of this tenant.');
    expect(page).toContain(text);
  }
});

test.each([
  ['a script', '<script>alert(1)</script>'],
  ['an attribute', '"><img src=x onerror=alert(1)>'],
  ['10 kB', 'x'.repeat(10_000)],
  ['control characters', 'a\u0000\u001b[31mb'],
  ['characters that turn the direction', 'abc\u202edcba\u2066'],
])('a page is safe from %s in what an app or a user sends', async (_name, hostile) => {
  const emulator = await createBroken();
  const { fetch } = senderOf(emulator);
  const params = new URLSearchParams({
    client_id: hostile,
    redirect_uri: hostile,
    [hostile]: hostile,
  });
  await fetch(`/oauth2/auth?${params.toString()}`);
  await fetch(authorization({ org_code: hostile, login_hint: hostile, prompt: hostile }));
  await fetch(`/logout?redirect=${encodeURIComponent(hostile)}`);
  await fetch('/oauth2/token', { method: 'POST', body: params });
  for (const flow of emulator.flows.list()) {
    const pages = [
      String(await signInContent(flow, emulator)),
      String(await signInsContent(emulator, new URLSearchParams({ person: hostile }))),
      signInText(flow, emulator),
    ];
    expect(pages.slice(0, 2).join()).not.toMatch(/<script|<img/);
    // eslint-disable-next-line no-control-regex
    expect(pages.join()).not.toMatch(/[\u0000\u001b\u202e\u2066]/);
    expect(signInText(flow, emulator).length).toBeLessThan(12_000);
  }
});

test('the list can be filtered by user and outcome, fifty a page', async () => {
  const emulator = await createBroken();
  await signedIn(emulator);
  for (let count = 0; count < 60; count += 1) {
    await senderOf(emulator).fetch('/oauth2/auth?client_id=x');
  }
  const list = async (query: Record<string, string>) =>
    seen(await signInsContent(emulator, new URLSearchParams(query)));
  expect(await list({ person: 'grace' })).toContain('1 sign-in, page 1 of 1');
  expect(await list({ outcome: 'failed', page: '2' })).toContain('60 sign-ins, page 2 of 2');
  expect(await list({})).toContain('No application here has the client_id x');
});

test('there are 60 rows and more, and each leads to a page that exists', () => {
  expect(new Set(ROWS.map(({ id }) => id)).size).toBeGreaterThan(60);
  for (const { id, docs } of ROWS) {
    const code = /errors\/(\w+)\.md$/.exec(docs)?.[1];
    const page = new URL(`../../../docs/errors/${code}.md`, import.meta.url);
    expect(code === undefined || existsSync(page), id).toBe(true);
  }
});

test('what cannot be inspected does not harm the app', async () => {
  const emulator = await createBroken();
  const { fetch } = senderOf(emulator);
  const body = 'x'.repeat(100_000);
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const long = await fetch('/oauth2/token', { method: 'POST', body, headers });
  expect(long.status).toBe(401);
  const binary = await fetch('/oauth2/token', { method: 'POST', body: new Uint8Array([255, 0]) });
  expect(binary.status).toBe(400);
  expect(emulator.flows.list()).toHaveLength(2);
});
