import { now } from '../clock.js';
import type { Opened } from '../crypto/seal.js';
import type { TokenClaims } from '../oauth/client.js';
import type { Standing, Verdict } from '../revocations/revocations.js';
import type { StoreBudget } from '../store/timeout.js';
import type { SessionContext } from './context.js';
import {
  keyOfId,
  claimsOf,
  newestToken,
  revocationSubjects,
  toStored,
  type Session,
} from './data.js';
import { adoptRecord, readRecord, type Records } from './record.js';
import { isId, isSession } from './shape.js';

/** Where a session was found. */
export interface Found {
  /** As it is kept. */
  readonly session: Session;
  /** The key that the store has for it. */
  readonly key?: string;
  /** The text that the store has under its key. */
  readonly text?: string;
  /** It is kept as another mode keeps sessions, and is to be taken over. */
  readonly isMoved?: boolean;
  /** From the cookie, since the store does not answer. */
  readonly isFallback?: boolean;
}

/** Why no session was found. */
type NotFound = 'expired' | 'unreadable' | 'replaced';

/**
 * Looks a session up: in the cookie, or in the store. Sessions that the other mode has kept are found, too, where they cannot
 * have been ended without a trace.
 * @throws KindeError `store_unavailable`.
 */
export async function findSession(
  records: Records,
  cookie: Opened['payload'],
): Promise<Found | NotFound> {
  const { id } = cookie;
  if (!isId(id)) {
    return 'unreadable';
  }
  const whole = isSession(cookie) ? cookie : undefined;
  if (!records.store) {
    // One that has a standing was, or may have been, ended in a store. Without that store nobody knows.
    return whole && whole.epoch === undefined ? { session: whole } : 'expired';
  }
  const { store, fallback } = records.config.session;
  if (!store && whole) {
    return { session: whole, isMoved: whole.epoch === undefined };
  }
  try {
    return await findRecord(records, id, whole);
  } catch (error) {
    if (fallback && whole && whole.expiresAt > now()) {
      return { session: whole, isFallback: true };
    }
    throw error;
  }
}

/** Looks a session up in the store; `whole` is the one in the cookie, if that holds more than an id. */
async function findRecord(
  records: Records,
  id: string,
  whole: Session | undefined,
): Promise<Found | NotFound> {
  const { store, groups } = records.config.session;
  const key = await keyOfId(id);
  const record = await readRecord(records, key, id);
  if (record && isSession(record.value)) {
    return { session: record.value, key, text: record.text, isMoved: !store };
  }
  if (!whole) {
    // Another request took it into its cookie, and this one was sent before the browser had that.
    return record ? 'replaced' : 'expired';
  }
  // A summary stands for a session that is in its cookie. One without a standing began where there was no store.
  if (groups && (record || whole.epoch === undefined)) {
    return { session: whole, key, isMoved: true, ...(record && { text: record.text }) };
  }
  return 'expired';
}

/** How a session is judged: with which records, and for how long the store may be waited for. */
interface Judging {
  readonly context: SessionContext;
  readonly records: Records;
  readonly budget: StoreBudget;
}

/**
 * The session as requests get it, if it was not revoked.
 * @throws KindeError `store_unavailable` where that is not known.
 */
export async function judgeSession(
  judging: Judging,
  found: Found,
  isOutdated: boolean,
): Promise<Session | 'expired'> {
  const { context } = judging;
  const { session, key, isMoved = false } = found;
  const { verdict, claims } = await askVerdict(judging, found);
  if (verdict?.isOver) {
    if (verdict.isRevoked) {
      await endRevoked(session, context);
    }
    return 'expired';
  }
  const { epoch, since, renewFrom = 0 } = verdict ?? {};
  const text = await adopt(judging, found, { epoch, since });
  if (text === ENDED) {
    return judgeAgain(judging, session);
  }
  // No literal here begins with a spread: V8 would give each session a shape of its own, and reading those is slow.
  const more = {
    renewFrom: Math.max(renewFrom, session.renewFrom ?? 0),
    epoch,
    since,
    claims,
    key,
    isOutdated: isOutdated || isMoved,
    ...(text !== undefined && { record: text }),
  };
  return Object.assign(toStored(session), more, found.isFallback && { isFallback: true });
}

/** Stands for the text of a record that another request was faster to write or to end. No encrypted text is like it. */
const ENDED = 'ended';

/** The text of a session's record, which is written first where it was kept in the other mode. */
async function adopt(
  { context, records }: Judging,
  { session, key, text, isMoved }: Found,
  standing: Standing,
): Promise<string | undefined> {
  if (!isMoved || !context.config.session.store) {
    return text;
  }
  return (await adoptRecord(records, { ...session, key, ...standing }, text)) ?? ENDED;
}

/** The verdict on a session, and the claims of its tokens if they had to be read for that. */
async function askVerdict(
  { context, budget }: Judging,
  { session, key, isFallback }: Found,
): Promise<{ verdict?: Verdict; claims?: TokenClaims | undefined }> {
  const { revocations } = context;
  if (!revocations) {
    return {};
  }
  let claims: TokenClaims | undefined;
  const about = () => {
    claims = claimsOf(session);
    return revocationSubjects({ ...session, key, claims });
  };
  const judge = isFallback ? revocations.judgeByKnown : revocations.judge;
  const verdict = await budget.spend(() => judge(session, about));
  return { verdict, claims };
}

/** Another request of the same browser may have taken the session over a moment ago. */
async function judgeAgain(judging: Judging, { id }: Session): Promise<Session | 'expired'> {
  const found = await findSession(judging.records, { id });
  if (typeof found === 'string') {
    return 'expired';
  }
  return judgeSession(judging, found, true);
}

/** Its tokens are at hand here, and nobody is to use them any more. */
async function endRevoked(
  session: Session,
  { endedSessions, oauth }: SessionContext,
): Promise<void> {
  await endedSessions.run(session.id, async () => 'over');
  const token = newestToken(session);
  if (token) {
    oauth.revoke(token).catch(() => {});
  }
}
