import * as v from 'valibot';
import { op } from '../op.js';
import { answer, bool, file, reply, text } from '../schema.js';
import { factorType, flagValues, logoType, looks, passkeyPolicy } from './entities.js';

/** The environment: its domains and looks. */
export const get = op({
  route: 'GET /api/v1/environment',
  scope: 'read:environments',
  returns: answer({
    environment: v.object({
      code: text,
      name: text,
      hotjar_site_id: v.nullable(text),
      google_analytics_tag: v.nullable(text),
      contentsquare_tag_id: v.nullable(text),
      is_default: bool,
      is_live: bool,
      kinde_domain: text,
      custom_domain: v.nullable(text),
      logo: v.nullable(text),
      logo_dark: v.nullable(text),
      favicon_svg: v.nullable(text),
      favicon_fallback: v.nullable(text),
      ...looks,
      created_on: text,
    }),
  }),
});

/** Takes back every override of the environment. */
export const clearFlags = op({
  route: 'DELETE /api/v1/environment/feature_flags',
  scope: 'delete:environment_feature_flags',
  returns: reply,
});

/** Values of all feature flags in the environment. There is no other list of flags. */
export const listFlags = op({
  route: 'GET /api/v1/environment/feature_flags',
  scope: 'read:environment_feature_flags',
  returns: answer({ feature_flags: flagValues, next_token: v.optional(v.nullable(text)) }),
  deviations: ['names a next_token, but takes none', 'values are strings, whatever the type'],
});

/** Takes back the override of one feature flag. */
export const clearFlag = op({
  route: 'DELETE /api/v1/environment/feature_flags/{feature_flag_key}',
  scope: 'delete:environment_feature_flags',
  returns: reply,
});

/** Overrides a feature flag for the environment. */
export const setFlag = op({
  route: 'PATCH /api/v1/environment/feature_flags/{feature_flag_key}',
  scope: 'update:environment_feature_flags',
  body: { value: text },
  returns: reply,
  repeatable: true,
});

/** Logos of the environment. */
export const listLogos = op({
  route: 'GET /api/v1/environment/logos',
  scope: 'read:environments',
  returns: answer({ logos: v.array(v.object({ type: text, file_name: text })) }),
});

/** Uploads a logo for light or dark pages. */
export const setLogo = op({
  route: 'PUT /api/v1/environment/logos/{type}',
  scope: 'update:environments',
  params: { type: logoType },
  multipart: true,
  body: { logo: file },
  returns: reply,
});

/** Removes a logo. */
export const removeLogo = op({
  route: 'DELETE /api/v1/environment/logos/{type}',
  scope: 'update:environments',
  params: { type: logoType },
  returns: reply,
  deviations: ['answers 204 when there was none'],
});

/** Sets whether a second factor is required, and which. */
export const setMfa = op({
  route: 'PUT /api/v1/mfa',
  scope: 'update:mfa',
  body: {
    policy: v.picklist(['required', 'off', 'optional']),
    enabled_factors: v.array(factorType),
    is_recovery_codes_enabled: v.optional(bool),
  },
  returns: reply,
});

/** Returns whether users may sign in with passkeys. */
export const getPasskey = op({
  route: 'GET /api/v1/passkey',
  scope: 'read:passkey',
  returns: answer({ enabled: bool, policy: text }),
});

/** Sets whether users may sign in with passkeys. */
export const setPasskey = op({
  route: 'PUT /api/v1/passkey',
  scope: 'update:passkey',
  body: { policy: passkeyPolicy },
  returns: answer({ enabled: bool, policy: text }),
});
