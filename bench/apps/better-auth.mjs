import { betterAuth } from 'better-auth';
import { memoryAdapter } from 'better-auth/adapters/memory';
import { fromNodeHeaders, toNodeHandler } from 'better-auth/node';
import { genericOAuth } from 'better-auth/plugins';
import { CLIENT } from '../lib/issuer.mjs';
import { claimsOf, express, SECRET } from './kit.mjs';

export const login = async (open) => {
  const headers = { 'content-type': 'application/json', origin: 'http://localhost:3999' };
  const body = JSON.stringify({ provider: 'kinde', callbackURL: '/' });
  const answer = await open('/api/auth/sign-in/social', { method: 'POST', headers, body });
  return open(JSON.parse(answer.text).url);
};

export const create = ({ issuer, site }) =>
  express((app) => {
    const auth = betterAuth({
      baseURL: site,
      secret: SECRET,
      telemetry: { enabled: false },
      logger: { disabled: true },
      rateLimit: { enabled: false },
      database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
      session: { cookieCache: { enabled: true, maxAge: 300 } },
      user: { additionalFields: { sub: { type: 'string' }, permissions: { type: 'string[]' } } },
      plugins: [
        genericOAuth({
          config: [
            {
              providerId: 'kinde',
              discoveryUrl: `${issuer}/.well-known/openid-configuration`,
              clientId: CLIENT.id,
              clientSecret: CLIENT.secret,
              scopes: ['openid', 'profile', 'email', 'offline'],
              pkce: true,
              getUserInfo: async ({ idToken, accessToken }) => {
                const { sub, email, name } = claimsOf(idToken);
                const { permissions } = claimsOf(accessToken);
                return { id: sub, sub, email, name, permissions, emailVerified: true };
              },
              mapProfileToUser: ({ sub, permissions }) => ({ sub, permissions }),
            },
          ],
        }),
      ],
    });
    app.all('/api/auth/{*path}', toNodeHandler(auth));
    app.get('/me', async (req, res) => {
      const session = await auth.api.getSession({ headers: fromNodeHeaders(req.headers) });
      if (!session) {
        return void res.status(401).json({});
      }
      const { sub, email, permissions } = session.user;
      res.json({ sub, email, permissions });
    });
  });
