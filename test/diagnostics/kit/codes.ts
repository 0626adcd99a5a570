import { decodeJwt } from 'jose';
import type { EventName, KindeErrorCode, KindeOptions, Logger } from '@kindling/core';
import type { Emulator } from '@kindling/emulator';
import type { Answer, Ask } from '../../kit/http.js';
import { DAY, DISCOVERY, hang, JWKS, later, TOKEN } from '../../kit/provider.js';
import type { createFragileStore } from '../../kit/shop.js';
import { withBackchannel, type Site } from './site.js';
import type { Visitor } from './visitor.js';

/** A site, somebody who visits it, and its Kinde. */
export interface World {
  readonly site: Site;
  readonly emulator: Emulator;
  readonly visitor: Visitor;
  /** The store of `options`. */
  readonly store: FragileStore;
}

type FragileStore = ReturnType<typeof createFragileStore>;

/** How an error is provoked, and what is told of it. */
export interface Case {
  readonly code: KindeErrorCode;
  /** What the error comes from, where one code has several rows. */
  readonly of?: string;
  readonly options?: (store: FragileStore) => Partial<KindeOptions>;
  /** In production, visitors are not shown the link. */
  readonly production?: true;
  /** The request that fails. */
  readonly provoke: (world: World) => Promise<Answer>;
  /** The events with this code that are no part of another one; none where the app is given a warning only. */
  readonly events: readonly EventName[];
  /** The level of the log line; none for errors that are thrown to the app. */
  readonly level?: keyof Logger;
  /** The code in the log line, where an earlier error is the cause. @default code */
  readonly logged?: KindeErrorCode;
  /** Who shows the error: a page or problem document of ours, the app, which caught it, or nobody. @default 'kinde' */
  readonly shownBy?: 'kinde' | 'app' | 'nobody';
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const post = (body: string, headers: Record<string, string> = {}): Ask => ({
  method: 'POST',
  body,
  headers: { ...FORM, ...headers },
});

/** Opens a callback whose query is changed first. */
const callbackWith =
  (change: (query: URLSearchParams) => void) =>
  async ({ visitor }: World) => {
    const url = await visitor.callback();
    change(url.searchParams);
    return visitor.ask(url.pathname + url.search);
  };

/** Opens a callback while the token endpoint answers something else. */
const callbackWhile =
  (fault: Parameters<Emulator['faults']['once']>[1]) => async (world: World) => {
    const { pathname, search } = await world.visitor.callback();
    world.emulator.faults.always(TOKEN, fault);
    return world.visitor.ask(pathname + search);
  };

/** Opens a callback while Kinde issues tokens with claims of somebody else. */
const callbackWithClaims = (change: Record<string, Record<string, unknown>>) => (world: World) =>
  callbackWhile(async (_request, next) => {
    const tokens = (await (await next()).json()) as Record<string, string>;
    for (const [name, claims] of Object.entries(change)) {
      const { at_hash: _, ...own } = decodeJwt(tokens[name]!);
      tokens[name] = await world.emulator.sign({ ...own, ...claims });
    }
    return Response.json(tokens);
  })(world);

const oauthError = (error: string, status: number) => () =>
  Response.json({ error, error_description: 'Sent by somebody <b>' }, { status });

const away = () => Promise.reject(new Error('connect ECONNREFUSED 127.0.0.1:6379'));

const refused = (): never => {
  throw new TypeError('fetch failed', {
    cause: Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }),
  });
};

