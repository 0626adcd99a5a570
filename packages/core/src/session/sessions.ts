import { createSerialQueue } from '../cache/serial-queue.js';
import { deadlineIn, moment, within } from '../clock.js';
import { readCookies } from '../cookies.js';
import { identify } from '../diagnostics/operation.js';
import type { EventDetails, RevocationMeans } from '../diagnostics/events.js';
import { KindeError } from '../errors.js';
import type { HttpRequest } from '../http/http.js';
import type { LogoutToken } from '../oauth/logout-token.js';
import { EVERYONE, type Revocations } from '../revocations/revocations.js';
import type { SessionContext } from './context.js';
import { keyOf, newestToken, summaryOf, type SessionSummary } from './data.js';
import { markStale, readRecord, recordsOf, removeRecord } from './record.js';
import { readSession } from './session.js';
import { isId, isSession } from './shape.js';

/** A session as its user may see it. Times are Unix seconds. */
export interface SessionInfo {
  /** A handle for `revoke`. It is not the session's secret id, so it may be shown. */
  readonly id: string;
  /** When the user signed in. */
  readonly startedAt: number;
  /** When the session was active last, accurate to a tenth of `session.idle`. */
  readonly seenAt: number;
  /** `User-Agent` of the browser at sign-in, cut after 256 characters. */
  readonly userAgent: string | undefined;
  /** Code of the organization that the user is signed in to. */
  readonly orgCode: string | undefined;
  /** True for the session of the request that was passed to `list`. */
  readonly isCurrent: boolean;
}

/**
 * Lists, revokes and refreshes sessions of all users. The app decides who may call these methods. They need a store with groups,
 * in `session.store` or `session.coordination`: all of them throw KindeError `config_invalid` without one, and
 * `store_unavailable` while it does not answer. Sessions that begin after a call are not affected.
 */
export interface Sessions {
  /** Lists the sessions of a user, newest first. With a request, the session of that request has `isCurrent`. */
  list(userId: string, request?: HttpRequest): Promise<SessionInfo[]>;
  /** Revokes one session of a user, by its `id` from `list`. Returns `false` if the user has no such session. */
  revoke(userId: string, id: string): Promise<boolean>;
  /** Revokes all sessions of a user: signs them out everywhere. */
  revokeUser(userId: string): Promise<void>;
  /** Revokes all sessions that are signed in to an organization. */
  revokeOrganization(orgCode: string): Promise<void>;
  /** Has a user's tokens refreshed at their next request, so that changes at Kinde show. */
  refreshUser(userId: string): Promise<void>;
  /** Has the tokens of all users refreshed at their next request. All processes know within 5 seconds. */
  refreshAll(): Promise<void>;
}

/** Binds the methods to one app. `by` is who revokes with them. */
export function createSessions(context: SessionContext, by: RevocationMeans): Sessions {
  const revoking = (of: RevocationSubject, id: string, work: () => Promise<boolean>) =>
    observeRevocation(context, { by, of }, id, work);
  const revocations = () => requireRevocations(context);
  const turns = createSerialQueue();
  return Object.freeze({
    async list(userId, request) {
      const current = request && (await readSession(readCookies(request), context));
      const own = typeof current === 'object' ? await keyOf(current) : undefined;
      const found = await summariesOf(context, await keysOfGroup(context, `user ${text(userId)}`));
      return found
        .filter(({ summary }) => summary.sub === userId)
        .sort((a, b) => b.summary.startedAt - a.summary.startedAt)
        .map(({ name, summary: { startedAt, seenAt, userAgent, orgCode } }) =>
          Object.freeze({
            id: name,
            startedAt,
            seenAt,
            userAgent,
            orgCode,
            isCurrent: name === own,
          }),
        );
    },
    revoke: (userId, id) =>
      revoking('session', userId, async () => {
        const feed = revocations();
        const [own] = isId(id) ? await summariesOf(context, [id]) : [];
        if (own?.summary.sub !== text(userId)) {
          return false;
        }
        await feed.revoke(`session ${id}`);
        await endRecords(context, [id]);
        return true;
      }),
    async revokeUser(userId) {
      await revoking('user', userId, () => endGroup(context, `user ${text(userId)}`));
    },
    async revokeOrganization(orgCode) {
      await revoking('organization', orgCode, () =>
        endGroup(context, `organization ${text(orgCode)}`),
      );
    },
    async refreshUser(userId) {
      const about = `user ${text(userId)}`;
      if (!context.config.session.store) {
        return revocations().markStale(about);
      }
      // Webhooks come in storms: what is asked for while the records are being marked is asked for once more.
      await turns.run(about, async () => {
        await inBatches(await keysOfGroup(context, about), (name) =>
          markStale(recordsOf(context), name),
        );
      });
    },
    refreshAll: () => revocations().markStale(EVERYONE),
  } satisfies Sessions);
}

/**
 * Ends all sessions of a group. The notice ends those, too, that the group has lost: what a store evicts or restores in part
 * brings nobody back.
 * @throws KindeError `config_invalid`, `store_unavailable`.
 */
async function endGroup(context: SessionContext, about: string): Promise<true> {
  const revocations = requireRevocations(context);
  // Looked up first: a session that begins after the notice is not to be in the list.
  const names = await keysOfGroup(context, about).catch((error: unknown) => error as KindeError);
  await revocations.revoke(about);
  if (names instanceof Error) {
    throw names;
  }
  await endRecords(context, names);
  return true;
}

type RevocationSubject = NonNullable<EventDetails['revocation']['of']>;

