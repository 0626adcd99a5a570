import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { frameworks, SECRET, SITE } from '../kit/apps.js';
import { keep } from '../kit/browser.js';
import { NAVIGATION, SAME_SITE, send } from '../kit/http.js';

const API = 'https://api.app.example';
const CLIENT = {
  client_id: 'kindling',
  client_secret: 'a-secret-for-the-test-of-thirty-two-chars',
  redirect_uris: [`${SITE}/callback`],
  post_logout_redirect_uris: [SITE],
  grant_types: ['authorization_code', 'refresh_token'],
  token_endpoint_auth_method: 'client_secret_post' as const,
};

/** A certified OpenID provider that is not ours, as a judge of the SDK. */
describe('at oidc-provider', () => {
  let server: Server;
  let issuer: string;
  beforeAll(async () => {
    for (const method of ['warn', 'info'] as const) {
      vi.spyOn(console, method).mockImplementation(() => {});
    }
    const placeholder = new Provider('http://localhost');
    server = placeholder.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    issuer = `http://localhost:${(server.address() as AddressInfo).port}`;
    const provider = new Provider(issuer, {
      clients: [CLIENT],
      findAccount: (_context, sub) => ({
        accountId: sub,
        claims: () => ({
          sub,
          email: `${sub}@example.com`,
          email_verified: true,
          given_name: 'Ada',
        }),
      }),
      claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['given_name'] },
      conformIdTokenClaims: false,
      issueRefreshToken: async () => true,
      rotateRefreshToken: true,
      features: {
        devInteractions: { enabled: true },
        revocation: { enabled: true },
        resourceIndicators: {
          enabled: true,
          defaultResource: () => API,
          useGrantedResource: () => true,
          getResourceServerInfo: () => ({
            scope: 'openid email profile',
            audience: API,
            accessTokenFormat: 'jwt',
            accessTokenTTL: 3600,
          }),
        },
      },
    });
    server.removeAllListeners('request');
    server.on('request', provider.callback());
    vi.restoreAllMocks();
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  afterEach(() => vi.useRealTimers());

  /** Signs in at the provider's own pages, as a browser would. */
  const signInThere = async (location: string): Promise<string> => {
    const jar = new Map<string, string>();
    let url = location;
    for (let step = 0; step < 12; step++) {
      if (url.startsWith(SITE)) {
        return url.slice(SITE.length);
      }
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
      let answer = await fetch(url, { redirect: 'manual', headers: { cookie } });
      keep(jar, answer.headers.getSetCookie());
      if (answer.status === 200) {
        const page = await answer.text();
        const prompt = /name="prompt" value="(\w+)"/.exec(page)![1]!;
        const action = new URL(/action="([^"]+)"/.exec(page)![1]!, url).href;
        const body = new URLSearchParams({
          prompt,
          ...(prompt === 'login' && { login: 'ada', password: 'x' }),
        });
        answer = await fetch(action, {
          method: 'POST',
          body,
          redirect: 'manual',
          headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
        });
        keep(jar, answer.headers.getSetCookie());
      }
      url = new URL(answer.headers.get('location')!, url).href;
    }
    throw new Error('the provider never came back');
  };

  test.each(Object.keys(frameworks))(
    'a person signs in, stays in by renewal, calls an API and signs out, on %s',
    async (framework) => {
      let accessToken = '';
      const watched: typeof fetch = async (...request) => {
        const response = await fetch(...request);
        const body = (await response
          .clone()
          .json()
          .catch(() => ({}))) as { access_token?: string };
        accessToken = body.access_token ?? accessToken;
        return response;
      };
      const client = { clientId: CLIENT.client_id, clientSecret: CLIENT.client_secret };
      const app = await frameworks[framework]!({
        issuer,
        ...client,
        siteUrl: SITE,
        secret: SECRET,
        audience: API,
        fetch: watched,
      });
      const jar = new Map<string, string>();
      const open = async (path: string, headers = {}) => {
        const answer = await send(app, path, {
          headers: {
            ...NAVIGATION,
            cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
            ...headers,
          },
        });
        keep(jar, answer.setCookies);
        return answer;
      };
      const { location } = await open('/login?return_to=/me');
      const done = await open(await signInThere(location));
      expect([done.status, done.location]).toEqual([302, `${SITE}/me`]);
      expect((await open('/me')).json()).toMatchObject({
        isAuthenticated: true,
        email: 'ada@example.com',
      });

      vi.useFakeTimers({ now: Date.now() + 3601_000, toFake: ['Date'] });
      const before = jar.get([...jar.keys()][0]!);
      expect((await open('/me')).json()).toMatchObject({
        isAuthenticated: true,
        email: 'ada@example.com',
      });
      expect(jar.get([...jar.keys()][0]!)).not.toBe(before);
      const api = await send(app, '/person', {
        headers: { authorization: `Bearer ${accessToken}`, accept: 'application/json' },
      });
      expect([api.status, api.json()]).toEqual([200, { sub: 'ada' }]);
      expect(
        (
          await send(app, '/person', {
            headers: { authorization: `Bearer ${accessToken}x`, accept: 'application/json' },
          })
        ).status,
      ).toBe(401);
      const out = await open('/logout', SAME_SITE);
      expect([out.status, new URL(out.location).origin, jar.size]).toEqual([302, issuer, 0]);
      app.closeAllConnections();
      app.close();
    },
  );
});
