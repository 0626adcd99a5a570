import { randomBytes } from 'node:crypto';
import { grantsOf } from '../../state/sign-ins.js';
import type { Application, State } from '../../state/state.js';
import { notFound, ok, refused, tokenPage, type Handlers } from '../envelope.js';
import { applicationById } from '../lookup.js';

/** Registered applications. What is changed here holds for the next sign-in and the next token. */
export const applications: Handlers<'applications'> = {
  list(input, state) {
    const all = state.applications.map(({ clientId: id, name, type }) => ({
      id,
      name,
      type,
    }));
    const page = tokenPage(all, input);
    if (page instanceof Response) {
      return page;
    }
    return ok({ applications: page.items, next_token: page.next_token });
  },
  get({ application_id: id }, state) {
    const application = applicationById(state, id);
    if (application) {
      return ok({ application: toResponse(application) });
    }
    return notFound('APPLICATION');
  },
  create({ name, type, org_code: orgCode }, state) {
    if (orgCode && !Object.hasOwn(state.organizations, orgCode)) {
      return notFound('ORGANIZATION');
    }
    const clientId = randomBytes(16).toString('hex');
    const clientSecret =
      type === 'reg' || type === 'm2m' ? randomBytes(24).toString('hex') : undefined;
    const own = { ...(clientSecret && { clientSecret }), ...(orgCode && { orgCode }) };
    state.applications.push({
      name,
      clientId,
      type,
      redirectUris: [],
      logoutUris: [],
      ...own,
    });
    return ok({
      application: {
        id: clientId,
        client_id: clientId,
        client_secret: clientSecret ?? '',
      },
    });
  },
  update(
    { application_id: id, name, redirect_uris: redirectUris, logout_uris: logoutUris, ...settings },
    state,
  ) {
    const application = applicationById(state, id);
    if (!application) {
      return notFound('APPLICATION');
    }
    Object.assign(
      application,
      name && { name },
      redirectUris && { redirectUris },
      logoutUris && { logoutUris },
    );
    const given = Object.entries(settings).filter(([, value]) => value !== undefined);
    application.settings = {
      ...application.settings,
      ...(Object.fromEntries(given) as Application['settings']),
    };
    return undefined;
  },
  remove({ application_id: id }, state) {
    if (!applicationById(state, id)) {
      return notFound('APPLICATION');
    }
    state.applications = state.applications.filter(({ clientId }) => clientId !== id);
    for (const grant of grantsOf(state, ({ clientId }) => clientId === id)) {
      grant.ended = true;
    }
    return ok({});
  },
  setTokens({ application_id: id, is_hasura_mapping_enabled: hasuraMapping, ...lifetimes }, state) {
    const application = applicationById(state, id);
    if (!application) {
      return notFound('APPLICATION');
    }
    const sent = Object.entries(lifetimes).filter(([, seconds]) => seconds !== undefined);
    const wrong = sent.filter(([, seconds]) => seconds! < 1).map(([field]) => field);
    if (wrong.length > 0) {
      return refused(
        400,
        wrong.map((field) => ({
          code: `${field.toUpperCase()}_INVALID`,
          message: `${field} must be positive`,
          field,
        })),
      );
    }
    const changes = Object.fromEntries(
      sent.map(([field, seconds]) => [LIFETIMES[field as Lifetime], seconds]),
    );
    application.tokens = {
      ...application.tokens,
      ...changes,
      ...(hasuraMapping !== undefined && { hasuraMapping }),
    };
    return ok({});
  },
};

const LIFETIMES = {
  access_token_lifetime: 'accessTokenLifetime',
  refresh_token_lifetime: 'refreshTokenLifetime',
  id_token_lifetime: 'idTokenLifetime',
  authenticated_session_lifetime: 'sessionLifetime',
} as const;

type Lifetime = keyof typeof LIFETIMES;

/** Settings of pages with their defaults; they are stored and returned, without effect. */
const SETTINGS = {
  login_uri: '',
  homepage_uri: '',
  has_cancel_button: false,
  is_access_control_enabled: false,
  is_allow_faceless_auth: false,
  is_ask_for_name: true,
  has_marketing_consent: false,
  has_sign_in_link_on_sign_up_page: true,
  has_register_link_on_sign_in_page: true,
  has_sign_in_with_sso_button: false,
  use_gravatar_fallback: false,
};

function toResponse({ clientId, clientSecret = '', name, type, settings }: Application) {
  const known = Object.keys(SETTINGS).map((key) => [
    key,
    settings?.[key] ?? SETTINGS[key as keyof typeof SETTINGS],
  ]);
  const own = Object.fromEntries(known) as typeof SETTINGS;
  return {
    id: clientId,
    name,
    type,
    client_id: clientId,
    client_secret: clientSecret,
    ...own,
  };
}

type Urls = 'redirectUris' | 'logoutUris';

/** The addresses that an application may return to: what `/oauth2/auth` and `/logout` compare with. */
export const applicationUrls: Handlers<'applications'> = {
  listRedirectUrls: ({ app_id: id }, state) =>
    ifKnown(state, id, ({ redirectUris }) => ({ redirect_urls: redirectUris })),
  addRedirectUrls: ({ app_id: id, urls }, state) =>
    change(state, id, 'redirectUris', (old) => [...old, ...urls]),
  replaceRedirectUrls: ({ app_id: id, urls }, state) =>
    change(state, id, 'redirectUris', () => urls),
  removeRedirectUrls: ({ app_id: id, urls }, state) =>
    change(state, id, 'redirectUris', without(urls)),
  listLogoutUrls: ({ app_id: id }, state) =>
    ifKnown(state, id, ({ logoutUris }) => ok({ logout_urls: logoutUris })),
  addLogoutUrls: ({ app_id: id, urls }, state) =>
    change(state, id, 'logoutUris', (old) => [...old, ...urls]),
  replaceLogoutUrls: ({ app_id: id, urls }, state) => change(state, id, 'logoutUris', () => urls),
  removeLogoutUrls: ({ app_id: id, urls }, state) => change(state, id, 'logoutUris', without(urls)),
};

function ifKnown<Out>(
  state: State,
  id: string,
  answer: (application: Application) => Out,
): Out | Response {
  const application = applicationById(state, id);
  return application ? answer(application) : notFound('APPLICATION');
}

function change(state: State, id: string, ...[which, to]: [Urls, (old: string[]) => string[]]) {
  return ifKnown(state, id, (application) => {
    application[which] = [...new Set(to(application[which]))];
    return ok({});
  });
}

/** One address or several, with commas between them: one with a comma of its own cannot be named. */
function without(urls: string | readonly string[]): (old: string[]) => string[] {
  const gone = [urls].flat().flatMap((one) => one.split(','));
  return (old) => old.filter((url) => !gone.includes(url));
}
