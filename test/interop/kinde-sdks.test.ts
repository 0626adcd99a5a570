import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRequire } from 'node:module';
import {
  exchangeAuthCode,
  generateAuthUrl,
  getFlag,
  getPermission,
  getUserProfile,
  MemoryStorage,
  refreshToken,
  setActiveStorage,
  StorageKeys,
} from '@kinde/js-utils';
import {
  createKindeServerClient,
  GrantType,
  type SessionManager,
} from '@kinde-oss/kinde-typescript-sdk';
import { createEmulator, type Emulator } from '@kindling/emulator';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keep } from '../kit/browser.js';

const ADA = 'ada@example.com';
const SITE = 'http://localhost:3999';
const PUBLIC = '0123456789abcdef0123456789abcdef';

/** Kinde's own SDKs, unchanged, as judges of the emulator. */
describe('Kinde’s own SDKs at the emulator', () => {
  let emulator: Emulator;
  let client: { clientId: string; clientSecret: string };
  beforeAll(async () => {
    emulator = await createEmulator({ strict: true, siteUrl: SITE });
    await emulator.listen({ port: 0 });
    emulator.state.applications.push({
      ...emulator.state.applications[0]!,
      name: 'Public',
      clientId: PUBLIC,
      type: 'spa',
    });
    delete emulator.state.applications.at(-1)!.clientSecret;
    client = {
      clientId: emulator.env['KINDE_CLIENT_ID']!,
      clientSecret: emulator.env['KINDE_CLIENT_SECRET']!,
    };
  });
  afterAll(() => emulator.close());

  const memory = (): SessionManager => {
    const items = new Map<string, unknown>();
    return {
      getSessionItem: async (key) => items.get(key) ?? null,
      setSessionItem: async (key, value) => void items.set(key, value),
      removeSessionItem: async (key) => void items.delete(key),
      destroySession: async () => items.clear(),
    };
  };
  const options = () => ({
    authDomain: emulator.issuer,
    redirectURL: `${SITE}/callback`,
    logoutRedirectURL: SITE,
    ...client,
  });

  test.each([GrantType.AUTHORIZATION_CODE, GrantType.PKCE])(
    '@kinde-oss/kinde-typescript-sdk signs in, reads permissions and flags, refreshes and signs out (%s)',
    async (grant) => {
      const kinde = createKindeServerClient(grant as GrantType.AUTHORIZATION_CODE, {
        ...options(),
        ...(grant === GrantType.PKCE && { clientId: PUBLIC }),
      });
      const session = memory();
      const url = await kinde.login(session, { org_code: 'org_acme0rockets' });
      const callback = await emulator.signIn(url, { email: ADA });
      await kinde.handleRedirectToApp(session, callback);
      expect(await kinde.isAuthenticated(session)).toBe(true);
      expect(await kinde.getUser(session)).toMatchObject({
        email: ADA,
        given_name: 'Ada',
        family_name: 'Lovelace',
      });
      expect(await kinde.getUserProfile(session)).toMatchObject({ email: ADA });
      expect(await kinde.getPermission(session, 'create:todos')).toEqual({
        orgCode: 'org_acme0rockets',
        isGranted: true,
      });
      expect(await kinde.getPermission(session, 'fly:rockets')).toMatchObject({ isGranted: false });
      expect(await kinde.getStringFlag(session, 'theme', 'plain')).toBe('ocean');
      expect(await kinde.getIntegerFlag(session, 'todo_limit', 0)).toBe(8);
      expect(await kinde.getBooleanFlag(session, 'beta_ui', false)).toBe(true);
      expect(await kinde.getOrganization(session)).toEqual({ orgCode: 'org_acme0rockets' });
      expect((await kinde.getUserOrganizations(session)).orgCodes).toEqual([
        'org_acme0rockets',
        'org_globex0gardens',
      ]);
      expect(await kinde.refreshTokens(session)).toMatchObject({
        access_token: expect.stringMatching(/^eyJ/),
      });
      const out = await fetch(await kinde.logout(session), { redirect: 'manual' });
      expect([out.status, out.headers.get('location')]).toEqual([302, SITE]);
    },
  );

  test('@kinde-oss/kinde-typescript-sdk gets a token for a machine', async () => {
    const machine = emulator.state.applications.find(({ type }) => type === 'm2m')!;
    const kinde = createKindeServerClient(GrantType.CLIENT_CREDENTIALS, {
      authDomain: emulator.issuer,
      logoutRedirectURL: SITE,
      clientId: machine.clientId,
      clientSecret: machine.clientSecret!,
      audience: 'https://api.todos.example',
    });
    expect(await kinde.getToken(memory())).toMatch(/^eyJ/);
  });

  test('@kinde/js-utils signs in with PKCE, reads claims and refreshes', async () => {
    const storage = new MemoryStorage();
    setActiveStorage(storage);
    const { url } = await generateAuthUrl(
      emulator.issuer,
      'login' as never,
      {
        clientId: client.clientId,
        redirectURL: `${SITE}/callback`,
        orgCode: 'org_globex0gardens',
      } as never,
    );
    const callback = await emulator.signIn(url, { email: ADA });
    const result = await exchangeAuthCode({
      urlParams: callback.searchParams,
      domain: emulator.issuer,
      ...client,
      redirectURL: `${SITE}/callback`,
    });
    expect(result).toMatchObject({ success: true });
    expect(await getUserProfile()).toMatchObject({ email: ADA, givenName: 'Ada' });
    expect(await getPermission('create:todos')).toMatchObject({
      isGranted: false,
      orgCode: 'org_globex0gardens',
    });
    expect(await getFlag('theme')).toBe('forest');
    const before = await storage.getSessionItem(StorageKeys.refreshToken);
    const renewed = await refreshToken({ domain: emulator.issuer, ...client } as never);
    expect([
      renewed.success,
      (await storage.getSessionItem(StorageKeys.refreshToken)) !== before,
    ]).toEqual([true, true]);
  });

  test('@kinde-oss/kinde-node-express runs its routes and guards', async () => {
    const require = createRequire(import.meta.url);
    const kindeExpress = require('@kinde-oss/kinde-node-express') as {
      setupKinde(config: object, app: unknown): unknown;
      protectRoute: unknown;
      getUser: unknown;
      GrantType: Record<string, string>;
    };
    const app = require('express')();
    const server: Server = createServer(app as never);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const site = `http://localhost:${(server.address() as AddressInfo).port}`;
    emulator.state.applications[0]!.redirectUris.push(`${site}/kinde_callback`);
    emulator.state.applications[0]!.logoutUris.push(site);
    kindeExpress.setupKinde(
      {
        clientId: client.clientId,
        secret: client.clientSecret,
        issuerBaseUrl: emulator.issuer,
        siteUrl: site,
        redirectUrl: `${site}/kinde_callback`,
        unAuthorisedUrl: `${site}/nobody`,
        postLogoutRedirectUrl: site,
        grantType: kindeExpress.GrantType['AUTHORIZATION_CODE'],
        scope: 'openid profile email offline',
      },
      app,
    );
    app.get(
      '/me',
      kindeExpress.protectRoute,
      kindeExpress.getUser,
      (req: { user?: object }, res: { json(body: unknown): void }) => res.json(req.user),
    );
    const jar = new Map<string, string>();
    const open = async (url: string) => {
      const response = await fetch(url, {
        redirect: 'manual',
        headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
      });
      keep(jar, response.headers.getSetCookie());
      return response;
    };
    const login = await open(`${site}/login`);
    const callback = await emulator.signIn(login.headers.get('location')!, {
      email: ADA,
      organization: 'org_acme0rockets',
    });
    expect((await open(callback.href)).status).toBe(302);
    const me = await open(`${site}/me`);
    expect([me.status, await me.json()]).toMatchObject([200, { email: ADA, given_name: 'Ada' }]);
    server.closeAllConnections();
    server.close();
  });
});
