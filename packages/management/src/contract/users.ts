import * as v from 'valibot';
import { op } from '../op.js';
import { answer, around, bool, id, int, page, reply, several, text } from '../schema.js';

export * from './user-details.js';

const user = {
  id: text,
  provided_id: v.nullable(text),
  username: v.nullable(text),
  last_name: v.nullable(text),
  first_name: v.nullable(text),
  is_suspended: bool,
  picture: v.nullable(text),
  total_sign_ins: v.nullable(int),
  failed_sign_ins: v.nullable(int),
  last_signed_in: v.nullable(text),
  created_on: v.nullable(text),
};

/** Lists the users of the environment. Filters take one value or several. */
export const list = op({
  route: 'GET /api/v1/users',
  scope: 'read:users',
  query: {
    ...page,
    user_id: v.optional(several),
    email: v.optional(several),
    username: v.optional(several),
    phone: v.optional(several),
    expand: v.optional(several),
    has_organization: v.optional(bool),
    active_since: v.optional(text),
  },
  returns: answer({
    users: v.array(
      v.object({
        ...user,
        email: v.nullable(text),
        phone: v.nullable(text),
        last_organization_sign_ins: v.nullable(
          v.array(v.object({ org_code: text, last_signed_in: text })),
        ),
        organizations: v.optional(v.array(text)),
        identities: v.optional(
          v.array(
            v.object({
              type: text,
              identity: text,
              connection_id: v.nullable(text),
            }),
          ),
        ),
        billing: v.optional(v.object({ customer_id: text })),
      }),
    ),
    next_token: v.nullable(text),
  }),
  paging: { by: 'token', items: 'users' },
  deviations: ['an address is called email here and preferred_email in get'],
});

/** Returns one user. */
export const get = op({
  route: 'GET /api/v1/user',
  scope: 'read:users',
  query: { id: id, expand: v.optional(several) },
  returns: v.object({
    ...user,
    preferred_email: v.nullable(text),
    phone: v.nullable(text),
    organizations: v.optional(v.array(text)),
    identities: v.optional(v.array(v.object({ type: text, identity: text }))),
    billing: v.optional(v.object({ customer_id: text })),
  }),
  deviations: ['the address is called preferred_email here and email in list'],
});

/** Creates a user with any number of identities. For a user who exists already, `created` is false. */
export const create = op({
  route: 'POST /api/v1/user',
  scope: 'create:users',
  body: {
    profile: v.optional(
      v.strictObject({
        given_name: v.optional(text),
        family_name: v.optional(text),
        picture: v.optional(text),
      }),
    ),
    organization_code: v.optional(text),
    provided_id: v.optional(text),
    identities: v.optional(
      v.array(
        v.strictObject({
          type: v.picklist(['email', 'phone', 'username']),
          is_verified: v.optional(bool),
          details: v.strictObject({
            email: v.optional(text),
            phone: v.optional(text),
            phone_country_id: v.optional(text),
            username: v.optional(text),
          }),
        }),
      ),
    ),
  },
  returns: v.object({
    id: text,
    created: bool,
    identities: v.array(v.object({ type: text, result: v.object({ created: bool }) })),
  }),
  deviations: ['profile takes no e-mail address: use identities'],
});

/** Changes a user; members that are not sent stay as they are. */
export const update = op({
  route: 'PATCH /api/v1/user',
  scope: 'update:users',
  query: { id: id },
  body: {
    given_name: v.optional(text),
    family_name: v.optional(text),
    picture: v.optional(text),
    is_suspended: v.optional(bool),
    is_password_reset_requested: v.optional(bool),
    provided_id: v.optional(text),
  },
  returns: v.object({
    id: text,
    given_name: v.nullable(text),
    family_name: v.nullable(text),
    email: v.nullable(text),
    is_suspended: bool,
    is_password_reset_requested: bool,
    picture: v.nullable(text),
  }),
  repeatable: true,
  deviations: ['names cannot be emptied'],
});

/** Finds users by words and property values. `*` finds all. */
export const search = op({
  route: 'GET /api/v1/search/users',
  scope: 'read:users',
  query: {
    ...around,
    query: v.optional(text),
    api_scopes: v.optional(several),
    properties: v.optional(v.record(text, several)),
    expand: v.optional(several),
  },
  returns: answer({
    results: v.array(
      v.object({
        ...user,
        email: v.nullable(text),
        organizations: v.optional(v.array(text)),
        identities: v.optional(v.array(v.object({ type: text, identity: text }))),
        properties: v.optional(v.record(text, text)),
        api_scopes: v.optional(
          v.array(
            v.object({
              org_code: text,
              scope: text,
              api_id: text,
            }),
          ),
        ),
      }),
    ),
  }),
  paging: { by: 'size', items: 'results' },
});

/** Makes the next token refresh of a user return new claims. */
export const refreshClaims = op({
  route: 'POST /api/v1/users/{user_id}/refresh_claims',
  scope: 'update:user_refresh_claims',
  returns: reply,
  repeatable: true,
});

/** Deletes a user. */
export const remove = op({
  route: 'DELETE /api/v1/user',
  scope: 'delete:users',
  query: { id: id, is_delete_profile: v.optional(bool) },
  returns: reply,
});

/** Sets a password that was hashed elsewhere. */
export const setPassword = op({
  route: 'PUT /api/v1/users/{user_id}/password',
  scope: 'update:user_passwords',
  body: {
    hashed_password: text,
    hashing_method: v.optional(
      v.picklist([
        'bcrypt',
        'crypt',
        'md5',
        'sha256',
        'wordpress',
        'pbkdf2',
        'firebase-scrypt',
        'aspnet-identity-v2',
      ]),
    ),
    salt: v.optional(text),
    salt_position: v.optional(v.picklist(['prefix', 'suffix'])),
    iterations: v.optional(int),
    variant: v.optional(text),
    signer_key: v.optional(text),
    salt_separator: v.optional(text),
    rounds: v.optional(int),
    mem_cost: v.optional(int),
    is_temporary_password: v.optional(bool),
  },
  returns: reply,
  deviations: ['takes no plain password, whatever guides say'],
});
