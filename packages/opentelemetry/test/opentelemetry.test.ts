import { channel } from 'node:diagnostics_channel';
import type { Server } from 'node:http';
import type { KindeOptions } from '@kindling/core';
import { createEmulator, type Emulator } from '@kindling/emulator';
import { SpanKind, SpanStatusCode, type TracerProvider } from '@opentelemetry/api';
import { registerInstrumentations, type Instrumentation } from '@opentelemetry/instrumentation';
import { decodeJwt } from 'jose';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SECRET, SITE } from '../../../test/kit/apps.js';
import { createBrowser, type Browser } from '../../../test/kit/browser.js';
import { SAME_SITE, send } from '../../../test/kit/http.js';
import { kindeInstrumentation, type KindeInstrumentationOptions } from '../src/index.js';
import { startApp, startSdk, treeOf, type Sdk } from './kit.js';

const ADA = 'ada@example.com';
const DAY = 86_400_000;

let sdk: Sdk;
let emulator: Emulator;
let app: Server;
let ada: Browser;
const stops: (() => void)[] = [];

beforeEach(async () => {
  sdk = startSdk();
  emulator = await createEmulator({ strict: true, siteUrl: SITE });
});
afterEach(async () => {
  vi.useRealTimers();
  stops.splice(0).forEach((stop) => stop());
  await sdk.stop();
});

/** Starts an app with the instrumentation, and a browser. */
async function start(
  options: KindeInstrumentationOptions = {},
  more: Partial<KindeOptions> = {},
): Promise<void> {
  const { tracers, meters } = sdk;
  const instrumentations = [kindeInstrumentation(options)];
  stops.push(
    registerInstrumentations({ instrumentations, tracerProvider: tracers, meterProvider: meters }),
  );
  app = await startApp(sdk, emulator, more);
  stops.push(() => {
    app.closeAllConnections();
    app.close();
  });
  ada = createBrowser(app, emulator);
}

/** The spans of what is done, when the requests are over. */
async function traced(work: () => Promise<unknown>) {
  sdk.forget();
  await work();
  await vi.waitFor(() => expect(sdk.spans().at(0)?.name).toMatch(/^GET/));
  return sdk.spans();
}

const later = () => vi.useFakeTimers({ now: Date.now() + DAY + 1000, toFake: ['Date'] });
const breakTokens = () =>
  emulator.faults.always('/oauth2/token', () => Promise.reject(new TypeError('fetch failed')));

/** A sign-in, a known request, a 403, a refresh, an outage and a sign-out, as texts of their trees. */
async function wholeVisit(): Promise<Record<string, string>> {
  const callback = await ada.callbackFor(ADA);
  const trees: Record<string, string> = {};
  const add = async (name: string, work: () => Promise<unknown>) => {
    trees[name] = treeOf(await traced(work));
  };
  await add('callback', () => ada.open(callback));
  await add('known', () => ada.open('/todos'));
  await add('forbidden', () => ada.open('/admin'));
  later();
  await add('refresh', () => ada.open('/todos'));
  later();
  breakTokens();
  await add('outage', () => ada.open('/todos'));
  emulator.faults.clear();
  await add('logout', () => ada.open('/logout', { headers: SAME_SITE }));
  return trees;
}

test('a visit is spans below those of its requests, and what others trace inside is below ours', async () => {
  await start();
  const { callback, known, forbidden, refresh, outage, logout } = await wholeVisit();
  const read = '    kinde.store\n      SELECT\n';
  expect(callback).toMatch(/^GET \/callback\n {2}kinde\.callback\n/);
  expect(callback).toContain(`${read}    kinde.store\n    kinde.fetch\n    kinde.store\n`);
  expect(known).toBe(`GET /todos\n  kinde.authenticate\n${read}`);
  expect(forbidden).toBe(`GET /admin\n  kinde.authenticate\n${read}  kinde.guard\n`);
  expect(refresh).toMatch(/^GET \/todos\n {2}kinde\.authenticate\n/);
  expect(refresh).toMatch(/^ {4}kinde\.refresh\n(.*\n)*? {6}kinde\.fetch\n/m);
  expect(outage).toMatch(/^ {4}kinde\.refresh\n(.*\n)*? {6}kinde\.fetch\n/m);
  expect(logout).toMatch(/^GET \/logout\n {2}kinde\.logout\n {4}kinde\.store\n/);
});

