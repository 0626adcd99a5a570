import { handleAuthRoutes, withLogto } from '@logto/express';
import session from 'express-session';
import { CLIENT } from '../lib/issuer.mjs';
import { claimsOf, express, SECRET } from './kit.mjs';

export const login = '/logto/sign-in';

export const create = ({ issuer, site }) =>
  express((app) => {
    const config = {
      endpoint: issuer,
      appId: CLIENT.id,
      appSecret: CLIENT.secret,
      baseUrl: site,
      getAccessToken: true,
    };
    app.use(session({ secret: SECRET, resave: false, saveUninitialized: false }));
    app.use(handleAuthRoutes(config));
    app.get('/me', withLogto(config), (req, res) => {
      if (!req.user.isAuthenticated) {
        return void res.status(401).json({});
      }
      const { sub, email } = req.user.claims;
      res.json({ sub, email, permissions: claimsOf(req.user.accessToken).permissions });
    });
  });
