import { now } from '../clock.js';
import type { Config } from '../options/config.js';
import { keyOfId, groupsOf, keyOf, summarize, summaryOf, toStored, type Session } from './data.js';
import { MOST_AHEAD } from '../revocations/revocations.js';
import { storeUnavailable } from '../store/timeout.js';
import type { CachedSeal } from '../cache/seal-cache.js';
import type { Opened } from '../crypto/seal.js';
import type { SessionStore } from '../store/session-store.js';
import { isSession } from './shape.js';

/** Where records are kept, for one request or for all. */
export interface Records {
  /** Options with every default applied. */
  readonly config: Config;
  /** Encrypts and decrypts records. */
  readonly seal: CachedSeal;
  /** Holds whole sessions, or summaries of those in cookies. */
  readonly store: SessionStore | undefined;
}

/** In place of a record: a session that is, or was, in a cookie lives without one, so that it ended must be said. */
const TOMBSTONE = 'ended';
/** Tries to write over a record that others write, too. */
const TRIES = 5;

/** Records for no request in particular, or for one whose store is given. */
export function recordsOf(
  { config, seal }: Pick<Records, 'config' | 'seal'>,
  store: SessionStore | undefined = config.session.store ?? config.session.coordination,
): Records {
  return {
    config,
    seal,
    store,
  };
}

/**
 * Keeps a new session, then puts it where it can be found.
 * @throws KindeError `store_unavailable`.
 */
export async function createRecord(records: Records, session: Session): Promise<void> {
  const { store } = records;
  if (!store) {
    return;
  }
  const key = await keyOf(session);
  const value = await write(records, session);
  const maxAge = lifeOf(records, session);
  const save = () => store.set(key, value, maxAge);
  await save().catch(save);
  await addToGroups(records, { ...session, key }, groupsOf(session));
}

/**
 * Keeps a session that was in a cookie, where the store has nothing of it, or `from`. Returns the text of its record;
 * `undefined` where it ended, or where somebody else was faster.
 * @throws KindeError `store_unavailable`.
 */
export async function adoptRecord(
  records: Records,
  session: Session,
  from: string | undefined,
): Promise<string | undefined> {
  const to = await write(records, session);
  const change = { to, maxAge: lifeOf(records, session) };
  if (await records.store?.compareAndSet?.(await keyOf(session), from, change)) {
    return to;
  }
  return undefined;
}

/** A session as a store has it. */
export interface StoredRecord {
  /** A whole session, or a summary of one. */
  readonly value: Opened['payload'];
  /** The encrypted text of it. */
  readonly text: string;
}

/**
 * The record under a key, of the session with this id where that is known; `undefined` where the session ended.
 * @throws KindeError `store_unavailable`.
 */
export async function readRecord(
  records: Records,
  key: string,
  id?: string,
): Promise<StoredRecord | undefined> {
  const text: unknown = await records.store?.get(key);
  if (typeof text !== 'string' || text === '' || text === TOMBSTONE) {
    return undefined;
  }
  const value = await openRecord(records, text);
  // Under its own key, so that nobody who can write to the store hands one user the session of another.
  if (value && (await isUnder(key, value['id'], id))) {
    return { value, text };
  }
  return undefined;
}

async function isUnder(key: string, found: unknown, id: string | undefined): Promise<boolean> {
  return (id !== undefined && found === id) || (await keyOfId(String(found))) === key;
}

/** A session as it was read, and as it goes on. */
export type SessionChange = Readonly<Record<'from' | 'to', Session>>;

/**
 * Writes a session that goes on over what was read, never over anything newer: what ended does not come back, and newer
 * tokens stay. Returns whether the session is still alive.
 * @throws KindeError `store_unavailable`.
 */
export async function saveRecord(records: Records, change: SessionChange): Promise<boolean> {
  const { store } = records;
  if (!store) {
    return true;
  }
  const key = await keyOf(change.from);
  const from = { ...change.from, key };
  let text = (store.compareAndSet && from.record) ?? (await store.get(key));
  const userAgent = await userAgentOf(records, change.to, text);
  let { renewFrom = 0 } = change.to;
  for (let tries = TRIES; tries > 0; tries--) {
    if (isGone(records, text)) {
      return false;
    }
    const to = { ...change.to, key, userAgent, renewFrom };
    if (await replaceRecord(records, store, text, to)) {
      await joinGroups(records, { from, to }, text === undefined);
      return true;
    }
    text = await store.get(key);
    const current = await openRecord(records, text);
    if (current && !isOlder(current, change)) {
      return true;
    }
    renewFrom = Math.max(renewFrom, Number(current?.['renewFrom'] ?? 0));
  }
  return true;
}

