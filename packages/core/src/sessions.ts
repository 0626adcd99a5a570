import { now } from './clock.js';
import type { Context } from './context.js';
import { KindeError } from './errors.js';
import type { HttpRequest } from './http.js';
import { ALL } from './notices.js';
import { markStale, readRecord, removeRecord, viewOf, type Card } from './records.js';
import { hash } from './seal.js';
import { readSession } from './session.js';

/** A session as its owner may see it. Times are Unix seconds. */
export interface SessionInfo {
  /** A handle for `revoke`. It is not the session's id: nobody becomes anybody with it. */
  readonly id: string;
  readonly startedAt: number;
  /** When it was active last, a tenth of the idle time accurate. */
  readonly seenAt: number;
  /** What the browser called itself at the start. */
  readonly userAgent: string | undefined;
  readonly orgCode: string | undefined;
  /** The session of the request that was given. */
  readonly isCurrent: boolean;
}

/**
 * Sessions of people who are not the ones asking, so who may ask is for the app to say. All of these need a store with
 * groups, in `session.store` or `session.shared`, and throw KindeError `config_invalid` without one, `store_unavailable`
 * while it does not answer. Sessions that begin later are not touched; a request under way brings none back.
 */
export interface Sessions {
  /** The sessions of a person, newest first. With a request, its own is marked. */
  list(userId: string, request?: HttpRequest): Promise<SessionInfo[]>;
  /** Ends one session of this person, by its handle. `false`: they have none of that handle. */
  revoke(userId: string, id: string): Promise<boolean>;
  /** Signs a person out everywhere. */
  revokeUser(userId: string): Promise<void>;
  /** Ends all sessions for an organization. */
  revokeOrganization(orgCode: string): Promise<void>;
  /** Renews a person's tokens at their next request, so that what changed at Kinde shows. */
  refreshUser(userId: string): Promise<void>;
  /** Renews everybody's tokens at their next request: roles or permissions changed. Known everywhere within 5 seconds. */
  refreshAll(): Promise<void>;
}

/** Binds the verbs to one app. */
export function createSessions(context: Context): Sessions {
  const notices = () => {
    if (!context.notices) throw needsGroups();
    return context.notices;
  };
  return Object.freeze({
    async list(userId, request) {
      const current = request && (await readSession(request, context));
      const own = typeof current === 'object' ? await hash(current.id) : undefined;
      const found = await membersOf(context, `user ${text(userId)}`);
      return found
        .filter(({ card }) => card.sub === userId)
        .sort((a, b) => b.card.startedAt - a.card.startedAt)
        .map(({ name, card: { startedAt, seenAt, userAgent, orgCode } }) =>
          Object.freeze({ id: name, startedAt, seenAt, userAgent, orgCode, isCurrent: name === own }),
        );
    },
    async revoke(userId, id) {
      const found = await membersOf(context, `user ${text(userId)}`);
      const own = found.find(({ name, card }) => name === id && card.sub === userId);
      if (!own) return false;
      if (!context.config.session.store) await notices().end(`session ${id}`, endOf([own]));
      await removeRecord(context, id);
      return true;
    },
    revokeUser: (userId) => endSessions(context, `user ${text(userId)}`),
    revokeOrganization: (orgCode) => endSessions(context, `organization ${text(orgCode)}`),
    async refreshUser(userId) {
      const about = `user ${text(userId)}`;
      if (!context.config.session.store) return notices().renew(about);
      await each(await namesOf(context, about), (name) => markStale(context, name));
    },
    refreshAll: () => notices().renew(ALL),
  } satisfies Sessions);
}

/**
 * Ends all sessions of a group, or those that began no later than `issuedAt`.
 * @throws KindeError `config_invalid`, `store_unavailable`.
 */
export async function endSessions(context: Context, about: string, issuedAt?: number): Promise<void> {
  const { store } = context.config.session;
  const names = await namesOf(context, about);
  const found = store && issuedAt === undefined ? [] : await cardsOf(context, names);
  // What is in a cookie has to be told; a session in the store is over when its record is.
  if (!store) await context.notices?.end(about, issuedAt ?? endOf(found));
  const meant = found.filter(({ card }) => card.startedAt <= issuedAt!).map(({ name }) => name);
  await each(issuedAt === undefined ? names : meant, (name) => removeRecord(context, name));
}

/** Now, unless a session began later: one that began in the second in which others were ended counts from the next. */
function endOf(found: readonly Found[]): number {
  return found.reduce((latest, { card }) => Math.max(latest, card.startedAt), now());
}

/** Names of the records in a group. Ones from before the secret was changed are in a group of another name. */
async function namesOf({ config, seal }: Context, about: string): Promise<string[]> {
  const store = config.session.groups;
  if (!store) throw needsGroups();
  const groups = await seal.names(about);
  return [...new Set((await Promise.all(groups.map((group) => store.members(group)))).flat())];
}

interface Found {
  readonly name: string;
  readonly card: Card;
}

async function membersOf(context: Context, about: string): Promise<Found[]> {
  return cardsOf(context, await namesOf(context, about));
}

async function cardsOf(context: Context, names: readonly string[]): Promise<Found[]> {
  const found = await each(names, async (name) => {
    const record = await readRecord(context, name);
    return record && { name, card: viewOf(record.value) };
  });
  return found.filter((one) => one !== undefined);
}

/** An organization may have many sessions, and a store few connections. */
const AT_ONCE = 50;

async function each<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  for (let start = 0; start < items.length; start += AT_ONCE)
    results.push(...(await Promise.all(items.slice(start, start + AT_ONCE).map(work))));
  return results;
}

/** A missing id is a mistake of the caller's, and must not stand for anybody. */
function text(id: string): string {
  if (typeof id === 'string' && id !== '') return id;
  throw new KindeError('param_invalid', 'Whose sessions are meant is missing.', { reason: 'id' });
}

function needsGroups(): KindeError {
  const problem = '`session.store` or `session.shared` must have the functions swap, enlist and members.';
  return new KindeError('config_invalid', 'Sessions can only be found in a store that keeps groups.', {
    problems: [problem],
    fix: 'Pass `session: { store }`, or `session: { shared: store }` for sessions in cookies, with redisStore of @kindling/redis, postgresStore of @kindling/postgres, filesystemStore or memoryStore.',
  });
}