test('a known request with its session in the cookie has no span of ours', async () => {
  await start({}, { session: {} });
  await ada.signIn(ADA);
  expect(treeOf(await traced(() => ada.open('/todos')))).toBe('GET /todos\n');
});

test('spans say what was asked and how it ended; only failures are errors', async () => {
  await start();
  await ada.signIn(ADA);
  const spans = await traced(() => ada.open('/admin'));
  const guard = spans.find(({ name }) => name === 'kinde.guard');
  expect(guard).toMatchObject({ kind: SpanKind.INTERNAL, status: { code: SpanStatusCode.UNSET } });
  expect(guard?.attributes).toMatchObject({
    'kinde.outcome': 'refused',
    'kinde.code': 'forbidden',
    'kinde.request_id': expect.any(String),
    'enduser.pseudo.id': expect.stringMatching(/^[\w-]{16}$/),
  });
  expect(guard?.attributes).not.toHaveProperty('error.type');
  const store = spans.find(({ name }) => name === 'kinde.store');
  expect(store?.kind).toBe(SpanKind.CLIENT);
  expect(store?.attributes).toMatchObject({ 'db.operation.name': 'get' });
  later();
  breakTokens();
  const away = await traced(() => ada.open('/todos'));
  const fetch = away.find(({ attributes }) => attributes['kinde.endpoint'] === 'token');
  expect(fetch).toMatchObject({ kind: SpanKind.CLIENT, status: { code: SpanStatusCode.ERROR } });
  expect(fetch?.attributes).toMatchObject({
    'server.address': 'localhost',
    'server.port': 4455,
    'error.type': 'kinde_unreachable',
  });
});

test('metrics count and time operations, by few and bounded attributes', async () => {
  await start();
  await wholeVisit();
  const measured = await sdk.measured();
  expect(measured).toMatchObject({
    'kinde.callback.count': [[{ 'kinde.outcome': 'done' }, 1]],
    'kinde.refresh.duration': [
      [{ 'kinde.by': 'own', 'kinde.outcome': 'done' }, 1],
      [{ 'kinde.outcome': 'failed', 'error.type': 'kinde_unreachable' }, 1],
    ],
    'kinde.logout.count': [[{ 'kinde.outcome': 'done' }, 1]],
  });
  expect(measured['kinde.authenticate.count']).toContainEqual([{ 'kinde.via': 'session' }, 3]);
  expect(measured['kinde.guard.count']).toContainEqual([
    { 'kinde.answer': 'refused', 'kinde.code': 'forbidden' },
    1,
  ]);
  const gets = measured['kinde.store.duration']?.map(([attributes]) => attributes);
  expect(gets).toContainEqual({ 'db.operation.name': 'get', 'kinde.outcome': 'done' });
  const attributes = Object.values(measured).flatMap((all) =>
    all.flatMap(([one]) => Object.keys(one)),
  );
  expect(attributes.filter((name) => /user|request|reason/.test(name))).toEqual(
    attributes.filter((name) => name === 'kinde.reason'),
  );
});

