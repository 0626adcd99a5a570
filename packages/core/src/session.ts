import { base64url } from 'jose';
import { now } from './clock.js';
import type { Context } from './context.js';
import { clearCookie, hasCookie, openCookie, sealCookie } from './cookies.js';
import { KindeError } from './errors.js';
import type { HttpRequest } from './http.js';
import type { Tokens } from './oauth.js';
import type { Opened } from './seal.js';
import { readClaims, type LogoutOrder } from './tokens.js';

/** A session at rest: the tokens, its times in Unix seconds, and the id that a store knows it by (hashed). */
export interface Session extends Tokens {
  readonly id: string;
  readonly startedAt: number;
  readonly seenAt: number;
  /** Sealed with a secret that is being retired. Not kept. */
  readonly isOutdated?: boolean;
}

/** Why a request has no session. */
export type NoSession = 'no_session' | 'expired' | 'unreadable';

/** A new session with a new id, in place of whatever the browser had. The result is the `Set-Cookie` values for it. */
export async function startSession(request: HttpRequest, context: Context, tokens: Tokens): Promise<string[]> {
  const id = base64url.encode(crypto.getRandomValues(new Uint8Array(32)));
  const cookies = await writeSession(request, context, { ...tokens, id, startedAt: now(), seenAt: now() });
  await forget(request, context);
  return cookies;
}

/**
 * The browser's session, if it is alive.
 * @throws KindeError `store_unavailable`.
 */
export async function readSession(request: HttpRequest, context: Context): Promise<Session | NoSession> {
  const { store, maxAge, idle } = context.config.session;
  if (!hasCookie(request, context.config.session.cookie)) return 'no_session';
  const opened = await openSessionCookie(request, context);
  const session = store ? await load(context, opened?.payload) : opened?.payload;
  if (!isSession(session)) return 'unreadable';
  if (context.ended.state(session.id)) return 'expired';
  if (await wasEndedElsewhere(session, context)) return 'expired';
  const tooOld = session.startedAt + maxAge <= now() || session.seenAt + idle <= now();
  return tooOld ? 'expired' : { ...pick(session), isOutdated: !opened!.isCurrent };
}

/**
 * Saves a session that goes on. The result is the `Set-Cookie` values that make the browser keep it, or `'ended'` when it
 * was ended meanwhile: what ended must not come back by being written again.
 * @throws KindeError `session_too_large`, `store_unavailable`.
 */
export async function saveSession(
  request: HttpRequest,
  context: Context,
  session: Session,
): Promise<string[] | 'ended'> {
  const { store } = context.config.session;
  const gone = store && (await ask(() => hash(session.id).then((key) => store.get(key)))) === undefined;
  return gone || context.ended.state(session.id) ? 'ended' : writeSession(request, context, session);
}

/** Writes the cookie after the store, so that no cookie points to a session that was not saved. */
async function writeSession(request: HttpRequest, context: Context, session: Session): Promise<string[]> {
  const { store, cookie: name, maxAge: longest, persistent = isPersistent(session) } = context.config.session;
  const maxAge = Math.max(1, session.startedAt + longest - now());
  const kept = pick(session);
  if (store) {
    const value = await context.seal.seal(kept, 'store', maxAge);
    const save = () => ask(() => hash(session.id).then((key) => store.set(key, value, maxAge)));
    await save().catch(save);
  }
  try {
    const payload = store ? { id: session.id } : kept;
    return await sealCookie(request, context, { name, payload, purpose: 'session', maxAge, persistent });
  } catch (error) {
    throw error instanceof KindeError && error.code === 'session_too_large' ? explainSize(session) : error;
  }
}

/** Ends the browser's session: the store forgets it first, then the browser. */
export async function endSession(request: HttpRequest, context: Context): Promise<string[]> {
  await forget(request, context);
  return clearCookie(request, context, context.config.session.cookie);
}

/**
 * Ends every session of a person, or the one that Kinde knows as `sid`, that began before `issuedAt`: a mark in the store
 * says so, and each session is compared with it when it is read.
 * @throws KindeError `store_unavailable`.
 */
export async function endEverywhere(
  { config, seal }: Context,
  { sub, sid, issuedAt }: Omit<LogoutOrder, 'jti'>,
): Promise<void> {
  const { store, maxAge } = config.session;
  // A token with both means the one session (2.6 of the specification leaves the choice).
  const key = await hash(sid === undefined ? `sub ${sub}` : `sid ${sid}`);
  const mark = await seal.seal({ issuedAt }, 'mark', maxAge);
  await ask(() => store!.set(key, mark, maxAge));
}

