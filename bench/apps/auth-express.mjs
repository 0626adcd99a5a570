import { ExpressAuth, getSession } from '@auth/express';
import { CLIENT } from '../lib/issuer.mjs';
import { claimsOf, express, SECRET } from './kit.mjs';

export const login = async (open) => {
  const { csrfToken } = JSON.parse((await open('/auth/csrf')).text);
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const body = new URLSearchParams({ csrfToken, callbackUrl: '/' }).toString();
  return open('/auth/signin/kinde', { method: 'POST', headers, body });
};

export const create = ({ issuer, site }) =>
  express((app) => {
    const provider = {
      id: 'kinde',
      name: 'Kinde',
      type: 'oidc',
      issuer,
      clientId: CLIENT.id,
      clientSecret: CLIENT.secret,
      client: { token_endpoint_auth_method: 'client_secret_post' },
      authorization: { params: { scope: 'openid profile email offline' } },
    };
    const config = {
      providers: [provider],
      secret: SECRET,
      trustHost: true,
      redirectProxyUrl: undefined,
      logger: { error: () => {}, warn: () => {}, debug: () => {} },
      callbacks: {
        jwt: ({ token, account }) =>
          account ? { ...token, ...pick(account), id: account.providerAccountId } : token,
        session: ({ session, token }) => ({
          ...session,
          user: {
            sub: token.id,
            email: token.email,
            permissions: claimsOf(token.access_token).permissions,
          },
        }),
      },
    };
    const pick = ({ access_token, refresh_token, expires_at }) => ({
      access_token,
      refresh_token,
      expires_at,
    });
    // Requests come to another port than the site's, and Auth.js builds its addresses from the host.
    app.use((req, _res, next) => {
      req.headers.host = new URL(site).host;
      next();
    });
    // Its routing reads `params[0]`, which Express 5 fills for regular expressions only.
    app.use(/^\/auth\/(.*)/, (req, res, next) => {
      req.params[0] ??= req.baseUrl.slice('/auth/'.length);
      return ExpressAuth(config)(req, res, next);
    });
    app.get('/me', async (req, res) => {
      const session = await getSession(req, config);
      res.status(session?.user ? 200 : 401).json(session?.user ?? {});
    });
  });
