import { spawn } from 'node:child_process';
import { channel, tracingChannel } from 'node:diagnostics_channel';
import { AsyncLocalStorage } from 'node:async_hooks';
import { text } from 'node:stream/consumers';
import {
  createKinde,
  memoryStore,
  type HttpRequest,
  type Kinde,
  type KindeEvent,
  type KindeOptions,
} from '@kindling/core';
import { createEmulator, type Emulator } from '@kindling/emulator';
import { createWebhooks } from '@kindling/webhooks';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { optionsFor, SITE } from '../kit/apps.js';
import { bearerClaims, DAY, later } from '../kit/provider.js';
import { ACME, ADA } from './kit/visitor.js';

const AUDIENCE = 'https://api.todos.example';
const PATHS = { backchannelLogout: '/backchannel-logout' };

let emulator: Emulator;
let events: KindeEvent[];
let audit: object[];
beforeAll(async () => {
  emulator = await createEmulator({ strict: true, siteUrl: SITE });
});
beforeEach(() => {
  events = [];
  audit = [];
});
afterEach(() => {
  emulator.faults.clear();
  vi.useRealTimers();
});
afterAll(() => emulator.close());

/** An app, or one of several on the same store. */
const start = (options: Partial<KindeOptions> = {}): Kinde =>
  createKinde(
    optionsFor(emulator, {
      onEvent: (event) => void events.push(event),
      onAudit: (event) => void audit.push(event),
      ...options,
      session: { idle: 3 * DAY, ...options.session },
    }),
  );

const at = (url: string, headers: Record<string, string> = {}, method = 'GET'): HttpRequest => ({
  method,
  url,
  headers: new Headers(headers),
});
const cookieOf = (lines: readonly string[]) => lines.map((line) => line.split(';')[0]).join('; ');

/** Signs Ada in, and answers her cookies. */
async function signIn(kinde: Kinde): Promise<{ cookie: string }> {
  const { location, cookies } = await kinde.login(at('/login'));
  const back = await emulator.signIn(location, { email: ADA, organization: ACME });
  const done = await kinde.callback(at(back.href, { cookie: cookieOf(cookies) }));
  return { cookie: cookieOf(done.cookies) };
}
const ada = () => emulator.state.people.find(({ email }) => email === ADA)!.id;
const named = <Name extends KindeEvent['name']>(name: Name) =>
  events.filter((event) => event.name === name) as Extract<KindeEvent, { name: Name }>[];
const forget = () => void events.splice(0);

/** Posts a body to an auth route. */
async function post(kinde: Kinde, path: string, body: string, type: string): Promise<number> {
  const headers = { 'content-type': type, 'webhook-id': 'webhook_1' };
  const request = new Request(SITE + path, { method: 'POST', body, headers });
  const found = kinde.routes.find((one) => one.path === path)!;
  return (await found.handle(request)).status;
}

