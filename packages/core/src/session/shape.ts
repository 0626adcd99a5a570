import type { Session, UnjudgedAnswer } from './data.js';

/** Has this the form of a session's id? */
export function isId(id: unknown): id is string {
  return typeof id === 'string' && /^[\w-]{43}$/.test(id);
}

/** Has this the form of a session at rest? What was opened is ours, but another version may have written it. */
export function isSession(value: unknown): value is Session {
  const { id, accessToken, idToken, refreshToken, expiresAt, startedAt, seenAt, unjudged } =
    (value ?? {}) as Record<string, unknown>;
  const texts =
    [accessToken, idToken].every((text) => typeof text === 'string') &&
    ['string', 'undefined'].includes(typeof refreshToken);
  const isWhole = unjudged === undefined || isHeld(unjudged);
  return isId(id) && texts && isWhole && [expiresAt, startedAt, seenAt].every(Number.isSafeInteger);
}

function isHeld(value: unknown): value is UnjudgedAnswer {
  const {
    accessToken,
    idToken = '',
    refreshToken = '',
    expiresIn = 0,
    seenAt,
    reason,
  } = (value ?? {}) as Partial<UnjudgedAnswer>;
  const texts = [accessToken, idToken, refreshToken, reason].every(
    (text) => typeof text === 'string',
  );
  return texts && Number.isFinite(expiresIn) && Number.isSafeInteger(seenAt);
}