/** Tells of a revocation, and audits it where something was revoked. */
async function observeRevocation(
  { config: { diagnostics } }: SessionContext,
  details: { readonly by: RevocationMeans; readonly of: RevocationSubject },
  id: string,
  revoke: () => Promise<boolean>,
): Promise<boolean> {
  return diagnostics.observe({ name: 'revocation', details }, async (note) => {
    const isUser = details.of !== 'organization';
    note(isUser ? { userId: id } : {});
    const isRevoked = await revoke();
    if (isRevoked) {
      const whose = isUser ? { userId: id } : { orgCode: id };
      diagnostics.audit({ type: 'sessions_revoked', by: details.by, ...whose });
    }
    return isRevoked;
  });
}

/**
 * Ends the sessions that a logout token names: those of one session at Kinde, or of a user who signed out.
 * @throws KindeError `logout_token_invalid` where the session is somebody else's; `config_invalid`, `store_unavailable`.
 */
export async function endByLogoutToken(
  context: SessionContext,
  { sub, sid, issuedAt }: LogoutToken,
): Promise<void> {
  const revocations = requireRevocations(context);
  const found = await summariesOf(
    context,
    await keysOfGroup(context, sid === undefined ? `user ${sub}` : `sid ${sid}`),
  );
  if (sid !== undefined && sub !== undefined && found.some(({ summary }) => summary.sub !== sub)) {
    throw new KindeError(
      'logout_token_invalid',
      'The session belongs to another user than the one in the logout token.',
      { reason: 'sub' },
    );
  }
  // Without a session named, it may be late, and the user be signed in again. Clocks may disagree on which came first.
  const until = issuedAt + context.config.clockTolerance;
  if (sid === undefined) {
    await revocations.revoke(`user ${sub}`, until);
  } else {
    await revocations.revoke(sub === undefined ? `sid ${sid}` : `sid ${sid} of ${sub}`);
  }
  const meant =
    sid === undefined ? found.filter(({ summary }) => summary.startedAt <= until) : found;
  const names = meant.map(({ name }) => name);
  await endRecords(context, names);
  const userId = sub ?? meant[0]?.summary.sub;
  identify(userId);
  context.config.diagnostics.audit({ type: 'sessions_revoked', by: 'backchannel', userId });
}

/** Ends sessions for every process, and at Kinde those whose refresh tokens are at hand. */
async function endRecords(context: SessionContext, names: readonly string[]): Promise<void> {
  const records = recordsOf(context);
  const tokens = await inBatches(names, async (name) => {
    const record =
      context.config.session.store && (await readRecord(records, name).catch(() => undefined));
    await removeRecord(records, name);
    const session: object | undefined = record?.value;
    return isSession(session) ? newestToken(session) : undefined;
  });
  await revokeAll(
    context,
    tokens.filter((token) => token !== undefined),
  );
}

/** Seconds that ending refresh tokens at Kinde may take, and how many of them are under way. */
const REVOKING = 3;
const REVOKED_AT_ONCE = 10;

/** Best effort: the sessions are revoked already. Waited for, since some runtimes stop what goes on behind an answer. */
async function revokeAll({ oauth }: SessionContext, tokens: readonly string[]): Promise<void> {
  const deadline = deadlineIn(REVOKING);
  const left = [...tokens];
  const work = async () => {
    for (let token = left.pop(); token !== undefined && moment() < deadline; token = left.pop()) {
      await oauth.revoke(token).catch(() => {});
    }
  };
  const all = Promise.all(Array.from({ length: REVOKED_AT_ONCE }, work)).then(() => {});
  await within(deadline, all, () => new Error('late')).catch(() => {});
}

/** Names of the records in a group. Ones from before the secret was changed are in a group of another name. */
async function keysOfGroup({ config, seal }: SessionContext, about: string): Promise<string[]> {
  const store = config.session.groups;
  if (!store) {
    throw needsGroups();
  }
  const groups = await seal.names(about);
  return [...new Set((await Promise.all(groups.map((group) => store.groupMembers(group)))).flat())];
}

interface Found {
  readonly name: string;
  readonly summary: SessionSummary;
}

async function summariesOf(context: SessionContext, names: readonly string[]): Promise<Found[]> {
  const records = recordsOf(context);
  const found = await inBatches(names, async (name) => {
    const record = await readRecord(records, name);
    return record && { name, summary: summaryOf(record.value) };
  });
  return found.filter((one) => one !== undefined);
}

/** An organization may have many sessions, and a store few connections. */
const AT_ONCE = 50;

async function inBatches<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let start = 0; start < items.length; start += AT_ONCE) {
    results.push(...(await Promise.all(items.slice(start, start + AT_ONCE).map(work))));
  }
  return results;
}

/** An id that is missing by mistake must not stand for any user. */
function text(id: string): string {
  if (typeof id === 'string' && id !== '') {
    return id;
  }
  throw new KindeError(
    'param_invalid',
    'A user id or an organization code is missing: pass a string that is not empty.',
    { reason: 'id' },
  );
}

/** The revocation feed. @throws KindeError `config_invalid` where there is no store with groups. */
function requireRevocations({ revocations }: SessionContext): Revocations {
  if (!revocations) {
    throw needsGroups();
  }
  return revocations;
}

function needsGroups(): KindeError {
  const problem =
    '`session.store` or `session.coordination` must have the functions compareAndSet, addToGroup and groupMembers.';
  return new KindeError(
    'config_invalid',
    'Listing and revoking sessions needs a session store with groups.',
    {
      problems: [problem],
      fix: 'Pass `session: { store }`, or `session: { coordination: store }` for sessions in cookies, with redisStore of @kindling/redis, postgresStore of @kindling/postgres, filesystemStore or memoryStore.',
    },
  );
}
