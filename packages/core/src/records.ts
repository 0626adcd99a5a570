import { now } from './clock.js';
import type { Context, Held } from './context.js';
import type { Tokens } from './oauth.js';
import { unavailable } from './patience.js';
import { hash, type Opened } from './seal.js';
import type { SessionStore } from './store.js';
import { readClaims } from './tokens.js';

/** A session at rest: the tokens, its times in Unix seconds, and the id that a store knows it by (hashed). */
export interface Session extends Tokens {
  readonly id: string;
  readonly startedAt: number;
  readonly seenAt: number;
  /** What the browser called itself at the start. Only where there is a record. */
  readonly userAgent?: string | undefined;
  /** Tokens that were asked for before this second are to be renewed before they are used. Kept while that is to be done. */
  readonly renewFrom?: number | undefined;
  /** The answer to the renewal of these tokens, which cannot be judged yet. */
  readonly unjudged?: Held | undefined;
  /** Code of its organization, where an access token came that names none. */
  readonly organization?: string | undefined;
  /** A renewal brought tokens for another organization, so none come after these. */
  readonly isPinned?: boolean | undefined;
  /** What the store held when it was read. Not kept. */
  readonly record?: string;
  /** Sealed with a secret that is being retired. Not kept. */
  readonly isOutdated?: boolean;
  /** From the cookie, since the store does not answer. Not kept. */
  readonly isFallback?: boolean;
}

/** What a store says about a session whose tokens are in the cookie: enough to list it and to end it. */
export interface Card extends Pick<Session, 'id' | 'startedAt' | 'seenAt' | 'userAgent'> {
  readonly sub: string;
  readonly orgCode: string | undefined;
}

/** In place of a record: a session in a cookie lives without one, so that it ended must be said. */
const ENDED = 'ended';
/** Tries to write over a record that others write, too. */
const TRIES = 5;

/** The groups in which a session is found: its person, its organization, and Kinde's own session. */
export function groupsOf({ idToken, accessToken }: Tokens): string[] {
  const { sub, sid } = readClaims(idToken);
  const org = readClaims(accessToken)['org_code'];
  return [
    `user ${sub}`,
    ...(typeof org === 'string' ? [`organization ${org}`] : []),
    ...(typeof sid === 'string' ? [`sid ${sid}`] : []),
  ];
}

/** Where records are: whole sessions, or cards of those in cookies. */
function storeOf({ config }: Context): SessionStore | undefined {
  return config.session.store ?? config.session.shared;
}

/**
 * Keeps a new session, then puts it where it can be found.
 * @throws KindeError `store_unavailable`.
 */
export async function createRecord(context: Context, session: Session): Promise<void> {
  const store = storeOf(context);
  if (!store) return;
  const [id, value, maxAge] = [await hash(session.id), await write(context, session), lifeOf(context, session)];
  const save = () => store.set(id, value, maxAge);
  await save().catch(save);
  await enlist(context, session, groupsOf(session));
}

/**
 * What the store has under a name that `hash` made, with the text of it; `undefined` where the session is over.
 * @throws KindeError `store_unavailable`.
 */
export async function readRecord(
  context: Context,
  name: string,
): Promise<{ value: Opened['payload']; text: string } | undefined> {
  const text: unknown = await storeOf(context)?.get(name);
  if (typeof text !== 'string' || text === '' || text === ENDED) return undefined;
  const value = await openRecord(context, text);
  // Under its own name, so that nobody who can write to the store hands one person the session of another.
  return value && (await hash(String(value['id']))) === name ? { value, text } : undefined;
}

/**
 * Writes a session that goes on over what was read, never over anything newer: what ended does not come back, and newer
 * tokens stay. Answers whether the session still lives.
 * @throws KindeError `store_unavailable`.
 */
