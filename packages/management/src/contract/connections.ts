import * as v from 'valibot';
import { op } from '../op.js';
import { answer, around, bool, reply, text, unwrapConnections } from '../schema.js';
import { connection } from './entities.js';

const flag = v.optional(bool);
const words = v.optional(text);

/** Options of all strategies: social ones take the first three, enterprise ones the rest. */
const options = v.strictObject({
  client_id: words,
  client_secret: words,
  is_use_custom_domain: flag,
  is_trusted: flag,
  home_realm_domains: v.optional(v.array(text)),
  upstream_params: v.optional(v.record(text, v.unknown())),
  is_create_missing_user: flag,
  is_force_show_sso_button: flag,
  is_auto_join_organization_enabled: flag,
  entra_id_domain: words,
  is_use_common_endpoint: flag,
  is_sync_user_profile_on_login: flag,
  is_retrieve_provider_user_groups: flag,
  is_extended_attributes_required: flag,
  saml_entity_id: words,
  saml_idp_metadata_url: words,
  saml_idp_metadata_xml: words,
  saml_sign_in_url: words,
  sign_request_algorithm: v.optional(v.picklist(['RSA-SHA256', 'RSA-SHA1'])),
  protocol_binding: v.optional(v.picklist(['HTTP-REDIRECT', 'HTTP-POST'])),
  name_id_format: v.optional(
    v.picklist(['Persistent', 'Transient', 'Email address', 'Unspecified']),
  ),
  saml_email_key_attr: words,
  saml_user_id_key_attr: words,
  saml_first_name_key_attr: words,
  saml_last_name_key_attr: words,
  saml_signing_certificate: words,
  saml_signing_private_key: words,
});

/** Ways to sign in: social and enterprise connections. */
export const list = op({
  route: 'GET /api/v1/connections',
  scope: 'read:connections',
  query: { ...around, home_realm_domain: v.optional(text) },
  returns: answer({ connections: v.array(connection), has_more: bool }),
  paging: { by: 'id', items: 'connections' },
  normalize: unwrapConnections,
  deviations: ['items may be wrapped in an envelope of their own; they are unwrapped here'],
});

/** One connection. */
export const get = op({
  route: 'GET /api/v1/connections/{connection_id}',
  scope: 'read:connections',
  returns: answer({ connection: connection }),
});

/** Adds a connection. The shape of `options` follows from `strategy`. */
export const create = op({
  route: 'POST /api/v1/connections',
  scope: 'create:connections',
  status: 201,
  body: {
    name: text,
    display_name: text,
    strategy: v.picklist([
      'oauth2:apple',
      'oauth2:azure_ad',
      'oauth2:bitbucket',
      'oauth2:discord',
      'oauth2:facebook',
      'oauth2:github',
      'oauth2:gitlab',
      'oauth2:google',
      'oauth2:linkedin',
      'oauth2:microsoft',
      'oauth2:patreon',
      'oauth2:slack',
      'oauth2:stripe',
      'oauth2:twitch',
      'oauth2:twitter',
      'oauth2:xero',
      'saml:custom',
      'saml:cloudflare',
      'saml:okta',
      'saml:microsoft',
      'saml:google',
      'wsfed:azure_ad',
    ]),
    enabled_applications: v.optional(v.array(text)),
    organization_code: v.optional(v.nullable(text)),
    options: v.optional(options),
  },
  returns: answer({ connection: v.object({ id: text }) }),
  deviations: ['secrets of options are never returned'],
});

/** Changes a connection; what is not sent stays. */
export const update = op({
  route: 'PATCH /api/v1/connections/{connection_id}',
  scope: 'update:connections',
  body: {
    name: v.optional(text),
    display_name: v.optional(text),
    enabled_applications: v.optional(v.array(text)),
    options: v.optional(options),
  },
  returns: reply,
  repeatable: true,
});

/** Replaces a connection; options that are not sent are cleared. */
export const replace = op({
  route: 'PUT /api/v1/connections/{connection_id}',
  scope: 'update:connections',
  body: {
    name: v.optional(text),
    display_name: v.optional(text),
    enabled_applications: v.optional(v.array(text)),
    options: v.optional(options),
  },
  returns: reply,
});

/** Removes a connection. */
export const remove = op({
  route: 'DELETE /api/v1/connections/{connection_id}',
  scope: 'delete:connections',
  returns: reply,
});