/** Was the session ended in the store? A session in the cookie may have no record yet. */
function isGone({ config }: Records, text: string | undefined): boolean {
  return text === TOMBSTONE || (text === undefined && config.session.store !== undefined);
}

/** The browser's user agent: a cookie does not carry it, but the summary of its session in the store does. */
async function userAgentOf(
  records: Records,
  session: Session,
  text: string | undefined,
): Promise<string | undefined> {
  const summary = records.config.session.store ? undefined : await openRecord(records, text);
  return summary ? summaryOf(summary).userAgent : session.userAgent;
}

/** Writes a record in place of `text`, unless the store has another one by now. */
async function replaceRecord(
  records: Records,
  store: SessionStore,
  text: string | undefined,
  to: Session,
): Promise<boolean> {
  const key = await keyOf(to);
  const change = { to: await write(records, to), maxAge: lifeOf(records, to) };
  const save = async (): Promise<unknown> => {
    if (store.compareAndSet) {
      return store.compareAndSet(key, text, change);
    }
    // A store that cannot compare writes over whatever is there.
    return store.set(key, change.to, change.maxAge);
  };
  return (await save().catch(save)) !== false;
}

/** Is the record that another process wrote older than this change, so that the change is to be written over it? */
function isOlder(current: Opened['payload'], { from, to }: SessionChange): boolean {
  const hasOtherToken = 'refreshToken' in current && current['refreshToken'] !== from.refreshToken;
  return !hasOtherToken && to.refreshToken !== from.refreshToken;
}

/** Adds a session to the groups that it was not in. */
async function joinGroups(
  records: Records,
  { from, to }: SessionChange,
  isNew: boolean,
): Promise<void> {
  // Names of groups are made with a secret, too: those that a retired one made will not be looked at any more.
  const before = isNew || from.isOutdated ? [] : groupsOf(from);
  const added = groupsOf(to).filter((group) => !before.includes(group));
  await addToGroups(records, to, added);
}

/**
 * Ends a session for every process.
 * @throws KindeError `store_unavailable`.
 */
export async function removeRecord({ store, config }: Records, name: string): Promise<void> {
  // Where sessions are taken over from cookies, they would be once more.
  if (config.session.groups) {
    await store?.set(name, TOMBSTONE, config.session.maxAge);
  } else {
    await store?.delete(name);
  }
}

/**
 * Has the tokens of a session in the store refreshed at its next request.
 * @throws KindeError `store_unavailable`.
 */
export async function markStale(records: Records, name: string): Promise<void> {
  const { store } = records;
  if (!store?.compareAndSet) {
    return;
  }
  for (let tries = TRIES; tries > 0; tries--) {
    const found = await readRecord(records, name);
    // A summary is of a session that is in its cookie.
    if (!found || !isSession(found.value)) {
      return;
    }
    const session: Session = found.value;
    const { seenAt, renewFrom = 0 } = session;
    // Later than whatever is fresh by now or will be, when a refresh that is under way comes back.
    const later = Math.min(1 + Math.max(now(), seenAt, renewFrom), now() + MOST_AHEAD);
    if (later <= renewFrom) {
      return;
    }
    const change = {
      to: await write(records, { ...session, renewFrom: later }),
      maxAge: lifeOf(records, session),
    };
    if (await store.compareAndSet(name, found.text, change)) {
      return;
    }
  }
}

async function openRecord(
  records: Records,
  text: string | undefined,
): Promise<Opened['payload'] | undefined> {
  if (text === undefined) {
    return undefined;
  }
  const opened = await records.seal.openCached(text, 'store');
  // Another process may be able to read it, so that it is not there must not be said.
  if (!opened && (await records.seal.isForeign(text))) {
    throw storeUnavailable(
      'A session in the store is encrypted with a secret, or by a version of this package, that this process does not have.',
    );
  }
  return opened?.payload;
}

async function addToGroups(
  records: Records,
  session: Session,
  groups: readonly string[],
): Promise<void> {
  const { config, store } = records;
  if (!config.session.groups || !store?.addToGroup || groups.length === 0) {
    return;
  }
  const key = await keyOf(session);
  const names = await Promise.all(groups.map((group) => records.seal.names(group)));
  await Promise.all(names.map(([name]) => store.addToGroup?.(name, key, lifeOf(records, session))));
}

function write(records: Records, session: Session): Promise<string> {
  const value = records.config.session.store ? toStored(session) : summarize(session);
  return records.seal.seal(value, 'store', lifeOf(records, session));
}

function lifeOf({ config }: Records, { startedAt }: Session): number {
  return Math.max(1, startedAt + config.session.maxAge - now());
}
