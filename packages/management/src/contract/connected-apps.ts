import * as v from 'valibot';
import { op } from '../op.js';
import { reply, text } from '../schema.js';

/** Returns the URL where a user connects an app. */
export const getAuthUrl = op({
  route: 'GET /api/v1/connected_apps/auth_url',
  scope: 'read:connected_apps',
  query: {
    key_code_ref: text,
    user_id: v.optional(text),
    org_code: v.optional(text),
    override_callback_url: v.optional(text),
  },
  returns: v.object({ url: text, session_id: text }),
});

/** Access token for a connected app. */
export const getToken = op({
  route: 'GET /api/v1/connected_apps/token',
  scope: 'read:connected_apps',
  query: { session_id: text },
  returns: v.object({ access_token: text, access_token_expiry: text }),
});

/** Disconnects an app. */
export const revoke = op({
  route: 'POST /api/v1/connected_apps/revoke',
  scope: 'create:connected_apps',
  query: { session_id: text },
  returns: reply,
  deviations: ['the scope for this is create:connected_apps'],
});
