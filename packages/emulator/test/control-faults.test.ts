import { describe, expect, test } from 'vitest';
import { createApp } from '../src/app.js';
import { KINDE_PATHS } from '../src/faults/paths.js';
import { isAmong } from '../src/faults/row.js';
import { createEmulator, type Emulator } from '../src/index.js';
import { appOf } from './kit.js';

const SITE = 'http://localhost:3000';
const ADA = 'ada@example.com';
const JWKS = '/.well-known/jwks';

const get = ({ fetch, issuer }: Emulator, path: string, init?: RequestInit) =>
  fetch(issuer + path, init);

describe('faults by name', () => {
  test('down: the connection closes without an answer, once', async () => {
    const emulator = await createEmulator();
    await emulator.control.armFault({ name: 'down' });
    await expect(get(emulator, JWKS)).rejects.toThrow(TypeError);
    expect((await get(emulator, JWKS)).status).toBe(200);
  });

  test('slow: the answer takes its time, and whoever gives up is not kept waiting', async () => {
    const emulator = await createEmulator();
    await emulator.control.armFault({ name: 'slow', with: { seconds: 0.01 } });
    expect((await get(emulator, JWKS)).status).toBe(200);
    await emulator.control.armFault({ name: 'slow', with: { seconds: 3_000 } });
    const signal = AbortSignal.timeout(20);
    await expect(get(emulator, JWKS, { signal })).rejects.toThrow('aborted');
  });

  test('error: status and body as wanted, and nothing was done', async () => {
    const emulator = await createEmulator();
    const app = appOf(emulator, SITE);
    const tokens = await app.signIn(ADA);
    await emulator.control.armFault({
      name: 'error',
      with: { status: 502, body: '<h1>Bad gateway</h1>' },
      match: { path: '/oauth2/*' },
    });
    const response = await app.post('/oauth2/token', {});
    expect(response.status).toBe(502);
    expect(response.headers.get('content-type')).toContain('text/html');
    expect(await response.text()).toBe('<h1>Bad gateway</h1>');
    expect((await app.refresh(tokens)).status).toBe(200);
  });

  test('token.lost-answer: the work is done, the answer never arrives, and a refresh can be repeated', async () => {
    const emulator = await createEmulator();
    const app = appOf(emulator, SITE);
    const tokens = await app.signIn(ADA);
    await emulator.control.armFault({ name: 'token.lost-answer' });
    await expect(app.refresh(tokens)).rejects.toThrow(TypeError);
    const replaced = [...emulator.state.refreshTokens.values()].filter(
      ({ replacedAt }) => replacedAt,
    );
    expect(replaced).toHaveLength(1);
    expect((await app.refresh(tokens)).status).toBe(200);
  });

  test.each([
    [0, 1],
    [60, 2],
  ])(
    'keys.rotated: another key, and the old one published for %i seconds',
    async (keepOld, count) => {
      const emulator = await createEmulator();
      const keys = async () =>
        ((await (await get(emulator, JWKS)).json()) as { keys: { kid: string }[] }).keys;
      const [before] = await keys();
      await emulator.control.armFault({ name: 'keys.rotated', with: { keepOld } });
      await keys();
      const after = await keys();
      expect(after[0]!.kid).not.toBe(before!.kid);
      expect(emulator.state.identity.keys).toHaveLength(count);
    },
  );

  test('a fault hits as often as it was armed for, and then is gone', async () => {
    const emulator = await createEmulator();
    await emulator.control.armFault({ name: 'error', times: 2 });
    const statuses = [];
    for (let count = 0; count < 3; count += 1) {
      statuses.push((await get(emulator, JWKS)).status);
    }
    expect(statuses).toEqual([503, 503, 200]);
    expect((await emulator.control.faults()).armed).toEqual([]);
  });

  test('an armed fault says how often it hit, and can be removed', async () => {
    const emulator = await createEmulator();
    const { id } = await emulator.control.armFault({ name: 'error', times: 'always' });
    await get(emulator, JWKS);
    const { armed } = await emulator.control.faults();
    expect(armed).toMatchObject([{ id, name: 'error', left: 'always', hits: 1 }]);
    await emulator.control.clearFaults(id);
    expect((await get(emulator, JWKS)).status).toBe(200);
  });

  test('only requests of an application or a user are hit', async () => {
    const emulator = await createEmulator();
    const app = appOf(emulator, SITE);
    const [ada, grace] = [await app.signIn(ADA), await app.signIn('grace@example.com')];
    await emulator.control.armFault({ name: 'error', times: 'always', match: { person: ADA } });
    expect((await app.refresh(grace)).status).toBe(200);
    expect((await app.refresh(ada)).status).toBe(503);
    const profile = await get(emulator, '/oauth2/v2/user_profile', {
      headers: { authorization: `Bearer ${ada.access_token}` },
    });
    expect(profile.status).toBe(503);
    await emulator.control.clearFaults();
    await emulator.control.armFault({ name: 'error', match: { client: 'Local machine' } });
    expect((await app.refresh(ada)).status).toBe(200);
  });

  test('a chance hits the same requests for the same seed', async () => {
    const play = async (random: number) => {
      const emulator = await createEmulator();
      await emulator.control.armFault({ name: 'error', times: 'always', chance: 0.5, random });
      const statuses: number[] = [];
      for (let count = 0; count < 40; count += 1) {
        statuses.push((await get(emulator, JWKS)).status);
      }
      return statuses;
    };
    const [first, again, other] = [await play(1), await play(1), await play(2)];
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
    const hits = first.filter((status) => status === 503).length;
    expect(hits).toBeGreaterThan(8);
    expect(hits).toBeLessThan(32);
  });

  test('the journal says what was armed, hit and cleared, and which requests were hit', async () => {
    const emulator = await createEmulator();
    await emulator.control.armFault({ name: 'error' });
    await get(emulator, JWKS);
    await emulator.control.armFault({ name: 'down' });
    await emulator.control.clearFaults();
    const { entries } = await emulator.control.journal({ kind: 'fault' });
    expect(entries).toMatchObject([
      { name: 'error', what: 'armed' },
      { name: 'error', what: 'hit', path: JWKS },
      { name: 'down', what: 'armed' },
      { name: 'down', what: 'cleared' },
    ]);
    expect(await emulator.control.requests()).toMatchObject([
      { path: JWKS, status: 503, fault: 'error' },
    ]);
  });

  test('no fault stands between a user and the control API', async () => {
    const emulator = await createEmulator();
    await emulator.control.armFault({ name: 'down', times: 'always' });
    const response = await get(emulator, '/emulator/api/v1/status');
    expect(response.status).toBe(200);
    await expect(
      emulator.control.armFault({ name: 'down', match: { path: '/emulator/api/v1/status' } }),
    ).rejects.toMatchObject({ code: 'invalid_input' });
  });

  test('every fault says what it imitates and what a good client does', async () => {
    const { catalogue } = await (await createEmulator()).control.faults();
    for (const { imitates, goodClient, parameters } of catalogue) {
      expect([imitates, goodClient].every((text) => /^[A-Z].*\.$/.test(text))).toBe(true);
      expect(Object.values(parameters).every(({ meaning }) => meaning.endsWith('.'))).toBe(true);
    }
  });
});

