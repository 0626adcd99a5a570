// The revocation feed of all processes that share a store, read by each every 5 seconds.

import { stopwatch } from '@kindling/internal';
import { deadlineIn, now, within } from '../clock.js';
import { createRevocationLog, type RevocationLog } from './log.js';
import type { Known } from './reader.js';
import type { Notice } from './page.js';
import { storeUnavailable } from '../store/timeout.js';
import type { Seal } from '../crypto/seal.js';
import type { SessionStore } from '../store/session-store.js';

/** The revocation feed: what concerns many sessions at once, such as all sessions of a user. */
export interface Revocations {
  /**
   * Where a session stands that begins now. What was said before does not concern it, what is said from here on does.
   * @throws KindeError `store_unavailable`.
   */
  begin(): Promise<Standing>;
  /**
   * Revokes the sessions that began before this, in all processes that share the store. With `until`, only those among them
   * that began by that Unix second. @throws KindeError `store_unavailable`.
   */
  revoke(about: string, until?: number): Promise<void>;
  /**
   * Has tokens that were asked for before now refreshed before they are used, in all processes that share the store.
   * @throws KindeError `store_unavailable`.
   */
  markStale(about: string): Promise<void>;
  /** Asks the store if that is due, so that `judge` need not wait for it. @throws KindeError `store_unavailable`. */
  reload(): Promise<void>;
  /**
   * The verdict on a session, a few seconds old at most. `about` is only asked while something was said; its answer is
   * remembered for the given object.
   * @throws KindeError `store_unavailable` where that is not known.
   */
  judge(session: Judged, about: () => Promise<readonly string[]>): Promise<Verdict>;
  /** The same by what this process knows, however old, where the store does not answer. */
  judgeByKnown(session: Judged, about: () => Promise<readonly string[]>): Promise<Verdict>;
}

/** A place in the order in which sessions begin and end. */
export interface Standing {
  /** Name of the order, which begins anew when the store has lost what was said. */
  readonly epoch?: string | undefined;
  /** How much had been said by then. */
  readonly since?: number | undefined;
}

/** The part of a session that is judged. One without a standing began where there was no store, and is judged by its time. */
export interface Judged extends Standing {
  /** Unix seconds. */
  readonly startedAt: number;
}

/** The verdict on a session. */
export interface Verdict extends Standing {
  /** It is over: somebody said so, or nobody knows any more what was said. */
  readonly isOver: boolean;
  /** Somebody said so. */
  readonly isRevoked?: boolean;
  /** Tokens that were asked for before this second are to be refreshed. */
  readonly renewFrom: number;
}

/** The subject of revocations that concern every session. */
export const EVERYONE = 'all';

/** Seconds for which a process goes by what it read last without asking the store. */
const FRESH_TTL = 5;
/** Seconds for which it goes by what it read last where the store does not answer. */
const KNOWN_TTL = 300;
/** Seconds that a request waits for the log where what was read last will do. */
const RELOAD_TIMEOUT = 0.75;
/** First letters of notices in the log. Sessions are revoked. */
const END = 'e';
/** Sessions are revoked that began by a time which Kinde named. */
const ORDER = 'o';
/** Tokens are to be refreshed. */
const RENEW = 'r';
/** Seconds by which a refresh is asked for ahead of time, at most, where one follows upon the other. */
export const MOST_AHEAD = 60;
/** Characters of a name that are kept: 132 bits. */
const NAME_LENGTH = 22;

