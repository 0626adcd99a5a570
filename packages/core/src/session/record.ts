import { now } from '../clock.js';
import type { Config } from '../options/config.js';
import { summarize, groupsOf, toStored, summaryOf, type Session } from './data.js';
import { MOST_AHEAD } from '../revocations/revocations.js';
import { storeUnavailable } from '../store/timeout.js';
import type { CachedSeal } from '../cache/seal-cache.js';
import { hash } from '../crypto/hash.js';
import type { Opened } from '../crypto/seal.js';
import type { SessionStore } from '../store/session-store.js';
import { isSession } from './shape.js';

export type { Session } from './data.js';

/** Where records are kept, for one request or for all. */
export interface Records {
  readonly config: Config;
  readonly seal: CachedSeal;
  /** Whole sessions, or cards of those in cookies. */
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
  const id = await hash(session.id);
  const value = await write(records, session);
  const maxAge = lifeOf(records, session);
  const save = () => store.set(id, value, maxAge);
  await save().catch(save);
  await addToGroups(records, session, groupsOf(session));
}

/**
 * Keeps a session that was in a cookie, where the store has nothing of it, or `from`. Answers the text of its record;
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
  if (await records.store?.compareAndSet?.(await hash(session.id), from, change)) {
    return to;
  }
  return undefined;
}

/**
 * What the store has under a name that `hash` made, with the text of it; `undefined` where the session is over.
 * @throws KindeError `store_unavailable`.
 */
export async function readRecord(
  records: Records,
  name: string,
): Promise<{ value: Opened['payload']; text: string } | undefined> {
  const text: unknown = await records.store?.get(name);
  if (typeof text !== 'string' || text === '' || text === TOMBSTONE) {
    return undefined;
  }
  const value = await openRecord(records, text);
  // Under its own name, so that nobody who can write to the store hands one person the session of another.
  if (value && (await hash(String(value['id']))) === name) {
    return { value, text };
  }
  return undefined;
}

/**
 * Writes a session that goes on over what was read, never over anything newer: what ended does not come back, and newer
 * tokens stay. Answers whether the session still lives.
 * @throws KindeError `store_unavailable`.
 */
export async function saveRecord(
  records: Records,
  { from, to }: { from: Session; to: Session },
): Promise<boolean> {
  const { store, config } = records;
  if (!store) {
    return true;
  }
  const id = await hash(from.id);
  let text = (store.compareAndSet && from.record) ?? (await store.get(id));
  // A cookie does not carry what the browser called itself.
  const card = config.session.store ? undefined : await openRecord(records, text);
  const userAgent = card ? summaryOf(card).userAgent : to.userAgent;
  let { renewFrom = 0 } = to;
  for (let tries = TRIES; tries > 0; tries--) {
    if (text === TOMBSTONE || (text === undefined && config.session.store)) {
      return false;
    }
    const change = {
      to: await write(records, {
        ...to,
        userAgent,
        renewFrom,
      }),
      maxAge: lifeOf(records, to),
    };
    const save = async () => {
      if (store.compareAndSet) {
        return store.compareAndSet(id, text, change);
      }
      return store.set(id, change.to, change.maxAge);
    };
    // A store that cannot compare writes over whatever is there.
    if ((await save().catch(save)) !== false) {
      // Names of groups are made with a secret, too: those that a retired one made will not be looked at any more.
      const before = text === undefined || from.isOutdated ? [] : groupsOf(from);
      await addToGroups(
        records,
        to,
        groupsOf(to).filter((group) => !before.includes(group)),
      );
      return true;
    }
    text = await store.get(id);
    const current = await openRecord(records, text);
    const isNewer =
      current && 'refreshToken' in current && current['refreshToken'] !== from.refreshToken;
    if (isNewer || (current && to.refreshToken === from.refreshToken)) {
      return true;
    }
    renewFrom = Math.max(renewFrom, Number(current?.['renewFrom'] ?? 0));
  }
  return true;
}

/**
 * The session is over, for every process.
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
 * Asks for the tokens of a session in the store to be renewed at its next request.
 * @throws KindeError `store_unavailable`.
 */
export async function markStale(records: Records, name: string): Promise<void> {
  const { store } = records;
  if (!store?.compareAndSet) {
    return;
  }
  for (let tries = TRIES; tries > 0; tries--) {
    const found = await readRecord(records, name);
    const session: object | undefined = found?.value;
    // A card is of a session that is in its cookie.
    if (!isSession(session)) {
      return;
    }
    const { seenAt, renewFrom = 0 } = session;
    // Later than whatever is fresh by now or will be, when a renewal that is under way comes back.
    const later = Math.min(1 + Math.max(now(), seenAt, renewFrom), now() + MOST_AHEAD);
    if (later <= renewFrom) {
      return;
    }
    const change = {
      to: await write(records, { ...session, renewFrom: later }),
      maxAge: lifeOf(records, session),
    };
    if (await store.compareAndSet(name, found!.text, change)) {
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
      'A session in the store is encrypted in a version, or with a secret, that is not known here.',
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
  const id = await hash(session.id);
  const names = await Promise.all(groups.map((group) => records.seal.names(group)));
  await Promise.all(names.map(([name]) => store.addToGroup!(name, id, lifeOf(records, session))));
}

function write(records: Records, session: Session): Promise<string> {
  const value = records.config.session.store ? toStored(session) : summarize(session);
  return records.seal.seal(value, 'store', lifeOf(records, session));
}

function lifeOf({ config }: Records, { startedAt }: Session): number {
  return Math.max(1, startedAt + config.session.maxAge - now());
}
