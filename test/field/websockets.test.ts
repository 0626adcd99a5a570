import { createEmulator, type Emulator } from '@kindling/emulator';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { AddressInfo } from 'node:net';
import { optionsFor, SITE } from '../kit/apps.js';
import { MODES, sessionOf } from './kit/site.js';
import { socketKinds, type SocketSite } from './kit/sockets.js';
import { createVisitor, DUE, later, tokenCalls, type Visitor } from './kit/visitor.js';

const GRACE = 'grace@example.com';
const AUDIENCE = 'https://api.todos.example';
const SPA = 'https://spa.app.example';
const rows = Object.keys(socketKinds).flatMap((kind) => MODES.map((mode) => [kind, mode] as const));

describe.each(rows)('a WebSocket, on %s with sessions in the %s', (name, mode) => {
  const kind = socketKinds[name]!;
  let emulator: Emulator;
  let site: SocketSite;
  let visitor: Visitor;
  beforeAll(async () => {
    emulator = await createEmulator({ strict: true, siteUrl: SITE });
  });
  beforeEach(async () => {
    const options = { session: sessionOf(mode), audience: AUDIENCE, trustedOrigins: [SPA] };
    site = await kind.serve(optionsFor(emulator, options));
    visitor = createVisitor(
      { url: SITE, port: (site.server.address() as AddressInfo).port },
      emulator,
    );
  });
  afterEach(async () => {
    vi.useRealTimers();
    await site.close();
  });
  const connect = (headers: Record<string, string> = {}, cookie = visitor.jar.header()) =>
    kind.connect(site.server, { ...(cookie && { cookie }), ...headers });

  test('FD-20 lets in who is signed in, from this site, from a trusted origin and from no browser', async () => {
    await visitor.signIn(GRACE);
    for (const headers of [{ origin: SITE }, { origin: SPA }, {}] as Record<string, string>[]) {
      expect(await connect(headers), JSON.stringify(headers)).toBe(GRACE);
    }
  });

  test('FD-20 lets nobody in who is signed out, or has a cookie that is none', async () => {
    expect(await connect({ origin: SITE })).toBe('refused');
    await visitor.signIn(GRACE);
    const [session] = visitor.jar.names();
    for (const cookie of ['theme=dark', `${session}=nonsense`]) {
      expect(await connect({ origin: SITE }, cookie)).toBe('refused');
    }
    const before = visitor.jar.header();
    await visitor.open('/logout', { headers: { 'sec-fetch-site': 'same-origin' } });
    if (mode === 'store') {
      expect(await connect({ origin: SITE }, before)).toBe('refused');
    }
  });

  const testOrigins = kind.checksOrigin ? test : () => {};
  testOrigins('FD-16 FD-20 lets nobody in whom another site makes come', async () => {
    await visitor.signIn(GRACE);
    const strangers = [
      'https://evil.example',
      'https://blog.app.example',
      'http://app.example',
      `${SITE}:8443`,
      `${SITE}.evil.example`,
      'null',
    ];
    for (const origin of strangers) {
      expect(await connect({ origin }), origin).toBe('refused');
    }
  });

  test('FD-20 a session that is due is let in, and nothing is refreshed', async () => {
    await visitor.signIn(GRACE);
    later(DUE);
    const before = tokenCalls(emulator);
    for (let visit = 0; visit < 3; visit += 1) {
      expect(await connect({ origin: SITE })).toBe(GRACE);
    }
    expect(tokenCalls(emulator)).toBe(before);
    expect((await visitor.open('/me')).json()).toMatchObject({ isAuthenticated: true });
    expect(tokenCalls(emulator)).toBe(before + 1);
    later(900);
    expect((await visitor.open('/me')).json()).toMatchObject({ isAuthenticated: true });
  });

  test('FD-20 a session whose token has ended is not let in, and the next page refreshes it', async () => {
    await visitor.signIn(GRACE);
    later(DUE + 60);
    const before = tokenCalls(emulator);
    expect(await connect({ origin: SITE })).toBe('refused');
    expect(tokenCalls(emulator)).toBe(before);
    expect((await visitor.open('/me')).json()).toMatchObject({ isAuthenticated: true });
    expect(await connect({ origin: SITE })).toBe(GRACE);
  });

  test('FD-20 a bearer token counts wherever its client comes from', async () => {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: emulator.issuer,
      sub: 'kp_aaa',
      aud: [AUDIENCE],
      azp: 'some-client',
      iat: now,
      exp: now + 600,
      scp: [],
      jti: 'j',
    };
    const token = await emulator.sign({ ...claims, email: GRACE });
    for (const origin of [SITE, 'https://evil.example']) {
      expect(await connect({ origin, authorization: `Bearer ${token}` }, '')).not.toBe('refused');
    }
    expect(await connect({ origin: SITE, authorization: 'Bearer nonsense' }, '')).toBe('refused');
  });
});
