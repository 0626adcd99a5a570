import { deadlineIn, moment, now, secondsSince, type Moment } from '../clock.js';
import { KindeError } from '../errors.js';
import type { Refreshed, TokenClaims, Tokens } from '../oauth/client.js';
import {
  isUnjudged,
  type RefreshedTokens,
  type RefreshResult,
  type UnjudgedAnswer,
  type Session,
} from '../session/data.js';
import type { StoreBudget } from '../store/timeout.js';
import type { CallerContext } from './context.js';

/** A session whose tokens were read. */
export type ReadSession = Session & Tokens;

/** The session with the claims of its tokens, which were read before or are read now. */
export function readTokens(session: Session, { identities }: CallerContext): ReadSession {
  return { ...session, claims: identities.ofSession(session).claims };
}

/** Seconds after its answer was lost in which a refresh token is sent once more. */
const ONCE_MORE = 2;
/** Seconds for which a token that has ended is taken for one that has just come. */
const JUST_NOW = 10;
/** Seconds until an answer that could not be judged is judged again. */
const RIPE = 3;
/** Seconds by which a token may have ended when it comes, since clocks differ. */
const TOLERANCE = 60;
/** Seconds that an access token is taken to live whose answer does not say it. */
const HELD_LIFE = 3600;
/** Seconds until something is tried again that could not be done, while the access token lives. */
const AGAIN = 30;

/** How long an exchange may take, and who wants to know how it was done. */
export interface ExchangeTerms {
  readonly deadline: Moment;
  readonly budget: () => StoreBudget;
  /** Told whether this request asked Kinde, or shared the result of another one here or in another process. */
  readonly by: (means: 'own' | 'joined' | 'shared') => void;
}

/**
 * Gets new tokens for a session, or the reason why there are none. Of the processes that agree, one asks Kinde. An answer that
 * could not be judged is judged again instead of asked for again, every few seconds at most.
 * @throws KindeError where Kinde or the store do not answer.
 */
export async function exchangeTokens(
  session: ReadSession,
  context: CallerContext,
  terms: ExchangeTerms,
): Promise<RefreshResult> {
  const { refreshesInFlight, judgementsInFlight } = context;
  const { by, ...limits } = terms;
  const { refreshToken: spent = '' } = session;
  const ask = () => {
    by('own');
    return exchangeRefreshToken(session, context);
  };
  by('joined');
  const counts = (result: RefreshResult) => isOfUse(result, session);
  const kept = session.unjudged && { unjudged: session.unjudged };
  const asked =
    kept && counts(kept)
      ? kept
      : await refreshesInFlight.run(spent, ask, {
          ...limits,
          until: session.expiresAt,
          counts,
          onShared: () => by('shared'),
        });
  if (!isUnjudged(asked)) {
    return asked;
  }
  const { unjudged } = asked;
  const verdict = await judgementsInFlight.run(
    nameOf(unjudged),
    () => judgeAgain(session, unjudged, context, limits.deadline),
    limits,
  );
  const { refreshToken } = unjudged;
  if (
    !isUnjudged(verdict) ||
    !isExpired(unjudged) ||
    refreshToken === undefined ||
    refreshToken === session.refreshToken
  ) {
    return verdict;
  }
  // Its key may be gone for good. What comes after it is judged like everything else.
  return exchangeTokens(
    {
      ...session,
      refreshToken,
      unjudged: undefined,
    },
    context,
    terms,
  );
}

/** Have the tokens of an answer ended before they could be judged? */
function isExpired({ seenAt, expiresIn = HELD_LIFE }: UnjudgedAnswer): boolean {
  return seenAt + expiresIn <= now();
}

/** Is there an answer to be judged, and was that not tried a moment ago? */
export function mayJudge({ unjudged }: Session, { judgementsInFlight }: CallerContext): boolean {
  if (!unjudged) {
    return false;
  }
  const verdict = judgementsInFlight.peek(nameOf(unjudged));
  return verdict === undefined || !isUnjudged(verdict);
}

/** The name of an answer while it is judged. */
function nameOf({ accessToken, seenAt }: UnjudgedAnswer): string {
  return `${seenAt} ${accessToken}`;
}

/** Is there more to be had from what is remembered? A provider that keeps refresh tokens is asked again with the same one. */
function isOfUse(result: RefreshResult, { accessToken, refreshToken }: Session): boolean {
  if (typeof result === 'string') {
    return true;
  }
  const { unjudged } = isUnjudged(result) ? result : {};
  const next = unjudged ?? (result as RefreshedTokens);
  if ((next.refreshToken ?? refreshToken) !== refreshToken) {
    return true;
  }
  if (!unjudged) {
    return !isPast(result);
  }
  return unjudged.accessToken !== accessToken && !isExpired(unjudged);
}

