import * as v from 'valibot';
import { op } from '../op.js';
import { answer, bool, file, int, nothing, reply, text, unwrapConnections } from '../schema.js';
import {
  connection,
  factorType,
  flagValues,
  logoType,
  passkeyPolicy,
  propertyValue,
} from './entities.js';

/** Values of feature flags that differ in an organization. */
export const listFlags = op({
  route: 'GET /api/v1/organizations/{org_code}/feature_flags',
  scope: 'read:organization_feature_flags',
  returns: answer({ feature_flags: flagValues }),
  deviations: ['values are strings, whatever the type'],
});

/** Takes back every override of an organization. */
export const clearFlags = op({
  route: 'DELETE /api/v1/organizations/{org_code}/feature_flags',
  scope: 'delete:organization_feature_flags',
  returns: reply,
});

/** Takes back the override of one feature flag. */
export const clearFlag = op({
  route: 'DELETE /api/v1/organizations/{org_code}/feature_flags/{feature_flag_key}',
  scope: 'delete:organization_feature_flags',
  returns: reply,
});

/** Overrides a feature flag for an organization. */
export const setFlag = op({
  route: 'PATCH /api/v1/organizations/{org_code}/feature_flags/{feature_flag_key}',
  scope: 'update:organization_feature_flags',
  query: { value: text },
  returns: reply,
  repeatable: true,
  deviations: ['the value travels in the query'],
});

/** Sets one property of an organization. */
export const setProperty = op({
  route: 'PUT /api/v1/organizations/{org_code}/properties/{property_key}',
  scope: 'update:organization_properties',
  query: { value: text },
  returns: reply,
  deviations: ['the value travels in the query'],
});

/** Property values of an organization. */
export const listProperties = op({
  route: 'GET /api/v1/organizations/{org_code}/properties',
  scope: 'read:organization_properties',
  returns: answer({ properties: v.array(propertyValue), next_token: v.nullable(text) }),
  deviations: ['names a next_token, but takes none'],
});

/** Sets several properties of an organization. */
export const setProperties = op({
  route: 'PATCH /api/v1/organizations/{org_code}/properties',
  scope: 'update:organization_properties',
  body: { properties: v.record(text, v.unknown()) },
  returns: reply,
  repeatable: true,
});

/** Sets which second factors an organization asks for. */
export const setMfa = op({
  route: 'PUT /api/v1/organizations/{org_code}/mfa',
  scope: 'update:organization_mfa',
  body: { enabled_factors: v.array(factorType), is_recovery_codes_enabled: v.optional(bool) },
  returns: reply,
});

/** Returns whether members may sign in with passkeys. */
export const getPasskey = op({
  route: 'GET /api/v1/organizations/{org_code}/passkey',
  scope: 'read:organization_passkey',
  returns: answer({
    enabled: bool,
    policy: text,
    is_override_environment_passkey_settings: bool,
    environment_policy: text,
  }),
});

/** Sets whether members may sign in with passkeys. */
export const setPasskey = op({
  route: 'PUT /api/v1/organizations/{org_code}/passkey',
  scope: 'update:organization_passkey',
  body: {
    policy: v.optional(passkeyPolicy),
    is_override_environment_passkey_settings: v.optional(bool),
  },
  returns: answer({
    enabled: bool,
    policy: text,
    is_override_environment_passkey_settings: bool,
  }),
});

/** Logos of an organization. */
export const listLogos = op({
  route: 'GET /api/v1/organizations/{org_code}/logos',
  scope: 'read:organizations',
  returns: answer({
    logos: v.array(
      v.object({
        type: text,
        file_name: text,
        path: text,
      }),
    ),
  }),
});

/** Uploads a logo for light or dark pages. */
export const setLogo = op({
  route: 'POST /api/v1/organizations/{org_code}/logos/{type}',
  scope: 'update:organizations',
  params: { type: logoType },
  multipart: true,
  body: { logo: file },
  returns: reply,
});

/** Removes a logo. */
export const removeLogo = op({
  route: 'DELETE /api/v1/organizations/{org_code}/logos/{type}',
  scope: 'update:organizations',
  params: { type: logoType },
  returns: reply,
  deviations: ['answers 204 when there was none'],
});

/** Connections of an organization. */
export const listConnections = op({
  route: 'GET /api/v1/organizations/{organization_code}/connections',
  scope: 'read:organization_connections',
  returns: answer({ connections: v.array(connection), has_more: bool }),
  normalize: unwrapConnections,
  deviations: ['says has_more, but takes no page'],
});

/** Lets members sign in by a connection. */
export const enableConnection = op({
  route: 'POST /api/v1/organizations/{organization_code}/connections/{connection_id}',
  scope: 'create:organization_connections',
  returns: nothing,
});

/** Stops members from signing in by a connection. */
export const disableConnection = op({
  route: 'DELETE /api/v1/organizations/{organization_code}/connections/{connection_id}',
  scope: 'delete:organization_connections',
  returns: reply,
});

/** Sets how long sessions of an organization last. */
export const setSessions = op({
  route: 'PATCH /api/v1/organizations/{org_code}/sessions',
  scope: 'update:organizations',
  body: {
    is_use_org_sso_session_policy: v.optional(bool),
    sso_session_persistence_mode: v.optional(v.picklist(['persistent', 'non_persistent'])),
    is_use_org_authenticated_session_lifetime: v.optional(bool),
    authenticated_session_lifetime: v.optional(int),
  },
  returns: reply,
  repeatable: true,
});