describe('events', () => {
  test('tell of a refresh whose exchange it was', async () => {
    const store = memoryStore();
    const [one, other] = [start({ session: { store } }), start({ session: { store } })];
    const headers = await signIn(one);
    later(DAY + 60);
    forget();
    emulator.faults.always('/oauth2/token', async (_request, next) => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      return next();
    });
    await Promise.all([
      one.authenticate(at('/', headers)),
      one.authenticate(at('/', headers)),
      other.authenticate(at('/', headers)),
    ]);
    const refreshes = named('refresh');
    expect(refreshes.map(({ by }) => by).sort()).toEqual(['joined', 'own', 'shared']);
    expect(new Set(refreshes.map(({ user }) => user)).size).toBe(1);
    expect(refreshes.map(({ outcome, during }) => [outcome, during])).toEqual(
      Array.from({ length: 3 }, () => ['done', 'authenticate']),
    );
    expect(named('fetch').filter(({ endpoint }) => endpoint === 'token')).toHaveLength(1);
  });

  test('tell of a refresh that Kinde refused, and that the session ended with it', async () => {
    const kinde = start();
    const headers = await signIn(kinde);
    later(DAY + 60);
    emulator.faults.once('/oauth2/token', () =>
      Response.json({ error: 'invalid_grant' }, { status: 400 }),
    );
    await kinde.authenticate(at('/', headers));
    expect(named('refresh').map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['refused', 'refused'],
    ]);
    expect(audit.at(-1)).toMatchObject({
      type: 'session_ended',
      userId: ada(),
      reason: 'refresh_refused',
    });
  });

  test('tell who is calling and by which means, or why nobody is', async () => {
    const kinde = start({ audience: AUDIENCE });
    const headers = await signIn(kinde);
    forget();
    await kinde.authenticate(at('/', headers));
    await kinde.authenticate(at('/'));
    const token = await emulator.sign({ ...bearerClaims(emulator), aud: [AUDIENCE] });
    await kinde.authenticate(at('/', { authorization: `Bearer ${token}` }));
    await kinde.authenticate(at('/', { authorization: 'Bearer x' }));
    expect(named('authenticate').map(({ via, reason, outcome }) => [via, reason, outcome])).toEqual(
      [
        ['session', undefined, 'done'],
        ['none', 'no_session', 'done'],
        ['bearer', undefined, 'done'],
        ['none', 'bearer_invalid', 'refused'],
      ],
    );
  });

  test('tell what `protect()` answered', async () => {
    const kinde = start();
    const { auth } = await kinde.authenticate(at('/', await signIn(kinde)));
    const { auth: nobody } = await kinde.authenticate(at('/'));
    forget();
    const page = at('/', { accept: 'text/html' });
    await kinde.guard(page, auth, { allow: {} });
    await kinde.guard(page, nobody, { allow: {} });
    await kinde.guard(page, auth, { allow: () => true });
    await kinde.guard(page, auth, { allow: { permissions: 'never:granted' } });
    await kinde.guard(at('/', {}, 'POST'), nobody, { allow: {} });
    expect(named('guard').map(({ answer, code }) => [answer, code])).toEqual([
      ['passed', undefined],
      ['redirected', undefined],
      ['passed', undefined],
      ['refused', 'forbidden'],
      ['refused', 'signed_out'],
    ]);
  });

  test('tell who revoked sessions: the app, Kinde by back-channel logout, Kinde by webhook', async () => {
    const kinde = start({
      paths: PATHS,
      webhooks: createWebhooks({ on: {} }),
      session: { store: memoryStore() },
    });
    await signIn(kinde);
    const person = { id: ada(), email: ADA };
    audit = [];
    await kinde.sessions.revokeUser(ada());
    const seconds = Math.floor(Date.now() / 1000);
    const logoutToken = await emulator.sign(
      {
        iss: emulator.issuer,
        aud: emulator.env['KINDE_CLIENT_ID']!,
        iat: seconds,
        exp: seconds + 120,
        jti: crypto.randomUUID(),
        sub: ada(),
        events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
      },
      { header: { typ: 'logout+jwt' } },
    );
    const form = 'application/x-www-form-urlencoded';
    const body = `logout_token=${logoutToken}`;
    expect(await post(kinde, '/backchannel-logout', body, form)).toBe(200);
    const event = await emulator.sign({
      type: 'user.deleted',
      event_id: `event_${crypto.randomUUID().replaceAll('-', '')}`,
      source: 'api',
      timestamp: new Date().toISOString(),
      event_timestamp: new Date().toISOString(),
      data: { user: person },
    });
    expect(await post(kinde, '/webhooks/kinde', event, 'application/jwt')).toBe(200);
    expect(named('revocation').map(({ by, of, during }) => [by, of, during])).toEqual([
      ['app', 'user', undefined],
      ['backchannel', undefined, undefined],
      ['webhook', 'user', 'webhook'],
    ]);
    expect(audit).toEqual(
      ['app', 'backchannel', 'webhook'].map((by) =>
        expect.objectContaining({ type: 'sessions_revoked', by, userId: ada() }),
      ),
    );
  });

  test('have the id of the request, whoever gave it, if it looks like one', async () => {
    const kinde = start();
    const evil = 'x y\r\n<script>';
    await kinde.authenticate(at('/', { 'x-request-id': 'abc-1' }));
    await kinde.authenticate({ ...at('/', { 'x-request-id': 'abc-1' }), id: 'own-2' });
    await kinde.authenticate({ ...at('/'), id: evil });
    expect(events.map(({ requestId }) => requestId)).toEqual(['abc-1', 'own-2', undefined]);
  });
});