/** One use of a refresh token, or two where the connection broke before anything of an answer came. */
async function exchangeRefreshToken(
  session: ReadSession,
  context: CallerContext,
): Promise<RefreshResult> {
  const { oauth, refreshBackoff, config } = context;
  const start = moment();
  // The request stops waiting sooner, and finds the result at the next request: an answer must not be cut off for that.
  const deadline = deadlineIn(config.timeout);
  // Since when the tokens are fresh is part of the result: requests that share it may have asked later.
  const seenAt = Math.max(now(), session.seenAt, session.renewFrom ?? 0);
  const again = (error: unknown) => {
    const isLost =
      error instanceof KindeError && error.reason === 'network' && !oauth.isUnspent(error);
    if (!isLost || secondsSince(start) > ONCE_MORE) {
      throw error;
    }
    // Whatever becomes of the second, the first may have been used.
    return oauth.refresh(session, deadline).catch(() => {
      throw error;
    });
  };
  try {
    return toResult(session, await oauth.refresh(session, deadline).catch(again), seenAt, context);
  } catch (error) {
    const left = session.expiresAt - now();
    if (left > 0 && !oauth.isUnspent(error)) {
      refreshBackoff.set(session.refreshToken ?? '', 'spent', {
        end: deadlineIn(left),
        bytes: PAUSE_BYTES,
      });
    }
    throw error;
  }
}

async function judgeAgain(
  session: ReadSession,
  held: UnjudgedAnswer,
  context: CallerContext,
  deadline: Moment,
): Promise<RefreshResult> {
  const { seenAt, ...unjudged } = held;
  // It came a moment ago, and was judged then.
  if (Math.abs(now() - seenAt) < RIPE) {
    return { unjudged: held };
  }
  try {
    return toResult(
      session,
      await context.oauth.judge({ unjudged }, session, deadline),
      seenAt,
      context,
    );
  } catch (error) {
    if (!(error instanceof KindeError)) {
      throw error;
    }
    return { unjudged: held };
  }
}

/** Tokens for another organization are not taken, and can only have been meant for somebody else's session. */
function toResult(
  session: ReadSession,
  answer: Refreshed,
  seenAt: number,
  context: CallerContext,
): RefreshResult {
  if (answer === 'refused') {
    return answer;
  }
  if ('unjudged' in answer) {
    return { unjudged: { ...answer.unjudged, seenAt } };
  }
  const before = organizationOf(session) ?? session.organization;
  const after = organizationOf(answer);
  if (before === undefined || after === undefined || before === after) {
    // Remembered with its claims, which are no part of what other processes are told.
    context.identities.ofSession(answer);
    const { accessToken, idToken, refreshToken, expiresAt } = answer;
    return { accessToken, idToken, refreshToken, expiresAt, seenAt };
  }
  if (answer.refreshToken) {
    context.oauth.revoke(answer.refreshToken).catch(() => {});
  }
  return 'organization_changed';
}

/** The session with new tokens. What it has to remember of the old ones, it keeps. */
export function withTokens(
  session: ReadSession,
  tokens: RefreshedTokens,
  claims: TokenClaims,
): ReadSession {
  const { renewFrom = 0 } = session;
  // A clock that was wrong must not make anybody look idle.
  const seenAt = Math.max(tokens.seenAt, session.seenAt);
  const isStale = tokens.seenAt < renewFrom;
  const organization = organizationOf(session) ?? session.organization;
  return {
    ...session,
    ...tokens,
    claims,
    seenAt,
    renewFrom: isStale ? Math.max(renewFrom, seenAt + 1) : undefined,
    unjudged: undefined,
    organization: organizationOf({ claims }) === undefined ? organization : undefined,
  };
}

/** Has a remembered refresh expired with its tokens? Those that came just now count, where clocks differ a little. */
export function isPast(result: RefreshResult): boolean {
  if (typeof result === 'string' || isUnjudged(result) || result.expiresAt > now()) {
    return false;
  }
  return Math.abs(now() - result.seenAt) > JUST_NOW || result.expiresAt < result.seenAt - TOLERANCE;
}

/** For a while, requests go on with the access token of this session and do not try to refresh it. */
export function backOff({ refreshToken = '' }: Session, { refreshBackoff }: CallerContext): void {
  if (refreshBackoff.get(refreshToken) === undefined) {
    refreshBackoff.set(refreshToken, 'failed', { end: deadlineIn(AGAIN), bytes: PAUSE_BYTES });
  }
}

/** About what a pause takes in memory, in bytes. */
const PAUSE_BYTES = 512;

/** The organization that an access token names. */
function organizationOf({ claims }: Pick<Tokens, 'claims'>): string | undefined {
  const code = claims.access['org_code'];
  return typeof code === 'string' ? code : undefined;
}
