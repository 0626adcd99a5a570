import { now } from '../clock.js';
import { isForeignCookie, openCookie, sealCookie, type CookieJar } from '../cookies.js';
import type { Opened } from '../crypto/seal.js';
import { KindeError } from '../errors.js';
import type { SessionContext } from './context.js';
import { claimsOf, toStored, type Session } from './data.js';
import { isSession } from './shape.js';

/** The content of the browser's cookie: a session, or only the id of one. */
export function openSessionCookie(
  jar: CookieJar,
  context: SessionContext,
): Promise<Opened | undefined> {
  return openCookie(jar, context, { name: context.config.session.cookie, purpose: 'session' });
}

/**
 * Does the browser's cookie belong to a session that another process may know? It is left alone then: this process may be
 * the one that is behind, or that has another secret. The operator is told once.
 */
export async function isForeignSession(jar: CookieJar, context: SessionContext): Promise<boolean> {
  const { cookie, store, coordination } = context.config.session;
  if (await isForeignCookie(jar, context, cookie)) {
    context.config.diagnostics.warn('session_foreign', FOREIGN);
    return true;
  }
  if (store ?? coordination) {
    return false;
  }
  // Where there is no store, nobody knows what was said about a session that had one.
  const payload = (await openSessionCookie(jar, context))?.payload;
  return payload !== undefined && (!isSession(payload) || payload.epoch !== undefined);
}

const FOREIGN =
  'A session cookie is encrypted with a secret, or in a version, that this process does not know. It is left alone for ' +
  'processes that do. Does every process have the same secrets and the same version? See docs/how-to/rolling-upgrades.md.';

/**
 * The `Set-Cookie` lines for a session, of which the cookie has all or only the id.
 * @throws KindeError `session_too_large`.
 */
export async function writeCookie(
  jar: CookieJar,
  context: SessionContext,
  session: Session,
  others: readonly string[] = [],
): Promise<string[]> {
  const {
    store,
    fallback,
    cookie: name,
    maxAge: longest,
    persistent = isPersistent(session),
  } = context.config.session;
  const maxAge = Math.max(1, session.startedAt + longest - now());
  const write = (payload: object) =>
    sealCookie(
      jar,
      context,
      {
        name,
        payload,
        purpose: 'session',
        maxAge,
        persistent,
      },
      others,
    );
  if (store && !fallback) {
    return write({ id: session.id });
  }
  const { userAgent: _recorded, ...kept } = toStored(session);
  try {
    return await write(kept);
  } catch (error) {
    if (!(error instanceof KindeError) || error.code !== 'session_too_large') {
      throw error;
    }
    if (store) {
      return write({ id: session.id });
    }
    throw explainSize(session, error);
  }
}

/** Kinde's "remember me" switch: when off, the cookie goes when the browser closes. */
function isPersistent(session: Session): boolean {
  const policy = claimsOf(session).access['ksp'] as { persistent?: unknown } | undefined;
  return policy?.persistent !== false;
}

function explainSize(session: Session, cause: KindeError): KindeError {
  const { access, id } = claimsOf(session);
  const sizes = [access, id].flatMap((claims) =>
    Object.entries(claims).map(([name, value]) => ({
      name,
      size: JSON.stringify(value).length,
    })),
  );
  const largest = sizes
    .sort((a, b) => b.size - a.size)
    .slice(0, 3)
    .map(({ name, size }) => `${name} (${size} bytes)`);
  return new KindeError(
    'session_too_large',
    `This session does not fit into its cookie. ${cause.message} Its biggest claims are ${largest.join(', ')}.`,
    {
      fix:
        'Keep sessions in a store (`session: { store }`), remove claims from the tokens in Kinde, or raise ' +
        '`session.cookieBytes` together with the header limits of the proxies in front.',
    },
  );
}