describe('audit events', () => {
  test('have the ids of users, and say how each signed in and out', async () => {
    const kinde = start();
    const headers = await signIn(kinde);
    const request = at('/', { ...headers, accept: 'application/json' });
    const { auth } = await kinde.authenticate(request);
    await kinde.guard(request, auth, { allow: { permissions: 'never:granted' } });
    await kinde.logout(request);
    await kinde.callback(at('/callback?state=x&code=y')).catch(() => {});
    const person = { userId: ada(), orgCode: ACME, by: 'session' };
    expect(audit).toEqual([
      expect.objectContaining({ type: 'signed_in', ...person }),
      expect.objectContaining({ type: 'access_denied', code: 'forbidden', ...person }),
      expect.objectContaining({ type: 'signed_out', ...person }),
      expect.objectContaining({ type: 'sign_in_refused', code: 'transaction_missing' }),
    ]);
    expect(JSON.stringify(events)).not.toContain(ada());
  });

  test('are on a channel, too', async () => {
    const seen: unknown[] = [];
    const listen = (event: unknown) => void seen.push(event);
    channel('kinde:audit').subscribe(listen);
    await signIn(start({ onAudit: undefined as never }));
    channel('kinde:audit').unsubscribe(listen);
    expect(seen).toEqual([expect.objectContaining({ type: 'signed_in', userId: ada() })]);
  });
});

describe('the user of an event', () => {
  const userOf = async (options: Partial<KindeOptions> = {}) => {
    forget();
    await signIn(start(options));
    return named('callback')[0]!.user;
  };

  test('is a hash that depends on the secret and on nothing else of the process', async () => {
    const own = await userOf();
    expect(own).toMatch(/^[\w-]{16}$/);
    expect(await userOf({ siteUrl: SITE })).toBe(own);
    expect(await userOf({ secret: 'another-secret-of-thirty-two-characters-0' })).not.toBe(own);
    expect(await inAnotherProcess()).toBe(own);
  });

  test('is their id where the app wants that', async () => {
    expect(await userOf({ userIdsInEvents: 'plain' })).toBe(ada());
  });

  /** The same app elsewhere: revoking the sessions of Ada names her in an event, whoever she is there. */
  async function inAnotherProcess(): Promise<string> {
    const options = optionsFor(emulator);
    const code = `
      import { createKinde, memoryStore } from '@kindling/core';
      const onEvent = ({ name, user }) => name === 'revocation' && console.log(user);
      const options = ${JSON.stringify(options)};
      const kinde = createKinde({ ...options, onEvent, session: { store: memoryStore() } });
      await kinde.sessions.revokeUser('${ada()}');`;
    return (await run(code)).stdout.trim();
  }
});

/** Runs code of an app in a process of its own. */
async function run(code: string, env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { stdout, stderr };
}

