import * as v from 'valibot';
import { op } from '../op.js';
import { answer, bool, reply, text } from '../schema.js';
import { factor, identity, propertyValue } from './entities.js';

/** Overrides a feature flag for a user. */
export const setFlag = op({
  route: 'PATCH /api/v1/users/{user_id}/feature_flags/{feature_flag_key}',
  scope: 'update:user_feature_flags',
  query: { value: text },
  returns: reply,
  repeatable: true,
  deviations: ['the value travels in the query'],
});

/** Sets one property of a user. */
export const setProperty = op({
  route: 'PUT /api/v1/users/{user_id}/properties/{property_key}',
  scope: 'update:user_properties',
  query: { value: text },
  returns: reply,
  deviations: ['the value travels in the query'],
});

/** Lists the property values of a user. */
export const listProperties = op({
  route: 'GET /api/v1/users/{user_id}/properties',
  scope: 'read:user_properties',
  returns: answer({ properties: v.array(propertyValue), next_token: v.nullable(text) }),
  deviations: ['names a next_token, but takes none'],
});

/** Sets several properties of a user. */
export const setProperties = op({
  route: 'PATCH /api/v1/users/{user_id}/properties',
  scope: 'update:user_properties',
  body: { properties: v.record(text, v.unknown()) },
  returns: reply,
  repeatable: true,
});

/** Lists the identities that a user signs in with. */
export const listIdentities = op({
  route: 'GET /api/v1/users/{user_id}/identities',
  scope: 'read:user_identities',
  query: { starting_after: v.optional(text), ending_before: v.optional(text) },
  returns: answer({ identities: v.array(identity), has_more: bool }),
  paging: { by: 'id', items: 'identities' },
});

/** Adds a way to sign in. Phone numbers are sent in full, with their country. */
export const addIdentity = op({
  route: 'POST /api/v1/users/{user_id}/identities',
  scope: 'create:user_identities',
  status: 201,
  body: {
    value: text,
    type: v.picklist(['email', 'username', 'phone', 'enterprise', 'social']),
    phone_country_id: v.optional(text),
    connection_id: v.optional(text),
  },
  returns: answer({ identity: v.object({ id: v.optional(text), identity_id: v.optional(text) }) }),
  deviations: ['an enterprise identity that exists is answered with identity_id'],
});

/** Lists the sessions of a user at Kinde. */
export const listSessions = op({
  route: 'GET /api/v1/users/{user_id}/sessions',
  scope: 'read:user_sessions',
  returns: answer({
    has_more: bool,
    sessions: v.array(
      v.object({
        user_id: text,
        org_code: v.nullable(text),
        client_id: text,
        expires_on: text,
        session_id: text,
        started_on: text,
        updated_on: text,
        connection_id: text,
        last_ip_address: text,
        last_user_agent: text,
        initial_ip_address: text,
        initial_user_agent: text,
      }),
    ),
  }),
  deviations: ['says has_more, but takes no page'],
});

/** Revokes all sessions of a user at Kinde, together with their refresh tokens. */
export const endSessions = op({
  route: 'DELETE /api/v1/users/{user_id}/sessions',
  scope: 'delete:user_sessions',
  returns: reply,
});

/** Lists the second factors of a user. */
export const getMfa = op({
  route: 'GET /api/v1/users/{user_id}/mfa',
  scope: 'read:user_mfa',
  returns: answer({ mfa: factor }),
  deviations: ['described as one object; may be a list'],
});

/** Removes all second factors of a user. */
export const resetMfa = op({
  route: 'DELETE /api/v1/users/{user_id}/mfa',
  scope: 'delete:user_mfa',
  returns: reply,
});

/** Removes one second factor of a user. */
export const resetMfaFactor = op({
  route: 'DELETE /api/v1/users/{user_id}/mfa/{factor_id}',
  scope: 'delete:user_mfa',
  returns: reply,
});

/** Makes a user a billing customer. */
export const createBillingCustomer = op({
  route: 'POST /api/v1/users/{user_id}/billing_customer',
  scope: 'create:user_billing_customers',
  body: {
    org_code: text,
    billing_email: text,
    billing_plan_code: v.optional(text),
  },
  returns: answer({ billing_customer: v.object({ id: text, agreement_id: text }) }),
});