describe('faults by path', () => {
  test.each([
    ['/oauth2/tokens', '/oauth2/token'],
    ['/.well-known/jwk', '/.well-known/jwks'],
    ['/api/v1/role', '/api/v1/roles'],
    ['oauth2/token', '/oauth2/token'],
  ])('a path where nothing answers (%s) is an error that names %s', async (path, near) => {
    const { faults } = await createEmulator();
    const arm = () => faults.once(path, () => new Response());
    expect(arm).toThrow(RangeError);
    expect(arm).toThrow(`Did you mean ${near}?`);
  });

  test.each([
    '/oauth2/token',
    '/api/v1/roles/some-id',
    '/account_api/v1/permissions',
    '/account_api/v1/feature_flags/theme',
  ])('%s can be armed', async (path) => {
    const emulator = await createEmulator();
    emulator.faults.once(path, () => new Response('hit', { status: 418 }));
    expect((await get(emulator, path)).status).toBe(418);
  });

  test('every address that imitates Kinde can be hit', async () => {
    const { state } = await createEmulator();
    const own = /^\/(?:|emulator.*|\*)$/;
    const paths = createApp(state).routes.map(({ path }) => path);
    const kinde = paths.filter((path) => !own.test(path) && !path.includes(':'));
    const missing = kinde.filter((path) => !isAmong(path, KINDE_PATHS));
    expect(missing).toEqual([]);
  });
});