test('NODE_DEBUG=kinde prints a line for each event', async () => {
  const code = `
    import { createKinde } from '@kindling/core';
    import { createEmulator } from '@kindling/emulator';
    const emulator = await createEmulator({ strict: true, siteUrl: '${SITE}' });
    const { KINDE_CLIENT_ID: clientId, KINDE_CLIENT_SECRET: clientSecret } = emulator.env;
    const { issuer, fetch } = emulator;
    const secret = '0123456789abcdefghijklmnopqrstuvwxyz-test';
    const kinde = createKinde({ issuer, clientId, clientSecret, secret, fetch, siteUrl: '${SITE}' });
    await kinde.login({ method: 'GET', url: '/login', headers: new Headers() });
    await kinde.authenticate({ method: 'GET', url: '/', headers: new Headers() });`;
  const { stderr } = await run(code, { NODE_DEBUG: 'kinde' });
  const lines = stderr.split('\n').filter((line) => line.startsWith('KINDE'));
  expect(lines.map((line) => line.replace(/^KINDE \d+: /, '').split(' ')[0])).toEqual([
    'fetch',
    'login',
    'authenticate',
  ]);
  expect(lines[0]).toMatch(/ done .* ms .*endpoint=discovery .*during=login/);
  expect(lines[2]).toMatch(/reason=no_session/);
}, 30_000);

describe('channels', () => {
  /** What is published on the channels of a name, while the work is done. */
  async function published(name: string, work: () => unknown): Promise<[string, object][]> {
    const seen: [string, object][] = [];
    const hear = (step: string) => (event: object) => void seen.push([step, { ...event }]);
    const steps = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const;
    const listeners = Object.fromEntries(steps.map((step) => [step, hear(step)]));
    tracingChannel(`kinde:${name}`).subscribe(listeners as never);
    try {
      await work();
    } finally {
      tracingChannel(`kinde:${name}`).unsubscribe(listeners as never);
    }
    return seen;
  }
  const silent = () => start({ onEvent: undefined as never, onAudit: undefined as never });

  test('tell the start and the end of an operation that is waited for', async () => {
    const kinde = silent();
    const seen = await published('login', () => kinde.login(at('/login')));
    expect(seen.map(([step]) => step)).toEqual(['start', 'end', 'asyncStart', 'asyncEnd']);
    expect(seen[0]![1]).not.toHaveProperty('took');
    expect(seen.at(-1)![1]).toMatchObject({ outcome: 'done', took: expect.any(Number) });
  });

  test('tell the start and the end of an operation that is done at once', async () => {
    const kinde = silent();
    const { auth } = await kinde.authenticate(at('/', await signIn(kinde)));
    const seen = await published('guard', () => {
      expect(kinde.guard(at('/'), auth, { allow: {} })).toBeUndefined();
    });
    expect(seen.map(([step]) => step)).toEqual(['start', 'end', 'asyncStart', 'asyncEnd']);
    expect(seen.at(-1)![1]).toMatchObject({ answer: 'passed', outcome: 'done' });
  });

  test('tell of a failure before the end', async () => {
    const kinde = silent();
    emulator.faults.once(
      '/.well-known/openid-configuration',
      () => new Response('', { status: 404 }),
    );
    const seen = await published('login', () => kinde.login(at('/login')).catch(() => {}));
    expect(seen.map(([step]) => step)).toEqual(['start', 'end', 'error', 'asyncStart', 'asyncEnd']);
    expect(seen.at(-1)![1]).toMatchObject({ outcome: 'failed', code: 'discovery_invalid' });
  });

  test('harm no operation whose event a listener freezes', async () => {
    const { start: starts } = tracingChannel('kinde:login');
    const freeze = (event: unknown) => void Object.freeze(event);
    starts.subscribe(freeze);
    const { location } = await silent().login(at('/login'));
    starts.unsubscribe(freeze);
    expect(location).toContain(emulator.issuer);
  });

  test('bind a context to an operation, as tracers do', async () => {
    const storage = new AsyncLocalStorage<string>();
    const { start: starts } = tracingChannel('kinde:login');
    const seen: unknown[] = [];
    const hear = () => void seen.push(storage.getStore());
    starts.bindStore(storage, () => 'a span');
    tracingChannel('kinde:fetch').start.subscribe(hear);
    await silent().login(at('/login'));
    starts.unbindStore(storage);
    tracingChannel('kinde:fetch').start.unsubscribe(hear);
    expect(seen).toEqual(['a span']);
    expect(storage.getStore()).toBeUndefined();
  });
});
