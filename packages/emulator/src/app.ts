import { Hono } from 'hono';
import { accountApi } from './account/account-api.js';
import { portal } from './account/portal.js';
import { createManagementApi } from './management/router.js';
import { bearerToken, verifyToken } from './oauth/access-token.js';
import { authorize } from './oauth/authorize.js';
import { profileV2 } from './oauth/claims.js';
import { oauthError } from './oauth/client-auth.js';
import { discovery } from './oauth/discovery.js';
import { chooseOrganization, isCrossSite, register, signIn } from './oauth/interaction.js';
import { logout } from './oauth/logout.js';
import { introspect, revoke } from './oauth/revoke.js';
import { token } from './oauth/token.js';
import { profileV1, userInfo } from './oauth/userinfo.js';
import { failurePage } from './pages/pages.js';
import type { State } from './state/state.js';

/** Every address of the local Kinde. */
export function createApp(state: State): Hono {
  const app = new Hono();
  app.get('/.well-known/openid-configuration', (c) => c.json(discovery(state.issuer)));
  for (const path of ['/.well-known/jwks', '/.well-known/jwks.json']) {
    app.get(path, (c) => {
      if (c.req.header('authorization')) {
        return c.json({ error: 'forbidden' }, 403);
      }
      return c.json({ keys: [state.key.jwk] });
    });
  }
  app.get('/oauth2/auth', (c) => authorize(c.req.raw, state));
  app.post('/oauth2/token', (c) => token(c.req.raw, state));
  app.post('/oauth2/revoke', (c) => revoke(c.req.raw, state));
  app.post('/oauth2/introspect', (c) => introspect(c.req.raw, state));
  app.get('/oauth2/v2/user_profile', (c) => userInfo(c.req.raw, state, profileV2));
  app.get('/oauth2/user_profile', (c) => userInfo(c.req.raw, state, profileV1));
  app.get('/account_api/v1/*', async (c) =>
    accountApi(c.req.raw, state, await verifyToken(bearerToken(c.req.raw), state)),
  );
  const managementApi = createManagementApi();
  app.all('/api/*', (c) => managementApi(c.req.raw, state));
  app.get('/portal_redirect', (c) => portal(c.req.raw, state));
  app.get('/logout', (c) => logout(c.req.raw, state));
  app.use('/emulator/*', async (c, next) => {
    if (isCrossSite(c.req.raw, state)) {
      return c.text('This form can only be sent from the emulator itself.', 403);
    }
    return next();
  });
  app.on(['GET', 'POST'], '/emulator/sign-in', (c) => signIn(c.req.raw, state));
  app.on(['GET', 'POST'], '/emulator/register', (c) => register(c.req.raw, state));
  app.post('/emulator/organization', (c) => chooseOrganization(c.req.raw, state));
  app.notFound((c) => {
    const why = 'This address is not one that the local Kinde emulates.';
    const api = /^\/(api|account_api|oauth2)\//.test(c.req.path);
    if (api) {
      return c.json({ errors: [{ code: 'NOT_EMULATED', message: why }] }, 404);
    }
    return failurePage('There is nothing here', why, {}, { status: 404 });
  });
  app.onError((error) => oauthError('server_error', error.message, 500));
  return app;
}