test('LK-06 no token, cookie, code, secret or id of a user is in a span or metric', async () => {
  const secrets = new Set([SECRET, emulator.env['KINDE_CLIENT_SECRET']!, ADA]);
  const keep = (values: URLSearchParams | Map<string, string>, ...names: string[]) => {
    for (const [name, value] of values) {
      if (names.length === 0 || names.includes(name)) {
        secrets.add(value);
      }
    }
  };
  emulator.faults.always('/oauth2/token', async (request, next) => {
    keep(new URLSearchParams(await request.clone().text()), 'code', 'code_verifier');
    const response = await next();
    const body = (await response.clone().json()) as Record<string, string>;
    for (const name of ['access_token', 'id_token', 'refresh_token']) {
      secrets.add(body[name]!);
    }
    secrets.add(decodeJwt(body['id_token']!).sub!);
    return response;
  });
  await start();
  const location = new URL((await ada.open('/login')).location);
  keep(location.searchParams, 'state', 'nonce', 'code_challenge');
  keep(ada.jar);
  const back = await emulator.signIn(location.href, { email: ADA });
  await ada.open(back.pathname + back.search);
  keep(ada.jar);
  await send(app, '/todos', { headers: { cookie: `kinde=${SECRET}` } });
  await send(app, '/callback?code=stolen-code&state=stolen-state&error=evil-text');
  for (const text of ['stolen-code', 'stolen-state', 'evil-text']) {
    secrets.add(text);
  }
  later();
  await ada.open('/todos');
  keep(ada.jar);
  breakTokens();
  later();
  await ada.open('/todos');
  await ada.open('/logout', { headers: SAME_SITE });
  await sdk.measured();
  const exported = sdk.exported();
  expect(secrets.size).toBeGreaterThan(15);
  for (const secret of secrets) {
    expect(exported.includes(secret), secret).toBe(false);
  }
  expect(exported).toContain('kinde.refresh.duration');
});

test('ids of users are told only if both the app and the instrumentation say so', async () => {
  await start({}, { userIdsInEvents: 'plain' });
  await ada.signIn(ADA);
  await ada.open('/todos');
  expect(sdk.exported()).not.toMatch(/enduser|kp_/);
  await start({ userIds: true }, { userIdsInEvents: 'plain' });
  await ada.signIn(ADA);
  expect(sdk.exported()).toMatch(/"enduser\.id":"kp_/);
});

test('requests to Kinde have no span where others make them, which are below ours', async () => {
  const tracer = sdk.tracers.getTracer('undici');
  const fetch: typeof globalThis.fetch = (input, init) =>
    tracer.startActiveSpan('POST', (span) => emulator.fetch(input, init).finally(() => span.end()));
  await start({ fetchSpans: false }, { fetch });
  await ada.signIn(ADA);
  later();
  const tree = treeOf(await traced(() => ada.open('/todos')));
  expect(tree).toMatch(/^ {4}kinde\.refresh\n(.*\n)*? {6}POST\n/m);
  expect(tree).not.toContain('kinde.fetch');
  expect(await sdk.measured()).toHaveProperty(['kinde.fetch.duration']);
});

test('nothing listens before it is enabled or after it is disabled', async () => {
  const names = ['start', 'asyncEnd'].map((name) => `tracing:kinde:callback:${name}`);
  const isOn = () => names.map((name) => channel(name).hasSubscribers);
  const instrumentation: Instrumentation = kindeInstrumentation();
  expect(isOn()).toEqual([false, false]);
  instrumentation.enable();
  instrumentation.enable();
  expect(isOn()).toEqual([true, true]);
  instrumentation.setConfig({ enabled: false });
  expect(isOn()).toEqual([false, false]);
  await start();
  stops.shift()?.();
  await ada.signIn(ADA);
  expect(isOn()).toEqual([false, false]);
  expect(sdk.exported()).not.toContain('kinde.');
});

test('an error of the SDK fails no request', async () => {
  const broken: TracerProvider = {
    getTracer() {
      throw new Error('broken');
    },
  };
  const instrumentation = kindeInstrumentation();
  instrumentation.setTracerProvider(broken);
  await start();
  instrumentation.enable();
  stops.push(instrumentation.disable);
  await ada.signIn(ADA);
  expect((await ada.open('/todos')).status).toBe(200);
});
