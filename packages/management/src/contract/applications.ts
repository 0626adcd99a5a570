import * as v from 'valibot';
import { op } from '../op.js';
import {
  answer,
  around,
  bool,
  int,
  nothing,
  page,
  reply,
  several,
  text,
  unwrapConnections,
} from '../schema.js';
import { connection, propertyValue } from './entities.js';

/** Applications of the environment. */
export const list = op({
  route: 'GET /api/v1/applications',
  scope: 'read:applications',
  query: { ...page, sort: v.optional(v.picklist(['name_asc', 'name_desc'])) },
  returns: answer({
    applications: v.array(
      v.object({
        id: text,
        name: text,
        type: text,
      }),
    ),
    next_token: v.nullable(text),
  }),
  paging: { by: 'token', items: 'applications' },
});

/** One application, with its credentials. */
export const get = op({
  route: 'GET /api/v1/applications/{application_id}',
  scope: 'read:applications',
  returns: answer({
    application: v.object({
      id: text,
      name: text,
      type: text,
      client_id: text,
      client_secret: text,
      login_uri: text,
      homepage_uri: text,
      has_cancel_button: bool,
      is_access_control_enabled: bool,
      is_allow_faceless_auth: bool,
      is_ask_for_name: bool,
      has_marketing_consent: bool,
      has_sign_in_link_on_sign_up_page: bool,
      has_register_link_on_sign_in_page: bool,
      has_sign_in_with_sso_button: bool,
      use_gravatar_fallback: bool,
    }),
  }),
  deviations: [
    'redirect and logout URLs are never in here: ask listRedirectUrls and listLogoutUrls',
  ],
});

/** Registers an application. `reg` is a server, `spa` a browser, `m2m` a machine, `device` a device. */
export const create = op({
  route: 'POST /api/v1/applications',
  scope: 'create:applications',
  status: 201,
  body: {
    name: text,
    type: v.picklist(['reg', 'spa', 'm2m', 'device']),
    org_code: v.optional(v.nullable(text)),
  },
  returns: answer({
    application: v.object({
      id: text,
      client_id: text,
      client_secret: text,
    }),
  }),
});

/** Changes an application; what is not sent stays. */
export const update = op({
  route: 'PATCH /api/v1/applications/{application_id}',
  scope: 'update:applications',
  body: {
    name: v.optional(text),
    language_key: v.optional(text),
    logout_uris: v.optional(v.array(text)),
    redirect_uris: v.optional(v.array(text)),
    login_uri: v.optional(text),
    homepage_uri: v.optional(text),
    is_allow_faceless_auth: v.optional(bool),
    is_ask_for_name: v.optional(bool),
    has_marketing_consent: v.optional(bool),
    has_sign_in_link_on_sign_up_page: v.optional(bool),
    has_register_link_on_sign_in_page: v.optional(bool),
    has_sign_in_with_sso_button: v.optional(bool),
    use_gravatar_fallback: v.optional(bool),
    is_access_control_enabled: v.optional(bool),
  },
  returns: nothing,
  repeatable: true,
});

/** Removes an application. */
export const remove = op({
  route: 'DELETE /api/v1/applications/{application_id}',
  scope: 'delete:applications',
  returns: reply,
});

/** Connections that an application offers. */
export const listConnections = op({
  route: 'GET /api/v1/applications/{application_id}/connections',
  scope: 'read:application_connections',
  returns: answer({ connections: v.array(connection), has_more: bool }),
  normalize: unwrapConnections,
  deviations: ['says has_more, but takes no page'],
});

/** Offers a connection in an application. */
export const enableConnection = op({
  route: 'POST /api/v1/applications/{application_id}/connections/{connection_id}',
  scope: 'create:application_connections',
  returns: nothing,
});

/** Stops offering a connection in an application. */
export const disableConnection = op({
  route: 'DELETE /api/v1/applications/{application_id}/connections/{connection_id}',
  scope: 'delete:application_connections',
  returns: reply,
});

