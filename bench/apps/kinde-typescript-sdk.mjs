import { createKindeServerClient, GrantType } from '@kinde-oss/kinde-typescript-sdk';
import session from 'express-session';
import { CLIENT } from '../lib/issuer.mjs';
import { express, SECRET } from './kit.mjs';

export const login = '/login';

export const create = ({ issuer, site }) =>
  express((app) => {
    const client = createKindeServerClient(GrantType.AUTHORIZATION_CODE, {
      authDomain: issuer,
      clientId: CLIENT.id,
      clientSecret: CLIENT.secret,
      redirectURL: `${site}/callback`,
      logoutRedirectURL: site,
      scope: 'openid profile email offline',
    });
    const itemsOf = (req) => ({
      getSessionItem: async (key) => req.session[key],
      setSessionItem: async (key, value) => void (req.session[key] = value),
      removeSessionItem: async (key) => void delete req.session[key],
      destroySession: async () => req.session.destroy(),
    });
    app.use(session({ secret: SECRET, resave: false, saveUninitialized: false }));
    app.get('/login', async (req, res) => res.redirect((await client.login(itemsOf(req))).href));
    app.get('/callback', async (req, res) => {
      await client.handleRedirectToApp(itemsOf(req), new URL(req.originalUrl, site));
      res.redirect('/');
    });
    app.get('/me', async (req, res) => {
      const items = itemsOf(req);
      if (!(await client.isAuthenticated(items))) {
        return void res.status(401).json({});
      }
      const { id, email } = await client.getUser(items);
      const { permissions } = await client.getPermissions(items);
      res.json({ sub: id, email, permissions });
    });
  });
