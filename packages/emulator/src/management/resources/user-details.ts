import { personUpdated } from '../../state/events.js';
import { addIdentity, findByIdentity, identitiesOf } from '../../state/identities.js';
import { parsePasswordHash } from '../../state/password.js';
import { endSignIns, findPerson, grantsOf } from '../../state/sign-ins.js';
import type { Grant, Identity, State } from '../../state/state.js';
import {
  idPage,
  invalidField,
  missing,
  notFound,
  ok,
  refused,
  requiredField,
  type Handlers,
} from '../envelope.js';
import { mayOverride, readFlag } from '../flag-values.js';
import { dateOf, identityResponse } from '../lookup.js';
import { propertyValues, writeProperties } from '../property-values.js';

/** Identities, password, properties, flags and sessions of one user. */
export const userDetails: Handlers<'users'> = {
  setPassword({ user_id: id, is_temporary_password: temporary = false, ...given }, state) {
    const person = findPerson(state, id);
    if (!person) {
      return notFound('USER');
    }
    const hashed = parsePasswordHash(given);
    if ('field' in hashed) {
      const { field, why } = hashed;
      return invalidField(field, why);
    }
    person.hashedPassword = hashed;
    delete person.password;
    if (temporary) {
      person.mustChangePassword = true;
    } else {
      delete person.mustChangePassword;
    }
    return ok({});
  },
  listIdentities({ user_id: id, ...around }, state) {
    const person = findPerson(state, id);
    if (!person) {
      return notFound('USER');
    }
    const page = idPage(identitiesOf(state, person), around);
    if (page instanceof Response) {
      return page;
    }
    return ok({
      identities: page.items.map((one) => identityResponse(person, one)),
      has_more: page.has_more,
    });
  },
  addIdentity(
    { user_id: id, value, type, phone_country_id: country, connection_id: connectionId },
    state,
  ) {
    const person = findPerson(state, id);
    if (!person) {
      return notFound('USER');
    }
    const problem = identityProblem(state, {
      value,
      type,
      country,
      connectionId,
    });
    if (problem) {
      return problem;
    }
    const taken = findByIdentity(state, type, value);
    if (taken?.person === person && type === 'enterprise') {
      return ok({ identity: { identity_id: taken.identity.id } });
    }
    if (taken) {
      return refused(400, 'IDENTITY_ALREADY_EXISTS', 'Somebody signs in by this already.');
    }
    const isConfirmed = type !== 'email' && type !== 'phone';
    const identity = addIdentity(state, person, {
      type,
      value,
      isConfirmed,
      connectionId,
    });
    personUpdated(state, person);
    return ok({ identity: { id: identity.id } });
  },
  listProperties({ user_id: id }, state) {
    const person = findPerson(state, id);
    if (!person) {
      return notFound('USER');
    }
    return ok({ properties: propertyValues(state, 'usr', person.properties), next_token: null });
  },
  setProperty({ user_id: id, property_key: key, value }, state) {
    return writeTo(state, id, { [key]: value });
  },
  setProperties({ user_id: id, properties }, state) {
    return writeTo(state, id, properties);
  },
  setFlag({ user_id: id, feature_flag_key: key, value: text }, state) {
    const person = findPerson(state, id);
    if (!person) {
      return notFound('USER');
    }
    const flag = Object.hasOwn(state.flags, key) ? state.flags[key] : undefined;
    if (!flag) {
      return notFound('FEATURE_FLAG');
    }
    if (!mayOverride(flag, 'usr')) {
      return refused(400, 'OVERRIDE_NOT_ALLOWED', 'People have no value of this flag.');
    }
    const value = readFlag(flag.type, text);
    if (value === undefined) {
      return invalidField('value', 'is not of the type of the flag');
    }
    person.flags = { ...person.flags, [key]: value };
    return ok({});
  },
  refreshClaims({ user_id: id }, state) {
    if (!findPerson(state, id)) {
      return notFound('USER');
    }
    for (const grant of grantsOf(state, ({ personId }) => personId === id)) {
      delete grant.accessToken;
    }
    return ok({});
  },
  listSessions({ user_id: id }, state) {
    if (!findPerson(state, id)) {
      return missing('USER');
    }
    const now = state.clock.now();
    const live = grantsOf(
      state,
      ({ personId, expiresAt = 0 }) => personId === id && expiresAt > now,
    );
    return ok({ has_more: false, sessions: live.map(sessionResponse) });
  },
  endSessions({ user_id: id }, state) {
    if (!findPerson(state, id)) {
      return missing('USER');
    }
    endSignIns(state, id);
    return ok({});
  },
};

/** A new identity as it was sent. */
interface SentIdentity {
  readonly type: Identity['type'];
  readonly value: string;
  readonly country: string | undefined;
  readonly connectionId: string | undefined;
}

function identityProblem(
  state: State,
  { type, value, country, connectionId }: SentIdentity,
): Response | undefined {
  switch (type) {
    case 'enterprise':
    case 'social':
      return connectionProblem(state, connectionId);
    case 'phone':
      return country === undefined ? requiredField('phone_country_id') : undefined;
    case 'email':
      return isAddress(value) ? undefined : invalidField('value', 'must be an e-mail address');
    case 'username':
      return undefined;
  }
}

function connectionProblem(state: State, id: string | undefined): Response | undefined {
  if (id === undefined) {
    return requiredField('connection_id');
  }
  return state.connections.some((one) => one.id === id) ? undefined : missing('CONNECTION');
}

function isAddress(value: string): boolean {
  return /^[^\s@]+@[^\s@]+$/.test(value);
}

function writeTo(state: State, id: string, values: Readonly<Record<string, unknown>>) {
  const person = findPerson(state, id);
  if (!person) {
    return notFound('USER');
  }
  return writeProperties(state, 'usr', { owner: person, values }) ?? ok({});
}

/** A grant as the session that the API returns. Every address is of this machine. */
function sessionResponse({ id, personId, orgCode, clientId, userAgent, ...at }: Grant) {
  const { authTime, usedAt = authTime, expiresAt = authTime } = at;
  return {
    user_id: personId,
    org_code: orgCode ?? null,
    client_id: clientId,
    expires_on: dateOf(expiresAt),
    session_id: `session_${id.replaceAll('-', '')}`,
    started_on: dateOf(authTime),
    updated_on: dateOf(usedAt),
    connection_id: '',
    last_ip_address: '127.0.0.1',
    last_user_agent: userAgent,
    initial_ip_address: '127.0.0.1',
    initial_user_agent: userAgent,
  };
}
