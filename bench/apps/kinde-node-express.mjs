import { CLIENT } from '../lib/issuer.mjs';
import { claimsOf, express, SECRET } from './kit.mjs';

export const login = '/login';

export const create = async ({ issuer, site }) => {
  // Decided while it loads: in production its cookie is for https only.
  process.env.NODE_ENV = 'development';
  const { GrantType, protectRoute, setupKinde } = await import('@kinde-oss/kinde-node-express');
  return express((app) => {
    setupKinde(
      {
        grantType: GrantType.AUTHORIZATION_CODE,
        clientId: CLIENT.id,
        secret: CLIENT.secret,
        issuerBaseUrl: issuer,
        siteUrl: site,
        redirectUrl: `${site}/kinde_callback`,
        postLogoutRedirectUrl: site,
        unAuthorisedUrl: `${site}/unauthorised`,
        scope: 'openid profile email offline',
        sessionSecret: SECRET,
      },
      app,
    );
    app.get('/unauthorised', (_req, res) => res.status(401).json({}));
    // Its `getUser` would ask Kinde on every request; what is asked for is in the session.
    app.get('/me', protectRoute, async (req, res) => {
      const { sub, email } = claimsOf(await req.getSessionItem('id_token'));
      res.json({
        sub,
        email,
        permissions: claimsOf(await req.getSessionItem('access_token')).permissions,
      });
    });
  });
};