/** Notices in a store that processes share. `title` tells the app from others in the same store. */
export function createRevocations(
  store: Required<SessionStore>,
  seal: Seal,
  { title, maxAge }: { title: string; maxAge: number },
): Revocations {
  const log = createRevocationLog(store, `notices ${title}`, maxAge);
  const names = createNames(seal);
  const { read, reload, justRead } = createPolling(log);
  const say = async (
    kind: string,
    about: string,
    { at, until = 0 }: { at: number; until?: number },
  ) => {
    const [name] = await names.of(about);
    await log.append({ key: kind + name, at, until });
    justRead();
  };
  return Object.freeze({
    reload,
    async begin() {
      const { epoch, seq } = await read();
      return { epoch, since: seq };
    },
    revoke: (about, until) =>
      say(until === undefined ? END : ORDER, about, { at: now(), until: until ?? 0 }),
    async markStale(about) {
      const { latest } = await read();
      const before = (await names.of(about, EVERYONE)).map(
        (name) => latest.get(RENEW + name)?.at ?? 0,
      );
      // Later than what tokens are fresh by that were renewed this second because of what was said before.
      const at = 1 + Math.max(now() + (about === EVERYONE ? 1 : 0), ...before);
      await say(RENEW, about, { at: Math.min(at, now() + MOST_AHEAD) });
    },
    async judge(session, about) {
      await reload();
      let known = log.known();
      // It began a moment ago, in another process. Or the store lost what was said.
      if (!known || !isOfEpoch(session, known)) {
        known = await read();
      }
      if (!isOfEpoch(session, known)) {
        return { isOver: true, renewFrom: 0 };
      }
      return lookUp(
        known,
        session,
        await (known.latest.size > 0 ? names.about(session, about) : []),
      );
    },
    async judgeByKnown(session, about) {
      const known = log.known();
      if (!known) {
        return { isOver: false, renewFrom: 0 };
      }
      return lookUp(known, session, await names.about(session, about));
    },
  } satisfies Revocations);
}

/** Reads the log of one process, and asks the store for it no more often than is due. */
function createPolling(log: RevocationLog) {
  const never = () => Infinity;
  // Ages, which a clock that is set does not shorten.
  let sinceRead = never;
  let sinceFailed = never;
  const read = async (): Promise<Known> => {
    await log.sync();
    sinceRead = stopwatch();
    const known = log.known();
    if (!known) {
      throw storeUnavailable('The revocation log in the session store could not be read.');
    }
    return known;
  };
  const reload = async (): Promise<void> => {
    if (sinceRead() < FRESH_TTL) {
      return;
    }
    const isKnown = sinceRead() < KNOWN_TTL;
    if (isKnown && sinceFailed() < FRESH_TTL) {
      return;
    }
    // A request has no more than two seconds for its store: some of it has to be left where what is known will do.
    const reading = isKnown
      ? within(deadlineIn(RELOAD_TIMEOUT), read(), () =>
          storeUnavailable('The session store did not answer in time.'),
        )
      : read();
    await reading.catch((error: unknown) => {
      sinceFailed = stopwatch();
      if (!isKnown) {
        throw error;
      }
    });
  };
  return { read, reload, justRead: () => void (sinceRead = stopwatch()) };
}

/** Names by which notices are found, each made with every secret. */
function createNames(seal: Seal) {
  const known = new WeakMap<object, readonly string[]>();
  const of = async (...texts: readonly string[]) =>
    (await Promise.all(texts.map((text) => seal.names(text))))
      .flat()
      .map((name) => name.slice(0, NAME_LENGTH));
  return {
    of,
    /** Those of a session, and of everybody. */
    async about(session: object, about: () => Promise<readonly string[]>) {
      const found = known.get(session) ?? (await of(...(await about()), EVERYONE));
      known.set(session, found);
      return found;
    },
  };
}

function isOfEpoch({ epoch, since = 0 }: Standing, known: Known): boolean {
  return epoch === undefined || (epoch === known.epoch && since <= known.seq);
}

function lookUp({ epoch, seq, latest }: Known, session: Judged, names: readonly string[]): Verdict {
  let isOver = false;
  let renewFrom = 0;
  for (const name of names) {
    isOver ||= isEnded(latest, name, session);
    renewFrom = Math.max(renewFrom, latest.get(RENEW + name)?.at ?? 0);
  }
  const standing = { epoch: session.epoch ?? epoch, since: session.since ?? seq };
  return {
    isOver,
    isRevoked: isOver,
    renewFrom,
    ...standing,
  };
}

function isEnded(
  latest: Known['latest'],
  name: string,
  { epoch, since = 0, startedAt }: Judged,
): boolean {
  const end = latest.get(END + name);
  const order = latest.get(ORDER + name);
  const isEarlier = (notice: Notice) => {
    if (epoch === undefined) {
      return startedAt <= notice.at;
    }
    return since < notice.seq;
  };
  return Boolean(
    (end && isEarlier(end)) || (order && isEarlier(order) && startedAt <= order.until),
  );
}
