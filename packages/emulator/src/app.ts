// Every address of the local Kinde, and nothing else.
import { Hono, type Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { accountApi } from './account/account-api.js';
import { portal } from './account/portal.js';
import { createManagementApi } from './management/router.js';
import { bearerToken, verifyToken } from './oauth/access-token.js';
import { allowCallback } from './oauth/allow.js';
import { authorize } from './oauth/authorize.js';
import { profileV2 } from './oauth/claims.js';
import { oauthError } from './oauth/client-auth.js';
import { corsHeaders, preflight } from './oauth/cors.js';
import { discovery } from './oauth/discovery.js';
import { chooseOrganization, isCrossSite, register, signIn } from './oauth/interaction.js';
import { logout } from './oauth/logout.js';
import { introspect, revoke } from './oauth/revoke.js';
import { token } from './oauth/token.js';
import { profileV1, userInfo } from './oauth/userinfo.js';
import { failurePage } from './pages/pages.js';
import { publishedKeys } from './state/keys.js';
import type { State } from './state/state.js';

/** Bytes that the body of a request may have. */
const LARGEST_BODY = 1_000_000;

/** Addresses that apps in a browser call from their own origin. Nothing else can be read there. */
const FOR_BROWSERS = [
  '/.well-known/openid-configuration',
  '/.well-known/jwks',
  '/.well-known/jwks.json',
  '/oauth2/token',
  '/oauth2/revoke',
  '/oauth2/user_profile',
  '/oauth2/v2/user_profile',
  '/account_api/v1/*',
];

/** Every address of the local Kinde. */
export function createApp(state: State): Hono {
  const app = new Hono();
  app.use(async (c, next) => {
    await next();
    if (c.res.status >= 400) {
      c.res.headers.set('cache-control', 'no-store');
    }
  });
  app.use(bodyLimit({ maxSize: LARGEST_BODY, onError: tooLarge }));
  addProtocol(app, state);
  addForms(app, state);
  const managementApi = createManagementApi();
  app.all('/api/*', (c) => managementApi(c.req.raw, state));
  app.notFound(nothingHere);
  app.onError((error) => oauthError('server_error', error.message, 500));
  return app;
}

/** What apps and their SDKs call. */
function addProtocol(app: Hono, state: State): void {
  for (const path of FOR_BROWSERS) {
    app.options(path, (c) => preflight(c.req.raw, state));
    app.use(path, async (c, next) => {
      await next();
      for (const [name, value] of Object.entries(corsHeaders(c.req.raw, state))) {
        c.res.headers.set(name, value);
      }
    });
  }
  app.get('/.well-known/openid-configuration', (c) => c.json(discovery(state.issuer)));
  app.on('GET', ['/.well-known/jwks', '/.well-known/jwks.json'], (c) => {
    if (c.req.header('authorization')) {
      return c.json({ error: 'forbidden' }, 403);
    }
    return c.json({ keys: publishedKeys(state) });
  });
  app.get('/oauth2/auth', (c) => authorize(c.req.raw, state));
  app.post('/oauth2/token', (c) => token(c.req.raw, state));
  app.post('/oauth2/revoke', (c) => revoke(c.req.raw, state));
  app.post('/oauth2/introspect', (c) => introspect(c.req.raw, state));
  app.on(['GET', 'POST'], '/oauth2/v2/user_profile', (c) => userInfo(c.req.raw, state, profileV2));
  app.get('/oauth2/user_profile', (c) => userInfo(c.req.raw, state, profileV1));
  app.get('/account_api/v1/*', async (c) =>
    accountApi(c.req.raw, state, await verifyToken(bearerToken(c.req.raw), state)),
  );
  app.get('/portal_redirect', (c) => portal(c.req.raw, state));
  app.get('/logout', (c) => logout(c.req.raw, state));
}

/** The forms of the pages, which can only be sent from here. */
function addForms(app: Hono, state: State): void {
  app.use('/emulator/*', async (c, next) => {
    if (isCrossSite(c.req.raw, state)) {
      return c.text('This form can only be sent from the emulator itself.', 403);
    }
    return next();
  });
  app.on(['GET', 'POST'], '/emulator/sign-in', (c) => signIn(c.req.raw, state));
  app.on(['GET', 'POST'], '/emulator/register', (c) => register(c.req.raw, state));
  app.post('/emulator/organization', (c) => chooseOrganization(c.req.raw, state));
  app.post('/emulator/allow', (c) => allowCallback(c.req.raw, state));
}

function tooLarge(c: Context): Response {
  return c.text(`The body of a request may have ${LARGEST_BODY} bytes.`, 413);
}

function nothingHere(c: Context): Response {
  const why = 'This address is not one that the local Kinde emulates.';
  if (/^\/(api|account_api|oauth2)\//.test(c.req.path)) {
    return c.json({ errors: [{ code: 'NOT_EMULATED', message: why }] }, 404);
  }
  return failurePage('There is nothing here', why, {}, { status: 404 });
}
