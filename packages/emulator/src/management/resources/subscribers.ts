import { emit } from '../../state/events.js';
import { findByName } from '../../state/identities.js';
import type { Subscriber } from '../../state/resources.js';
import { notFound, ok, refused, tokenPage, type Handlers } from '../envelope.js';
import { newId } from '../lookup.js';

/** Subscribers. */
export const subscribers: Handlers<'subscribers'> = {
  list(input, state) {
    // `name` is what sorting by name compares.
    const all = state.subscribers.map((one) => ({ ...one, name: nameOf(one) }));
    const page = tokenPage(all, input);
    if (page instanceof Response) {
      return page;
    }
    const entries = page.items.map(({ id, email, firstName, lastName, name }) => ({
      id,
      email,
      full_name: name,
      first_name: firstName,
      last_name: lastName,
    }));
    return ok({ subscribers: entries, next_token: page.next_token });
  },
  get({ subscriber_id: id }, state) {
    const found = state.subscribers.find((one) => one.id === id);
    if (!found) {
      return notFound('SUBSCRIBER');
    }
    const { email, firstName, lastName } = found;
    return ok({
      subscribers: [
        {
          id,
          preferred_email: email,
          first_name: firstName,
          last_name: lastName,
        },
      ],
    });
  },
  create({ first_name: firstName, last_name: lastName, email }, state) {
    const same = (one: Subscriber) => one.email.toLowerCase() === email.toLowerCase();
    if (state.subscribers.some(same)) {
      return refused(
        400,
        'SUBSCRIBER_ALREADY_EXISTS',
        'Somebody subscribed with this address already.',
      );
    }
    const id = newId(state, 'subscriber');
    state.subscribers.push({
      id,
      email,
      firstName,
      lastName,
    });
    const userId = findByName(state, email)?.id ?? null;
    const told = {
      id,
      email,
      first_name: firstName,
      last_name: lastName,
      user_id: userId,
    };
    emit(state, 'subscriber.created', { subscriber: told });
    return { subscriber: { subscriber_id: id } };
  },
};

function nameOf({ firstName, lastName }: Subscriber): string {
  return [firstName, lastName].filter(Boolean).join(' ');
}
