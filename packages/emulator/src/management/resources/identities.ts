import { personUpdated } from '../../state/events.js';
import { identitiesOf, isPrimary, isPrimaryType, removeIdentity } from '../../state/identities.js';
import type { Identity, Person, State } from '../../state/state.js';
import { notFound, ok, refused, type Handlers } from '../envelope.js';
import { identityResponse } from '../lookup.js';

/** Single ways to sign in. */
export const identities: Handlers<'identities'> = {
  get({ identity_id: id }, state) {
    const { person, identity } = identityById(state, id) ?? {};
    if (person && identity) {
      return identityResponse(person, identity);
    }
    return notFound('IDENTITY');
  },
  update({ identity_id: id, is_primary: primary }, state) {
    const { person, identity } = identityById(state, id) ?? {};
    if (!person || !identity) {
      return notFound('IDENTITY');
    }
    const { type, value } = identity;
    if (!isPrimaryType(type)) {
      return refused(400, 'IDENTITY_TYPE_NOT_SUPPORTED', 'This type has no primary identity.');
    }
    if (primary === isPrimary(person, identity)) {
      return ok({});
    }
    if (!primary) {
      return refused(
        400,
        'PRIMARY_IDENTITY_REQUIRED',
        'Make another identity the primary one instead.',
      );
    }
    person[type] = value;
    personUpdated(state, person);
    return ok({});
  },
  remove({ identity_id: id }, state) {
    const { person, identity } = identityById(state, id) ?? {};
    if (!person || !identity) {
      return notFound('IDENTITY');
    }
    removeIdentity(person, identity);
    personUpdated(state, person);
    return ok({});
  },
};

function identityById(
  state: State,
  id: string,
): { person: Person; identity: Identity } | undefined {
  for (const person of state.people) {
    const identity = identitiesOf(state, person).find((one) => one.id === id);
    if (identity) {
      return { person, identity };
    }
  }
  return undefined;
}
