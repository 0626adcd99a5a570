import type { Server } from 'node:http';
import type { Emulator } from '@kindling/emulator';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createBrowser, type Browser } from '../../../../test/kit/browser.js';
import {
  ADA,
  calls,
  DAY,
  later,
  rows,
  startKinde,
  startRow,
  stop,
  TOKEN,
} from '../../../../test/kit/provider.js';

const MARK = 'mark-of-a-token';
type Body = Record<string, any>;

/** An answer of the token endpoint, made of the one that it would have given. */
type Change = (body: Body) => Response;

const json = (body: unknown, init: ResponseInit = {}) => Response.json(body, init);
const as = (type: string | undefined, body: unknown, status = 200) => {
  const response = new Response(JSON.stringify(body), { status });
  response.headers.delete('content-type');
  if (type !== undefined) {
    response.headers.set('content-type', type);
  }
  return response;
};

/** Answers that grant nothing, whatever is in them. */
const broken: [string, Change][] = [
  ['a page', (body) => as('text/html', body)],
  ['a text', (body) => as('text/plain', body)],
  ['no media type', (body) => as(undefined, body)],
  ['a script', (body) => as('application/javascript', body)],
  ['something like JSON', (body) => as('application/jsonp', body)],
  [
    'a line break in the access token',
    (body) => json({ ...body, access_token: `${MARK}\r\nx: y` }),
  ],
  ['a line break in the ID token', (body) => json({ ...body, id_token: `${MARK}\n` })],
  ['a zero in the refresh token', (body) => json({ ...body, refresh_token: `${MARK}\0` })],
  ['a space in the access token', (body) => json({ ...body, access_token: `${MARK} b` })],
  ['a letter that is not ASCII', (body) => json({ ...body, access_token: `${MARK}é` })],
  ['a letter beyond the first plane', (body) => json({ ...body, refresh_token: `${MARK}🔑` })],
  ['no access token but null', (body) => json({ ...body, access_token: null })],
  ['no ID token but null', (body) => json({ ...body, id_token: null })],
  ['no refresh token but null', (body) => json({ ...body, refresh_token: null })],
  ['no token type but null', (body) => json({ ...body, token_type: null })],
  ['no lifetime but null', (body) => json({ ...body, expires_in: null })],
  ['two access tokens', (body) => json({ ...body, access_token: [body['access_token'], MARK] })],
  ['an object as a token', (body) => json({ ...body, refresh_token: { token: MARK } })],
  ['a number as a token', (body) => json({ ...body, id_token: 1 })],
  ['a list', (body) => json([body])],
  ['null', () => json(null)],
  ['an error beside the tokens', (body) => json({ ...body, error: 'invalid_grant' })],
];

/** What gateways say in Kinde's place, in words of OAuth. */
const gateways: [string, () => Response][] = [
  ...[500, 502, 503, 504].map((status): [string, () => Response] => [
    `${status} with invalid_grant`,
    () => json({ error: 'invalid_grant' }, { status }),
  ]),
  ['403 with invalid_grant', () => json({ error: 'invalid_grant' }, { status: 403 })],
  ['404 with invalid_grant', () => json({ error: 'invalid_grant' }, { status: 404 })],
  ['200 with invalid_grant', () => json({ error: 'invalid_grant' })],
  ['400 with invalid_grant on a page', () => as('text/html', { error: 'invalid_grant' }, 400)],
  ['400 with invalid_grant in a list', () => json([{ error: 'invalid_grant' }], { status: 400 })],
  ['502 with tokens', () => json({ access_token: MARK, token_type: 'bearer' }, { status: 502 })],
  [
    'a page of an access portal',
    () => new Response('<html>', { status: 401, headers: { 'content-type': 'text/html' } }),
  ],
];

describe.each(rows)('answers of the token endpoint, on %s with sessions %s', (...row) => {
  let emulator: Emulator;
  let app: Server;
  let browser: Browser;
  beforeAll(async () => {
    emulator = await startKinde();
  });
  beforeEach(async () => {
    emulator.state.overlap = 0;
    app = await startRow(row, emulator);
    browser = createBrowser(app, emulator);
  });
  afterEach(() => {
    vi.useRealTimers();
    emulator.faults.clear();
    stop(app);
  });
  const answering = (change: Change) =>
    emulator.faults.once(TOKEN, async (_request, next) =>
      change((await (await next()).json()) as Body),
    );
  const asJson = { headers: { accept: 'application/json' } };

  test.each(broken)('OP-21 %s signs nobody in', async (_name, change) => {
    const callback = await browser.callbackFor(ADA);
    answering(change);
    const answer = await browser.open(callback, asJson);
    expect([answer.status, answer.json().code]).toEqual([502, 'response_invalid']);
    expect(answer.body).not.toContain(MARK);
    expect((await browser.open('/me')).json().isAuthenticated).toBe(false);
  });

  test.each(broken)('OP-21 %s renews nothing and signs nobody out', async (_name, change) => {
    // Kinde takes a refresh token again whose answer was of no use.
    emulator.state.overlap = DAY;
    await browser.signIn(ADA);
    later(DAY - 20);
    answering(change);
    expect((await browser.open('/private')).status).toBe(200);
    later(60);
    answering(change);
    const answer = await browser.open('/private', asJson);
    expect([answer.status, answer.setCookies]).toEqual([503, []]);
    expect(answer.body).not.toContain(MARK);
  });

  test.each(gateways)('OP-21 %s is no refusal', async (_name, answer) => {
    await browser.signIn(ADA);
    later(DAY + 1);
    emulator.faults.once(TOKEN, answer);
    const down = await browser.open('/private', asJson);
    expect([down.status, down.setCookies]).toEqual([503, []]);
    await vi.waitFor(async () => expect((await browser.open('/private')).status).toBe(200), 5000);
  });

  test.each(gateways)('OP-21 %s at the end of a sign-in blames nobody', async (_name, answer) => {
    const callback = await browser.callbackFor(ADA);
    emulator.faults.once(TOKEN, answer);
    const page = await browser.open(callback, asJson);
    expect([page.status, page.json().code]).toEqual([502, 'response_invalid']);
  });

  test('OP-21 Kinde’s own refusal still is one, and so is its “bearer” in any media type of JSON', async () => {
    await browser.signIn(ADA);
    later(DAY + 1);
    emulator.faults.once(TOKEN, async (_request, next) =>
      as('application/token+json; charset=UTF-8', await (await next()).json()),
    );
    expect((await browser.open('/private')).status).toBe(200);
    later(DAY + 1);
    const before = calls(emulator, TOKEN);
    emulator.faults.once(TOKEN, () => json({ error: 'invalid_grant' }, { status: 400 }));
    expect((await browser.open('/me')).json()).toMatchObject({
      isAuthenticated: false,
      reason: 'refresh_refused',
    });
    expect(calls(emulator, TOKEN) - before).toBe(1);
  });
});
