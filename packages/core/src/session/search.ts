import { now } from '../clock.js';
import type { SessionContext } from './context.js';
import { newestToken, toStored, revocationSubjects, type Session } from './data.js';
import type { StoreBudget } from '../store/timeout.js';
import { adoptRecord, readRecord, type Records } from './record.js';
import { hash } from '../crypto/hash.js';
import type { Opened } from '../crypto/seal.js';
import { isId, isSession } from './shape.js';

/** Where a session was found. */
export interface Found {
  /** As it is kept. */
  readonly session: Session;
  /** What the store has under its name. */
  readonly text?: string;
  /** It is kept as another mode keeps sessions, and is to be taken over. */
  readonly isMoved?: boolean;
  /** From the cookie, since the store does not answer. */
  readonly isFallback?: boolean;
}

/**
 * Looks a session up: in the cookie, or in the store. What the other mode has kept is found, too, where it cannot have been
 * ended without a trace.
 * @throws KindeError `store_unavailable`.
 */
export async function findSession(
  records: Records,
  cookie: Opened['payload'],
): Promise<Found | 'expired' | 'unreadable' | 'replaced'> {
  const { store, fallback, groups } = records.config.session;
  const whole = isSession(cookie) ? cookie : undefined;
  const { id } = cookie;
  if (!isId(id)) {
    return 'unreadable';
  }
  // One that has a standing was, or may have been, ended in a store. Without that store nobody knows.
  if (!records.store) {
    if (whole && whole.epoch === undefined) {
      return { session: whole };
    }
    return 'expired';
  }
  if (!store && whole) {
    return { session: whole, isMoved: whole.epoch === undefined };
  }
  try {
    const record = await readRecord(records, await hash(id));
    const value: object | undefined = record?.value;
    if (isSession(value)) {
      return {
        session: value,
        text: record!.text,
        isMoved: !store,
      };
    }
    // Another request took it into its cookie, and this one was sent before the browser had that.
    if (record && !whole) {
      return 'replaced';
    }
    // A card stands for a session that is in its cookie. One without a standing began where there was no store.
    const isMoved =
      whole !== undefined &&
      groups !== undefined &&
      (record !== undefined || whole.epoch === undefined);
    if (isMoved) {
      return {
        session: whole,
        isMoved,
        ...(record && { text: record.text }),
      };
    }
    return 'expired';
  } catch (error) {
    if (fallback && whole && whole.expiresAt > now()) {
      return { session: whole, isFallback: true };
    }
    throw error;
  }
}

/** What judging goes by. */
interface Judging {
  readonly context: SessionContext;
  readonly records: Records;
  readonly budget: StoreBudget;
}

/**
 * The session as requests get it, if nothing was said against it.
 * @throws KindeError `store_unavailable` where that is not known.
 */
export async function judgeSession(
  { context, records, budget }: Judging,
  found: Found,
  isOutdated: boolean,
): Promise<Session | 'expired'> {
  const { session, isMoved = false, isFallback = false } = found;
  const { revocations, config } = context;
  const about = () => revocationSubjects(session);
  const judge = isFallback ? revocations?.judgeByKnown : revocations?.judge;
  const verdict = judge && (await budget.spend(() => judge(session, about)));
  if (verdict?.isOver) {
    if (verdict.isRevoked) {
      await revoked(session, context);
    }
    return 'expired';
  }
  const { epoch, since } = verdict ?? {};
  let { text } = found;
  if (isMoved && config.session.store) {
    text = await adoptRecord(
      records,
      {
        ...session,
        epoch,
        since,
      },
      text,
    );
    if (text === undefined) {
      return again(
        {
          context,
          records,
          budget,
        },
        session,
      );
    }
  }
  const renewFrom = Math.max(verdict?.renewFrom ?? 0, session.renewFrom ?? 0);
  // No literal here begins with a spread: V8 would give each session a shape of its own, and reading those is slow.
  const more = {
    renewFrom,
    epoch,
    since,
    isOutdated: isOutdated || isMoved,
    ...(text !== undefined && { record: text }),
  };
  return Object.assign(toStored(session), more, isFallback && { isFallback });
}

/** Another request of the same browser may have taken the session over a moment ago. */
async function again(judging: Judging, { id }: Session): Promise<Session | 'expired'> {
  const found = await findSession(judging.records, { id });
  if (typeof found === 'string') {
    return 'expired';
  }
  return judgeSession(judging, found, true);
}

/** Its tokens are at hand here, and nobody is to use them any more. */
async function revoked(session: Session, { endedSessions, oauth }: SessionContext): Promise<void> {
  await endedSessions.run(session.id, async () => 'over');
  const token = newestToken(session);
  if (token) {
    oauth.revoke(token).catch(() => {});
  }
}
