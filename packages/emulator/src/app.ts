// Every address of the local Kinde, and nothing else.
import { Hono, type Context, type Next } from 'hono';
import { accountApi } from './account/account-api.js';
import { portal } from './account/portal.js';
import { createManagementApi } from './management/router.js';
import { allowCallback } from './oauth/allow.js';
import { authorize } from './oauth/authorize.js';
import { oauthError } from './oauth/client-auth.js';
import { corsHeaders, preflight } from './oauth/cors.js';
import { discovery, keys } from './oauth/discovery.js';
import { chooseOrganization, isCrossSite, register, signIn } from './oauth/interaction.js';
import { logout } from './oauth/logout.js';
import { introspect, revoke } from './oauth/revoke.js';
import { token } from './oauth/token.js';
import { profileV1, profileV2 } from './oauth/userinfo.js';
import { failurePage } from './pages/pages.js';
import type { State } from './state/state.js';

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
  app.use(keepNoErrors);
  addProtocol(app, state);
  addForms(app, state);
  app.all('/api/*', answers(state, createManagementApi()));
  app.notFound(nothingHere);
  app.onError((error) => oauthError('server_error', error.message, 500));
  return app;
}

type Answer = (request: Request, state: State) => Response | Promise<Response>;

/** A handler of the router. */
function answers(state: State, answer: Answer): (c: Context) => Response | Promise<Response> {
  return (c) => answer(c.req.raw, state);
}

/** What apps and their SDKs call. */
function addProtocol(app: Hono, state: State): void {
  const to = (answer: Answer) => answers(state, answer);
  for (const path of FOR_BROWSERS) {
    app.options(path, to(preflight));
    app.use(path, async (c, next) => {
      await next();
      for (const [name, value] of Object.entries(corsHeaders(c.req.raw, state))) {
        c.res.headers.set(name, value);
      }
    });
  }
  app.get('/.well-known/openid-configuration', to(discovery));
  app.get('/.well-known/jwks', to(keys));
  app.get('/.well-known/jwks.json', to(keys));
  app.get('/oauth2/auth', to(authorize));
  app.post('/oauth2/token', to(token));
  app.post('/oauth2/revoke', to(revoke));
  app.post('/oauth2/introspect', to(introspect));
  app.get('/oauth2/v2/user_profile', to(profileV2));
  app.post('/oauth2/v2/user_profile', to(profileV2));
  app.get('/oauth2/user_profile', to(profileV1));
  app.get('/account_api/v1/*', to(accountApi));
  app.get('/portal_redirect', to(portal));
  app.get('/logout', to(logout));
}

/** The forms of the pages, which can only be sent from here. */
function addForms(app: Hono, state: State): void {
  const to = (answer: Answer) => answers(state, answer);
  app.use('/emulator/*', async (c, next) => {
    if (isCrossSite(c.req.raw, state)) {
      return c.text('This form can only be sent from the emulator itself.', 403);
    }
    return next();
  });
  app.get('/emulator/sign-in', to(signIn));
  app.post('/emulator/sign-in', to(signIn));
  app.get('/emulator/register', to(register));
  app.post('/emulator/register', to(register));
  app.post('/emulator/organization', to(chooseOrganization));
  app.post('/emulator/allow', to(allowCallback));
}

/** An error is true for this moment only. */
async function keepNoErrors(c: Context, next: Next): Promise<void> {
  await next();
  if (c.res.status >= 400) {
    c.res.headers.set('cache-control', 'no-store');
  }
}

function nothingHere(c: Context): Response {
  const why = 'This address is not one that the local Kinde emulates.';
  if (/^\/(api|account_api|oauth2)\//.test(c.req.path)) {
    return c.json({ errors: [{ code: 'NOT_EMULATED', message: why }] }, 404);
  }
  return failurePage('There is nothing here', why, {}, { status: 404 });
}
