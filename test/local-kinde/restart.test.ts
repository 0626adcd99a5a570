import {
  createKindeServerClient,
  GrantType,
  type SessionManager,
} from '@kinde-oss/kinde-typescript-sdk';
import { createKinde, optionsFromEnv, type Kinde } from '@kindling/core';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createProject, start, type Started, type Starting } from '../kit/local-kinde.js';

const SITE = 'http://localhost:3999';

describe('a local Kinde that is stopped and started under running apps', () => {
  const project = createProject();
  let kinde: Started;
  beforeAll(async () => {
    kinde = await start(project.folder, ['--site', SITE]);
  }, 60_000);
  afterEach(() => vi.useRealTimers());
  afterAll(async () => {
    await kinde?.stop();
    project.remove();
  });

  const signIn = async (url: string | URL) => {
    const person = 'ada@example.com';
    const { location } = await kinde.control().signIn({ url: String(url), person });
    return new URL(location);
  };
  /** On the same port: what an app was told once has to stay true. */
  const again = async (signal: NodeJS.Signals, starting: Starting = {}) => {
    const { port } = new URL(kinde.url);
    await kinde.stop(signal);
    kinde = await start(project.folder, ['--site', SITE, '--port', port], starting);
  };
  const keys = async () => (await fetch(`${kinde.url}/.well-known/jwks`)).json();

  /** An app of ours where Ada is signed in, and its cookies. */
  const ourApp = async () => {
    const ours = createKinde({ ...optionsFromEnv(kinde.env), session: { idle: 2 * 86_400 } });
    const login = await ours.login(new Request(`${SITE}/login`));
    const cookie = cookiesOf(login.cookies);
    const request = new Request(await signIn(login.location), { headers: { cookie } });
    const { cookies } = await ours.callback(request);
    return { ours, session: cookiesOf(cookies) };
  };
  /** An app of Kinde's TypeScript SDK, unchanged, where Ada is signed in. */
  const theirApp = async () => {
    const theirs = createKindeServerClient(GrantType.AUTHORIZATION_CODE, {
      authDomain: kinde.url,
      clientId: kinde.env['KINDE_CLIENT_ID']!,
      clientSecret: kinde.env['KINDE_CLIENT_SECRET']!,
      redirectURL: `${SITE}/callback`,
      logoutRedirectURL: SITE,
      scope: 'openid profile email offline',
    });
    const manager = memory();
    await theirs.handleRedirectToApp(manager, await signIn(await theirs.login(manager)));
    return { theirs, manager };
  };

  test('nobody notices, neither an app of ours nor one of Kinde’s TypeScript SDK', async () => {
    const { ours, session } = await ourApp();
    const { theirs, manager } = await theirApp();
    const before = { env: kinde.env, keys: await keys() };

    await again('SIGTERM');
    expect({ env: kinde.env, keys: await keys() }).toEqual(before);
    expect(await isSignedIn(ours, session)).toBe(true);
    await theirs.refreshTokens(manager);
    expect((await theirs.getUserProfile(manager)).email).toBe('ada@example.com');

    // Nor does anybody notice the worst end, once what happened was written.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    await again('SIGKILL');
    expect({ env: kinde.env, keys: await keys() }).toEqual(before);
    await theirs.refreshTokens(manager);
    expect(await theirs.isAuthenticated(manager)).toBe(true);

    // Once its access token is over, our app needs a refresh.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 25 * 3_600_000 });
    await kinde.control().setClock({ advance: '25h' });
    expect(await isSignedIn(ours, session)).toBe(true);
    const steps = await kinde.control().journal({ kind: 'step' });
    expect(steps.entries.at(-1)).toMatchObject({ step: 'refresh', outcome: 'ok' });
    await kinde.control().resetClock();
  }, 120_000);

  test.each(['SIGINT', 'SIGTERM'] as const)(
    'what happened a moment before %s is not lost',
    async (signal) => {
      const { theirs, manager } = await theirApp();
      await theirs.refreshTokens(manager);
      await again(signal);
      await theirs.refreshTokens(manager);
      expect(await theirs.isAuthenticated(manager)).toBe(true);
    },
    60_000,
  );

  test('three refreshes at once of Kinde’s TypeScript SDK succeed, and are remarked on', async () => {
    await again('SIGTERM', { json: false });
    const { theirs, manager } = await theirApp();
    const refreshed = await Promise.all([1, 2, 3].map(() => theirs.refreshTokens(manager)));
    expect(refreshed).toHaveLength(3);
    await theirs.refreshTokens(manager);
    expect((await theirs.getUserProfile(manager)).email).toBe('ada@example.com');

    const [flow] = await kinde.control().flows({ person: 'ada@example.com', kind: 'sign-in' });
    const { findings } = await kinde.control().flow(flow!.id);
    const atOnce = findings.filter(({ id }) => id === 'refresh.at-once');
    expect(atOnce.length).toBeGreaterThanOrEqual(1);
    expect(findings.filter(({ level }) => level === 'wrong')).toEqual([]);
    const { says } = atOnce[0]!;
    expect(says).toContain('two requests refresh at once');
    expect(await kinde.read(`/emulator/sign-ins/${flow!.id}`)).toContain(says);
    await expect.poll(() => kinde.lines.join('\n'), { timeout: 20_000 }).toContain(says);
    const line = kinde.lines.findIndex((one) => one.includes(says));
    expect(kinde.lines[line + 1]).toContain(`/emulator/sign-ins/${flow!.id}`);
  }, 60_000);
});

function memory(): SessionManager {
  const items = new Map<string, unknown>();
  return {
    getSessionItem: async (key) => items.get(key) ?? null,
    setSessionItem: async (key, value) => void items.set(key, value),
    removeSessionItem: async (key) => void items.delete(key),
    destroySession: async () => items.clear(),
  };
}

/** As a browser sends them back: without those that were removed. */
function cookiesOf(set: readonly string[]): string {
  const pairs = set.map((line) => line.split(';', 1)[0]!);
  return pairs.filter((pair) => !pair.endsWith('=')).join('; ');
}

async function isSignedIn(ours: Kinde, cookie: string): Promise<boolean> {
  const { auth } = await ours.authenticate(new Request(`${SITE}/`, { headers: { cookie } }));
  return auth.isAuthenticated;
}
