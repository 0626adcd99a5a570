import * as v from 'valibot';
import { op } from '../op.js';
import { answer, bool, page, reply, text } from '../schema.js';

/** An invitation without its code: in an answer about one, `code` belongs to the envelope. */
const fields = {
  id: text,
  email: v.nullable(text),
  first_name: v.nullable(text),
  last_name: v.nullable(text),
  full_name: v.nullable(text),
  created_on: text,
  is_sent: bool,
  accepted_on: v.nullable(text),
  roles: v.array(v.object({ key: text, name: text })),
  is_revoked: bool,
  invite_link: text,
};
const invite = v.object({ ...fields, code: text });

/** Invitations into an organization. */
export const list = op({
  route: 'GET /api/v1/organization/{org_code}/invites',
  scope: 'read:organization_invites',
  query: {
    ...page,
    sort: v.optional(
      v.picklist([
        'created_on_asc',
        'created_on_desc',
        'email_asc',
        'email_desc',
        'name_asc',
        'name_desc',
      ]),
    ),
    include_revoked: v.optional(bool),
    include_accepted: v.optional(bool),
  },
  returns: answer({ invites: v.array(invite), next_token: v.nullable(text) }),
  paging: { by: 'token', items: 'invites' },
});

/** One invitation. */
export const get = op({
  route: 'GET /api/v1/organization/{org_code}/invites/{invite_code}',
  scope: 'read:organization_invites',
  returns: answer(fields),
  deviations: ['`code` is the code of the invitation'],
});

/** Invites a user by e-mail. Roles are keys. */
export const create = op({
  route: 'POST /api/v1/organization/{org_code}/invites',
  scope: 'create:organization_invites',
  status: 201,
  body: {
    email: text,
    first_name: v.optional(v.nullable(text)),
    last_name: v.optional(v.nullable(text)),
    roles: v.array(text),
    send_email: v.optional(bool),
  },
  returns: answer({ invite: invite }),
  deviations: ['needs invitations allowed in the organization, and an application that takes them'],
});

/** Takes an invitation back. */
export const revoke = op({
  route: 'DELETE /api/v1/organization/{org_code}/invites/{invite_code}',
  scope: 'delete:organization_invites',
  returns: reply,
});