/** Lists the roles of which a user needs one to use an application. */
export const listAccessRoles = op({
  route: 'GET /api/v1/applications/{application_id}/access_roles',
  scope: 'read:applications',
  query: { ...around },
  returns: answer({
    roles: v.array(
      v.object({
        id: text,
        key: text,
        name: text,
        description: v.nullable(text),
      }),
    ),
    has_more: bool,
  }),
  paging: { by: 'id', items: 'roles' },
});

/** Lets users with a role use an application. */
export const addAccessRole = op({
  route: 'POST /api/v1/applications/{application_id}/access_roles/{role_id}',
  scope: 'update:applications',
  returns: reply,
});

/** Takes a role out of those that may use an application. */
export const removeAccessRole = op({
  route: 'DELETE /api/v1/applications/{application_id}/access_roles/{role_id}',
  scope: 'update:applications',
  returns: reply,
});

/** Property values of an application. */
export const listProperties = op({
  route: 'GET /api/v1/applications/{application_id}/properties',
  scope: 'read:application_properties',
  returns: answer({ properties: v.array(propertyValue), next_token: v.nullable(text) }),
  deviations: ['names a next_token, but takes none'],
});

/** Sets one property of an application. */
export const setProperty = op({
  route: 'PUT /api/v1/applications/{application_id}/properties/{property_key}',
  scope: 'update:application_properties',
  body: { value: v.union([text, bool]) },
  returns: reply,
});

/** Sets how long the tokens of an application live, in seconds. */
export const setTokens = op({
  route: 'PATCH /api/v1/applications/{application_id}/tokens',
  scope: 'update:application_tokens',
  body: {
    access_token_lifetime: v.optional(int),
    refresh_token_lifetime: v.optional(int),
    id_token_lifetime: v.optional(int),
    authenticated_session_lifetime: v.optional(int),
    is_hasura_mapping_enabled: v.optional(bool),
  },
  returns: reply,
  repeatable: true,
});

/** Addresses that sign-in may return to. */
export const listRedirectUrls = op({
  route: 'GET /api/v1/applications/{app_id}/auth_redirect_urls',
  scope: 'read:applications_redirect_uris',
  returns: v.object({ redirect_urls: v.array(text) }),
});

/** Adds addresses that sign-in may return to. */
export const addRedirectUrls = op({
  route: 'POST /api/v1/applications/{app_id}/auth_redirect_urls',
  scope: 'create:applications_redirect_uris',
  body: { urls: v.array(text) },
  returns: reply,
});

/** Replaces all addresses that sign-in may return to. */
export const replaceRedirectUrls = op({
  route: 'PUT /api/v1/applications/{app_id}/auth_redirect_urls',
  scope: 'update:applications_redirect_uris',
  body: { urls: v.array(text) },
  returns: reply,
});

/** Removes addresses that sign-in may return to. An address with a comma cannot be removed. */
export const removeRedirectUrls = op({
  route: 'DELETE /api/v1/applications/{app_id}/auth_redirect_urls',
  scope: 'delete:applications_redirect_uris',
  query: { urls: several },
  returns: reply,
});

/** Addresses that sign-out may return to. */
export const listLogoutUrls = op({
  route: 'GET /api/v1/applications/{app_id}/auth_logout_urls',
  scope: 'read:application_logout_uris',
  returns: answer({ logout_urls: v.array(text) }),
});

/** Adds addresses that sign-out may return to. */
export const addLogoutUrls = op({
  route: 'POST /api/v1/applications/{app_id}/auth_logout_urls',
  scope: 'create:application_logout_uris',
  body: { urls: v.array(text) },
  returns: reply,
});

/** Replaces all addresses that sign-out may return to. */
export const replaceLogoutUrls = op({
  route: 'PUT /api/v1/applications/{app_id}/auth_logout_urls',
  scope: 'update:application_logout_uris',
  body: { urls: v.array(text) },
  returns: reply,
});

/** Removes addresses that sign-out may return to. An address with a comma cannot be removed. */
export const removeLogoutUrls = op({
  route: 'DELETE /api/v1/applications/{app_id}/auth_logout_urls',
  scope: 'delete:application_logout_uris',
  query: { urls: several },
  returns: reply,
});
