import { secondsOf } from '../clock.js';
import type { State } from '../state/state.js';
import type { Changed } from './answers.js';
import type { ClockChange, ClockEnd, ClockInfo } from './clock-info.js';
import { ControlError } from './error.js';
import { shownAs } from './lookup.js';

/** Ends that are shown. */
const MOST_ENDS = 50;

/** `clock` */
export function clockInfo(state: State): ClockInfo {
  const { clock } = state;
  const now = clock.now();
  const real = Math.floor(Date.now() / 1_000);
  const { frozenAt, speed } = clock.settings;
  const ends = [...endsOf(state)].filter(({ at, what }) => at > now || what === 'delivery');
  return {
    now,
    real,
    ahead: now - real,
    frozen: frozenAt !== undefined,
    speed,
    ends: ends.sort((one, other) => one.at - other.at).slice(0, MOST_ENDS),
  };
}

/** `setClock`. Nothing changes where one part of the change cannot be made. */
export function setClock(
  state: State,
  { speed, frozen, now, advance }: ClockChange,
): ClockInfo & Changed {
  const { clock } = state;
  const seconds = advance === undefined ? 0 : durationOf(advance);
  if (speed !== undefined) {
    clock.speedUp(speed);
  }
  if (frozen !== undefined) {
    setFrozen(state, frozen);
  }
  if (now !== undefined) {
    clock.set(now);
  }
  if (seconds > 0) {
    clock.advance(seconds);
  }
  return {
    ...clockInfo(state),
    journal: state.journal.last,
  };
}

/** Seconds of a duration of an input. */
export function durationOf(given: number | string): number {
  try {
    return secondsOf(given);
  } catch (error) {
    throw new ControlError('invalid_input', (error as Error).message);
  }
}

function setFrozen({ clock }: State, frozen: boolean): void {
  if (frozen) {
    clock.freeze();
  } else {
    clock.unfreeze();
  }
}

/** `resetClock` */
export function resetClock(state: State): ClockInfo & Changed {
  state.clock.reset();
  return {
    ...clockInfo(state),
    journal: state.journal.last,
  };
}

function* endsOf(state: State): Iterable<ClockEnd> {
  const whoseGrant = (id: string) => shownAs(state, state.grants.get(id)?.personId ?? '');
  for (const { grantId, expiresAt, used } of state.codes.values()) {
    if (!used) {
      yield {
        at: expiresAt,
        what: 'code',
        whose: whoseGrant(grantId),
      };
    }
  }
  for (const { accessToken, ended, personId } of state.grants.values()) {
    if (accessToken && !ended) {
      yield {
        at: accessToken.expiresAt,
        what: 'access token',
        whose: shownAs(state, personId),
      };
    }
  }
  for (const { grantId, expiresAt, replacedAt } of state.refreshTokens.values()) {
    if (replacedAt === undefined && state.grants.get(grantId)?.ended === false) {
      yield {
        at: expiresAt,
        what: 'refresh token',
        whose: whoseGrant(grantId),
      };
    }
  }
  yield* sessionEnds(state);
  for (const { due, event } of state.queued) {
    yield {
      at: due,
      what: 'delivery',
      whose: event.type,
    };
  }
}

/** Kinde's own session ends at a different time for each application that limits it. */
function* sessionEnds(state: State): Iterable<ClockEnd> {
  const lifetimes = state.applications.flatMap(({ tokens }) => tokens?.sessionLifetime ?? []);
  for (const lifetime of new Set(lifetimes)) {
    for (const { authTime, personId } of state.sessions.values()) {
      yield {
        at: authTime + lifetime,
        what: 'session',
        whose: shownAs(state, personId),
      };
    }
  }
}