export async function saveRecord(context: Context, { from, to }: { from: Session; to: Session }): Promise<boolean> {
  const store = storeOf(context);
  if (!store) return true;
  const id = await hash(from.id);
  let text = (store.swap && from.record) ?? (await store.get(id));
  // A cookie does not carry what the browser called itself.
  const card = context.config.session.store ? undefined : await openRecord(context, text);
  const userAgent = card ? viewOf(card).userAgent : to.userAgent;
  let { renewFrom = 0 } = to;
  for (let tries = TRIES; tries > 0; tries--) {
    if (text === ENDED || (text === undefined && context.config.session.store)) return false;
    const change = { to: await write(context, { ...to, userAgent, renewFrom }), maxAge: lifeOf(context, to) };
    const save = async () => (store.swap ? store.swap(id, text, change) : store.set(id, change.to, change.maxAge));
    // A store that cannot compare writes over whatever is there.
    if ((await save().catch(save)) !== false) {
      // Names of groups are made with a secret, too: those that a retired one made will not be looked at any more.
      const before = text === undefined || from.isOutdated ? [] : groupsOf(from);
      await enlist(
        context,
        to,
        groupsOf(to).filter((group) => !before.includes(group)),
      );
      return true;
    }
    text = await store.get(id);
    const current = await openRecord(context, text);
    const isNewer = current && 'refreshToken' in current && current['refreshToken'] !== from.refreshToken;
    if (isNewer || (current && to.refreshToken === from.refreshToken)) return true;
    renewFrom = Math.max(renewFrom, Number(current?.['renewFrom'] ?? 0));
  }
  return true;
}

/** The session is over, for every process. */
export async function removeRecord(context: Context, name: string): Promise<void> {
  const { store, shared, maxAge } = context.config.session;
  if (store) await store.delete(name);
  else await shared?.set(name, ENDED, maxAge);
}

/**
 * Asks for the tokens of a session in the store to be renewed at its next request.
 * @throws KindeError `store_unavailable`.
 */
export async function markStale(context: Context, name: string): Promise<void> {
  const { store } = context.config.session;
  if (!store?.swap) return;
  for (let tries = TRIES; tries > 0; tries--) {
    const found = await readRecord(context, name);
    if (!found) return;
    const session = found.value as unknown as Session;
    const { seenAt, renewFrom = 0 } = session;
    // Later than whatever is fresh by now or will be, when a renewal that is under way comes back.
    const later = 1 + Math.max(now(), seenAt, renewFrom);
    const change = { to: await write(context, { ...session, renewFrom: later }), maxAge: lifeOf(context, session) };
    if (await store.swap(name, found.text, change)) return;
  }
}

async function openRecord(context: Context, text: string | undefined): Promise<Opened['payload'] | undefined> {
  if (text === undefined) return undefined;
  const opened = await context.seal.reopen(text, 'store');
  // Another process may be able to read it, so that it is not there must not be said.
  if (!opened && (await context.seal.isForeign(text)))
    throw unavailable('A session in the store is encrypted in a version, or with a secret, that is not known here.');
  return opened?.payload;
}

async function enlist(context: Context, session: Session, groups: readonly string[]): Promise<void> {
  const store = context.config.session.groups;
  if (!store || groups.length === 0) return;
  const id = await hash(session.id);
  const names = await Promise.all(groups.map((group) => context.seal.names(group)));
  await Promise.all(names.map(([name]) => store.enlist(name, id, lifeOf(context, session))));
}

function write(context: Context, session: Session): Promise<string> {
  const value = context.config.session.store ? pick(session) : cardOf(session);
  return context.seal.seal(value, 'store', lifeOf(context, session));
}

function lifeOf({ config }: Context, { startedAt }: Session): number {
  return Math.max(1, startedAt + config.session.maxAge - now());
}

/** A record of either kind, as a card. */
export function viewOf(record: Readonly<Record<string, unknown>>): Card {
  return 'accessToken' in record ? cardOf(record as unknown as Session) : (record as unknown as Card);
}

function cardOf({ id, startedAt, seenAt, userAgent, idToken, accessToken }: Session): Card {
  const org = readClaims(accessToken)['org_code'];
  const orgCode = typeof org === 'string' ? org : undefined;
  return { id, startedAt, seenAt, userAgent, sub: String(readClaims(idToken).sub), orgCode };
}

/** Exactly the members of a session that are kept, whatever else an object may carry. */
export function pick(session: Session): Session {
  const { id, accessToken, idToken, refreshToken, expiresAt, startedAt, seenAt, userAgent, renewFrom = 0 } = session;
  const { unjudged, organization, isPinned } = session;
  return {
    id,
    accessToken,
    idToken,
    refreshToken,
    expiresAt,
    startedAt,
    seenAt,
    userAgent,
    renewFrom: renewFrom > seenAt ? renewFrom : undefined,
    unjudged,
    organization,
    isPinned,
  };
}
