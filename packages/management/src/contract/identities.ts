import { op } from '../op.js';
import { bool, reply, unwrapIdentity } from '../schema.js';
import { identity } from './entities.js';

/** Returns an identity that a user signs in with. */
export const get = op({
  route: 'GET /api/v1/identities/{identity_id}',
  scope: 'read:identities',
  returns: identity,
  normalize: unwrapIdentity,
  deviations: ['may be wrapped in an envelope; it is unwrapped here'],
});

/** Makes an identity the primary one of its type. */
export const update = op({
  route: 'PATCH /api/v1/identities/{identity_id}',
  scope: 'update:identities',
  body: { is_primary: bool },
  returns: reply,
  repeatable: true,
});

/** Removes an identity; the user can no longer sign in with it. */
export const remove = op({
  route: 'DELETE /api/v1/identities/{identity_id}',
  scope: 'delete:identities',
  returns: reply,
});
