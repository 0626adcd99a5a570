import { digest } from '../state/ids.js';
import type { Grant, SignedIn, State } from '../state/state.js';
import type { Changed, SessionInfo } from './answers.js';
import type { SessionFilter } from './inputs.js';
import { applicationOf, personOf, shownAs, unknownName } from './lookup.js';

/** `sessions` */
export function sessions(state: State, filter: SessionFilter = {}): SessionInfo[] {
  return found(state, filter).map(({ info }) => info);
}

/** `endSessions` */
export function endSessions(state: State, filter: SessionFilter = {}): { ended: number } & Changed {
  const all = found(state, filter);
  const { id } = filter;
  if (id !== undefined && all.length === 0) {
    const known = found(state, {}).map(({ info }) => info.id);
    throw unknownName('unknown_session', 'session', {
      given: id,
      known,
    });
  }
  all.forEach(({ end }) => end());
  return {
    ended: all.length,
    journal: state.journal.last,
  };
}

/** A session, and what ends it. */
interface Found {
  readonly info: SessionInfo;
  readonly end: () => void;
}

function found(state: State, { id, person, application }: SessionFilter): Found[] {
  const personId = person === undefined ? undefined : personOf(state, person).id;
  const clientId =
    application === undefined ? undefined : applicationOf(state, application).clientId;
  const fits = ({ info }: Found) =>
    (id === undefined || info.id === id) &&
    (personId === undefined || info.person === personId) &&
    (clientId === undefined || info.application === clientId);
  const own = [...state.sessions].map(([cookie, session]) => ownSession(state, cookie, session));
  const held = [...state.grants.values()]
    .filter((grant) => isOpen(state, grant))
    .map((grant) => heldSession(state, grant));
  return [...own, ...held].filter(fits);
}

/** Kinde's own session. Its id must not be the value of the cookie. */
function ownSession(state: State, cookie: string, { personId, authTime }: SignedIn): Found {
  return {
    info: {
      id: `sso_${digest(`session ${cookie}`, 24)}`,
      kind: 'kinde',
      person: personId,
      name: shownAs(state, personId),
      startedAt: authTime,
    },
    end: () => void state.sessions.delete(cookie),
  };
}

function heldSession(state: State, grant: Grant): Found {
  const { id, personId, clientId, orgCode, authTime, usedAt, expiresAt } = grant;
  return {
    info: {
      id,
      kind: 'application',
      person: personId,
      name: shownAs(state, personId),
      application: clientId,
      ...(orgCode !== undefined && { organization: orgCode }),
      startedAt: authTime,
      ...(usedAt !== undefined && { usedAt }),
      ...(expiresAt !== undefined && { endsAt: expiresAt }),
    },
    end: () => {
      grant.ended = true;
    },
  };
}

/** Whether tokens of a sign-in may work still, or its code may become one. */
function isOpen({ clock }: State, { ended, expiresAt }: Grant): boolean {
  return !ended && (expiresAt === undefined || expiresAt > clock.now());
}