/** A row for every code, in the order of the codes. */
export const CASES: readonly Case[] = [
  {
    code: 'config_invalid',
    of: 'a method that needs a store with groups',
    provoke: ({ visitor }) => visitor.ask('/revoke'),
    events: ['revocation'],
    shownBy: 'app',
  },
  {
    code: 'param_duplicate',
    provoke: callbackWith((query) => query.append('state', 'x')),
    events: ['callback'],
    level: 'info',
  },
  {
    code: 'param_too_large',
    provoke: callbackWith((query) => query.set('scope', 'x'.repeat(4097))),
    events: ['callback'],
    level: 'info',
  },
  {
    code: 'param_invalid',
    provoke: ({ visitor }) => visitor.ask('/login?org_code=<script>'),
    events: ['login'],
    level: 'info',
  },
  {
    code: 'method_not_allowed',
    provoke: ({ visitor }) => visitor.ask('/login', { method: 'DELETE' }),
    events: ['login'],
    level: 'info',
  },
  {
    code: 'cross_site',
    of: 'a sign-out',
    provoke: ({ visitor }) => visitor.ask('/logout', post('', { 'sec-fetch-site': 'cross-site' })),
    events: ['logout'],
    level: 'info',
  },
  {
    code: 'cross_site',
    of: 'a guarded form',
    async provoke({ visitor }) {
      await visitor.signIn();
      return visitor.ask('/private', post('', { 'sec-fetch-site': 'cross-site' }));
    },
    events: ['guard'],
    level: 'info',
  },
  {
    code: 'navigation_required',
    provoke: ({ visitor }) =>
      visitor.ask('/login', {
        headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'iframe' },
      }),
    events: ['login'],
    level: 'info',
  },
  {
    code: 'cannot_set_cookies',
    async provoke({ visitor }) {
      await visitor.signIn();
      return visitor.ask('/late');
    },
    events: ['refresh'],
    shownBy: 'app',
  },
  {
    code: 'state_missing',
    provoke: callbackWith((query) => query.delete('state')),
    events: ['callback'],
    level: 'info',
  },
  {
    code: 'state_mismatch',
    provoke: callbackWith((query) => query.set('state', 'x'.repeat(43))),
    events: ['callback'],
    level: 'info',
  },
  {
    code: 'code_missing',
    provoke: callbackWith((query) => query.delete('code')),
    events: ['callback'],
    level: 'info',
  },
  {
    code: 'transaction_missing',
    async provoke({ visitor }) {
      const { pathname, search } = await visitor.callback();
      return visitor.askAs(undefined, pathname + search);
    },
    events: ['callback'],
    level: 'info',
  },
  {
    code: 'transaction_expired',
    async provoke({ visitor }) {
      const { pathname, search } = await visitor.callback();
      later(700);
      return visitor.ask(pathname + search);
    },
    events: ['callback'],
    level: 'info',
  },
  {
    code: 'transaction_consumed',
    async provoke({ visitor }) {
      const { pathname, search } = await visitor.callback();
      const cookie = visitor.cookies();
      await visitor.ask(pathname + search);
      return visitor.askAs(cookie, pathname + search);
    },
    events: ['callback'],
    level: 'info',
  },
  {
    code: 'iss_mismatch',
    provoke: callbackWith((query) => query.set('iss', 'https://evil.example')),
    events: ['callback'],
    level: 'info',
  },
  {
    code: 'iss_missing',
    provoke(world) {
      world.emulator.faults.always(DISCOVERY, async (_request, next) => {
        const document = (await (await next()).json()) as object;
        return Response.json({ ...document, authorization_response_iss_parameter_supported: true });
      });
      return callbackWith(() => {})(world);
    },
    events: ['callback'],
    level: 'info',
  },
  {
    code: 'response_unexpected',
    provoke: callbackWith((query) => query.set('id_token', 'x.y.z')),
    events: ['callback'],
    level: 'info',
  },
  {
    code: 'login_refused',
    provoke: callbackWith((query) => {
      query.delete('code');
      query.set('error', 'access_denied');
      query.set('error_description', 'Sent by somebody <b>');
    }),
    events: ['callback'],
    level: 'info',
  },
  {
    code: 'grant_refused',
    provoke: callbackWhile(oauthError('invalid_grant', 400)),
    events: ['callback'],
    level: 'info',
  },
  {
    code: 'client_rejected',
    provoke: callbackWhile(oauthError('invalid_client', 401)),
    events: ['callback'],
    level: 'error',
  },
  {
    code: 'kinde_unreachable',
    provoke: callbackWhile(refused),
    events: ['callback'],
    level: 'warn',
  },
  {
    code: 'kinde_timeout',
    provoke: callbackWhile(hang),
    events: ['callback'],
    level: 'warn',
  },
  {
    code: 'kinde_unavailable',
    of: 'a session whose tokens cannot be refreshed',
    options: () => ({ session: { idle: 2 * DAY } }),
    async provoke({ visitor, emulator }) {
      await visitor.signIn();
      later(DAY + 60);
      emulator.faults.always(TOKEN, refused);
      return visitor.ask('/private');
    },
    events: ['guard'],
    level: 'warn',
    logged: 'kinde_unreachable',
  },
  {
    code: 'kinde_unavailable',
    of: 'a logout token whose key is not published',
    options: withBackchannel,
    async provoke({ visitor, emulator }) {
      const token = await emulator.sign({}, { header: { typ: 'logout+jwt', kid: 'new' } });
      return visitor.ask('/backchannel-logout', post(`logout_token=${token}`));
    },
    events: ['revocation'],
    level: 'warn',
  },
  {
    code: 'kinde_busy',
    provoke: callbackWhile(() => new Response('', { status: 429 })),
    events: ['callback'],
    level: 'warn',
  },
  {
    code: 'response_invalid',
    provoke: callbackWhile(() => new Response('<h1>', { status: 500 })),
    events: ['callback'],
    level: 'error',
  },
  {
    code: 'discovery_invalid',
    provoke({ visitor, emulator }) {
      emulator.faults.always(DISCOVERY, () => new Response('', { status: 404 }));
      return visitor.ask('/login');
    },
    events: ['login'],
    level: 'error',
  },
  {
    code: 'keys_unavailable',
    async provoke({ visitor, emulator }) {
      const { pathname, search } = await visitor.callback();
      emulator.faults.always(JWKS, () => new Response('', { status: 500 }));
      return visitor.ask(pathname + search);
    },
    events: ['callback'],
    level: 'warn',
  },
  {
    code: 'id_token_invalid',
    provoke: callbackWithClaims({ id_token: { aud: ['other'] } }),
    events: ['callback'],
    level: 'error',
  },
  {
    code: 'access_token_invalid',
    provoke: callbackWithClaims({ id_token: {}, access_token: { sub: 'kp_other' } }),
    events: ['callback'],
    level: 'error',
  },
  {
    code: 'logout_token_invalid',
    options: withBackchannel,
    provoke: ({ visitor }) =>
      visitor.ask('/backchannel-logout', post('logout_token=eyJhbGciOiJub25lIn0.e30.')),
    events: ['revocation'],
    level: 'info',
  },
  {
    code: 'body_too_large',
    options: withBackchannel,
    provoke: ({ visitor }) =>
      visitor.ask('/backchannel-logout', post(`logout_token=${'x'.repeat(40_000)}`)),
    events: ['revocation'],
    level: 'info',
  },
  {
    code: 'profile_invalid',
    async provoke({ visitor, emulator }) {
      await visitor.signIn();
      emulator.faults.always('/oauth2/v2/user_profile', () => Response.json({ sub: 'kp_other' }));
      return visitor.ask('/profile');
    },
    events: ['user'],
    shownBy: 'app',
  },
  {
    code: 'account_unavailable',
    async provoke({ visitor, emulator }) {
      await visitor.signIn();
      emulator.faults.always('/account_api/v1/permissions', refused);
      return visitor.ask('/live');
    },
    events: ['guard'],
    level: 'warn',
  },
  {
    code: 'session_too_large',
    options: () => ({ session: { cookieBytes: 1500 } }),
    async provoke({ visitor }) {
      // The address counts with the cookies: proxies limit the whole head.
      const { pathname, search } = await visitor.callback(`/login?return_to=/${'x'.repeat(900)}`);
      return visitor.ask(pathname + search);
    },
    events: ['callback'],
    level: 'error',
  },
  {
    code: 'store_unavailable',
    of: 'a sign-in',
    options: ({ store }) => ({ session: { store } }),
    async provoke({ visitor, store }) {
      const { pathname, search } = await visitor.callback();
      store.faults.around = (work, method) => (method === 'set' ? away() : work());
      return visitor.ask(pathname + search);
    },
    events: ['callback'],
    level: 'error',
  },
  {
    code: 'store_unavailable',
    of: 'a session that cannot be read',
    options: ({ store }) => ({ session: { store } }),
    async provoke({ visitor, store }) {
      await visitor.signIn();
      store.faults.around = away;
      return visitor.ask('/private');
    },
    // Two things failed: the caller is not known, and so the guard cannot decide.
    events: ['authenticate', 'guard'],
    level: 'error',
  },
  {
    code: 'session_foreign',
    async provoke({ visitor }) {
      await visitor.signIn();
      const [name, value] = [...visitor.browser.jar][0]!;
      const bytes = Buffer.from(value, 'base64url');
      bytes[0] = 2;
      return visitor.askAs(`${name}=${bytes.toString('base64url')}`, '/me');
    },
    events: [],
    level: 'warn',
    shownBy: 'nobody',
  },
  {
    code: 'hook_failed',
    options: () => ({
      onSignIn() {
        throw new Error('the table users is missing');
      },
    }),
    provoke: callbackWith(() => {}),
    events: ['callback'],
    level: 'error',
  },
  {
    code: 'signed_out',
    provoke: ({ visitor }) => visitor.ask('/private', post('')),
    events: ['guard'],
    level: 'debug',
  },
  {
    code: 'forbidden',
    async provoke({ visitor }) {
      await visitor.signIn();
      return visitor.ask('/admin');
    },
    events: ['guard'],
    level: 'info',
  },
  {
    code: 'emulator_in_production',
    production: true,
    provoke: ({ visitor }) => visitor.ask('/login'),
    events: ['login'],
    level: 'error',
  },
];
