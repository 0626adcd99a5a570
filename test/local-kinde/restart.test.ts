import {
  createKindeServerClient,
  GrantType,
  type SessionManager,
} from '@kinde-oss/kinde-typescript-sdk';
import { createKinde, optionsFromEnv } from '@kindling/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '@kindling/emulator/client';
import { createProject, start, type Started } from '../kit/local-kinde.js';

const SITE = 'http://localhost:3999';

describe('a local Kinde that is stopped and started under running apps', () => {
  const project = createProject();
  let kinde: Started;
  beforeAll(async () => {
    kinde = await start(project.folder, ['--site', SITE]);
  }, 60_000);
  afterAll(async () => {
    await kinde?.stop();
    project.remove();
  });

  const control = () => connect({ url: kinde.url, token: kinde.token() });
  const signIn = async (url: string | URL) => {
    const { location } = await control().signIn({ url: String(url), person: 'ada@example.com' });
    return new URL(location);
  };
  /** On the same port: what an app was told once has to stay true. */
  const again = async (signal: NodeJS.Signals) => {
    const { port } = new URL(kinde.url);
    await kinde.stop(signal);
    kinde = await start(project.folder, ['--site', SITE, '--port', port]);
  };
  const memory = (): SessionManager => {
    const items = new Map<string, unknown>();
    return {
      getSessionItem: async (key) => items.get(key) ?? null,
      setSessionItem: async (key, value) => void items.set(key, value),
      removeSessionItem: async (key) => void items.delete(key),
      destroySession: async () => items.clear(),
    };
  };

  test('nobody notices, neither an app of ours nor one of Kinde’s TypeScript SDK', async () => {
    const ours = createKinde({ ...optionsFromEnv(kinde.env) });
    const login = await ours.login(new Request(`${SITE}/login`));
    const cookie = login.cookies.map((line) => line.split(';', 1)[0]).join('; ');
    const back = await ours.callback(
      new Request(await signIn(login.location), { headers: { cookie } }),
    );
    const session = back.cookies
      .map((line) => line.split(';', 1)[0]!)
      .filter((pair) => !pair.endsWith('='))
      .join('; ');

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

    await again('SIGTERM');
    const { auth } = await ours.authenticate(
      new Request(`${SITE}/`, { headers: { cookie: session } }),
    );
    expect(auth.isAuthenticated).toBe(true);
    await theirs.refreshTokens(manager);
    expect((await theirs.getUserProfile(manager)).email).toBe('ada@example.com');

    // Nor does anybody notice the worst end, once what happened was written.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await again('SIGKILL');
    await theirs.refreshTokens(manager);
    expect(await theirs.isAuthenticated(manager)).toBe(true);
  }, 120_000);

  test('three refreshes at once of Kinde’s TypeScript SDK succeed, and are remarked on', async () => {
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
    await Promise.all([1, 2, 3].map(() => theirs.refreshTokens(manager)));
    await theirs.refreshTokens(manager);
    const [flow] = await control().flows({ person: 'ada@example.com' });
    const remarks = flow!.findings.filter(({ level }) => level === 'remark');
    expect(remarks.map(({ says }) => says).join('\n')).toMatch(
      /at once|same refresh token|overlap/i,
    );
  }, 60_000);
});
