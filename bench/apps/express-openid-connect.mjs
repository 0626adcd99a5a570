import openid from 'express-openid-connect';
import { CLIENT } from '../lib/issuer.mjs';
import { claimsOf, express, SECRET } from './kit.mjs';

export const login = '/login';

export const create = ({ issuer, site }) =>
  express((app) => {
    app.use(
      openid.auth({
        issuerBaseURL: issuer,
        baseURL: site,
        clientID: CLIENT.id,
        clientSecret: CLIENT.secret,
        secret: SECRET,
        authRequired: false,
        idpLogout: false,
        authorizationParams: { response_type: 'code', scope: 'openid profile email offline' },
      }),
    );
    app.get('/me', async (req, res) => {
      if (!req.oidc.isAuthenticated()) {
        return void res.status(401).json({});
      }
      let token = req.oidc.accessToken;
      if (token.isExpired()) {
        token = await token.refresh();
      }
      const { sub, email } = req.oidc.user;
      res.json({ sub, email, permissions: claimsOf(token.access_token).permissions });
    });
  });