async function wasEndedElsewhere({ idToken, startedAt }: Session, { config, seal }: Context): Promise<boolean> {
  const { store } = config.session;
  if (!store || !config.paths.backchannelLogout) return false;
  const { sub, sid } = readClaims(idToken);
  const keys = await Promise.all([`sub ${sub}`, ...(typeof sid === 'string' ? [`sid ${sid}`] : [])].map(hash));
  const marks = await Promise.all(keys.map((key) => ask(() => store.get(key))));
  const opened = await Promise.all(marks.map((mark) => (mark === undefined ? undefined : seal.open(mark, 'mark'))));
  return opened.some((mark) => mark !== undefined && startedAt <= Number(mark.payload['issuedAt']));
}

/** The session is due to be written again, so that being active keeps it from ending. */
export function needsRenewal({ seenAt, isOutdated }: Session, { config }: Context): boolean {
  return isOutdated === true || now() - seenAt > config.session.idle / 10;
}

function openSessionCookie(request: HttpRequest, context: Context): Promise<Opened | undefined> {
  return openCookie(request, context, { name: context.config.session.cookie, purpose: 'session' });
}

async function load(
  { config, seal }: Context,
  pointer: Opened['payload'] | undefined,
): Promise<Opened['payload'] | undefined> {
  const id = pointer?.['id'];
  if (!isId(id)) return undefined;
  const sealed: unknown = await ask(() => hash(id).then((key) => config.session.store!.get(key)));
  const session = typeof sealed === 'string' && sealed !== '' ? (await seal.open(sealed, 'store'))?.payload : undefined;
  return session?.['id'] === id ? session : undefined;
}

/** Removes what the store holds for the browser's cookie. A cookie that does not open removes nothing. */
async function forget(request: HttpRequest, context: Context): Promise<void> {
  const { store } = context.config.session;
  const id = (await openSessionCookie(request, context))?.payload['id'];
  if (!isId(id)) return;
  await context.ended.run(id, async () => true);
  if (store) await ask(() => hash(id).then((key) => store.delete(key)));
}

/** Milliseconds a store may take before requests stop waiting for it. */
const STORE_PATIENCE = 2000;

async function ask<Result>(question: () => Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), STORE_PATIENCE);
  });
  try {
    return await Promise.race([question(), late]);
  } catch (cause) {
    throw new KindeError('store_unavailable', 'The session store does not answer.', {
      headers: { 'retry-after': '5' },
      cause,
    });
  } finally {
    clearTimeout(timer);
  }
}

/** A store never learns a session id: it could be used to take the session over. */
async function hash(id: string): Promise<string> {
  return base64url.encode(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(id))));
}

/** Kinde's "remember me" switch: when off, the cookie goes when the browser closes. */
function isPersistent({ accessToken }: Tokens): boolean {
  const policy = readClaims(accessToken)['ksp'] as { persistent?: unknown } | undefined;
  return policy?.persistent !== false;
}

/** Exactly the members of a session, whatever else an object may carry. */
function pick({ id, accessToken, idToken, refreshToken, expiresAt, startedAt, seenAt }: Session): Session {
  return { id, accessToken, idToken, refreshToken, expiresAt, startedAt, seenAt };
}

function isId(id: unknown): id is string {
  return typeof id === 'string' && /^[\w-]{43}$/.test(id);
}

function isSession(value: unknown): value is Session {
  const { id, accessToken, idToken, refreshToken, expiresAt, startedAt, seenAt } = (value ?? {}) as Record<
    string,
    unknown
  >;
  const texts =
    [accessToken, idToken].every((text) => typeof text === 'string') &&
    ['string', 'undefined'].includes(typeof refreshToken);
  return isId(id) && texts && [expiresAt, startedAt, seenAt].every(Number.isSafeInteger);
}

function explainSize({ accessToken, idToken }: Tokens): KindeError {
  const sizes = [accessToken, idToken].flatMap((token) =>
    Object.entries(readClaims(token)).map(([name, value]) => ({ name, size: JSON.stringify(value).length })),
  );
  const largest = sizes
    .sort((a, b) => b.size - a.size)
    .slice(0, 3)
    .map(({ name, size }) => `${name} (${size} bytes)`);
  return new KindeError(
    'session_too_large',
    `This session does not fit into cookies. Its biggest claims are ${largest.join(', ')}.`,
    {
      fix: 'Pass a session store (`session: { store }`), or remove claims from the tokens in Kinde.',
    },
  );
}
