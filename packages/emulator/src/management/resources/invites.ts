import { findByIdentity } from '../../state/identities.js';
import type { Invitation, State } from '../../state/state.js';
import {
  invalidField,
  missing,
  notFound,
  ok,
  refused,
  tokenPage,
  type Handlers,
} from '../envelope.js';
import { dateOf, newId, organizationByCode } from '../lookup.js';

/** Invitations into organizations. */
export const invites: Handlers<'invites'> = {
  list({ org_code: code, include_revoked: revoked, include_accepted: accepted, ...input }, state) {
    if (!organizationByCode(state, code)) {
      return notFound('ORGANIZATION');
    }
    const found = state.invitations.filter(
      (one) =>
        one.orgCode === code &&
        (revoked || !one.isRevoked) &&
        (accepted || one.acceptedAt === undefined),
    );
    const page = tokenPage(
      found.map((one) => named(state, one)),
      input,
    );
    if (page instanceof Response) {
      return page;
    }
    const entries = page.items.map(({ name: _name, ...invite }) => invite);
    return ok({ invites: entries, next_token: page.next_token });
  },
  get({ org_code: code, invite_code: invite }, state) {
    const found = invitationBy(state, code, invite);
    if (!found) {
      return missing('INVITATION');
    }
    const { code: own, ...invitation } = toResponse(state, found);
    return {
      message: 'Success',
      code: own,
      ...invitation,
    };
  },
  create(
    { org_code: code, email, first_name: first = null, last_name: last = null, roles, send_email },
    state,
  ) {
    if (!organizationByCode(state, code)) {
      return notFound('ORGANIZATION');
    }
    const problem = problemOf({
      email,
      first,
      last,
    });
    if (problem) {
      return problem;
    }
    if (!roles.every((key) => Object.hasOwn(state.roles, key))) {
      return notFound('ROLE');
    }
    if (Object.hasOwn(findByIdentity(state, 'email', email)?.person.organizations ?? {}, code)) {
      return refused(
        400,
        'USER_ALREADY_IN_ORGANIZATION',
        'Somebody with this address is in the organization.',
      );
    }
    if (linkFor(state, '') === undefined) {
      return refused(
        400,
        'INVITATION_APPLICATION_REQUIRED',
        'No application has an address to sign in at.',
      );
    }
    const invitation: Invitation = {
      code: newId(state, 'inv'),
      orgCode: code,
      email: email.trim(),
      firstName: first,
      lastName: last,
      roles: [...new Set(roles)],
      createdAt: state.clock.now(),
      isSent: send_email ?? false,
      isRevoked: false,
    };
    state.invitations.push(invitation);
    return {
      code: 'INVITATION_CREATED',
      message: 'Invitation created',
      invite: toResponse(state, invitation),
    };
  },
  revoke({ org_code: code, invite_code: invite }, state) {
    const found = invitationBy(state, code, invite);
    if (!found) {
      return missing('INVITATION');
    }
    if (found.acceptedAt !== undefined) {
      return refused(400, 'INVITATION_ACCEPTED', 'The invitation was accepted.');
    }
    found.isRevoked = true;
    return ok({});
  },
};

function invitationBy(
  { invitations }: State,
  orgCode: string,
  code: string,
): Invitation | undefined {
  return invitations.find((one) => one.code === code && one.orgCode === orgCode);
}

function problemOf({
  email,
  first,
  last,
}: {
  email: string;
  first: string | null;
  last: string | null;
}) {
  const long = (text: string | null) => (text?.length ?? 0) > 64;
  if (email.length > 254) {
    return refused(400, 'EMAIL_TOO_LONG', 'An e-mail address has at most 254 characters.');
  }
  if (long(first)) {
    return refused(400, 'FIRST_NAME_TOO_LONG', 'A first name has at most 64 characters.');
  }
  if (long(last)) {
    return refused(400, 'LAST_NAME_TOO_LONG', 'A last name has at most 64 characters.');
  }
  if (/^[^\s@]+@[^\s@]+$/.test(email.trim())) {
    return undefined;
  }
  return invalidField('email', 'must be an e-mail address');
}

function toResponse(state: State, invitation: Invitation) {
  const { code, email, firstName, lastName, createdAt, isSent, acceptedAt, roles, isRevoked } =
    invitation;
  return {
    id: code,
    code,
    email,
    first_name: firstName,
    last_name: lastName,
    full_name: [firstName, lastName].filter(Boolean).join(' ') || null,
    created_on: dateOf(createdAt),
    is_sent: isSent,
    accepted_on: acceptedAt === undefined ? null : dateOf(acceptedAt),
    roles: roles.flatMap((key) => {
      if (state.roles[key]) {
        return [{ key, name: state.roles[key].name }];
      }
      return [];
    }),
    is_revoked: isRevoked,
    invite_link: linkFor(state, code) ?? '',
  };
}

function named(state: State, invitation: Invitation) {
  const invite = toResponse(state, invitation);
  return { ...invite, name: invite.full_name };
}

/** Link of an invitation: to an app's own sign-in, which sends the invited person here with the code. */
function linkFor({ applications }: State, code: string): string | undefined {
  const interactive = applications.filter(
    ({ type, redirectUris }) => /^(reg|spa)$/.test(type) && redirectUris[0],
  );
  for (const { settings, redirectUris } of interactive) {
    const path = String(settings?.['login_uri'] || '/login');
    const origin = redirectUris[0];
    if (!URL.canParse(path, origin)) {
      continue;
    }
    const url = new URL(path, origin);
    url.searchParams.set('invitation_code', code);
    return url.href;
  }
  return undefined;
}
