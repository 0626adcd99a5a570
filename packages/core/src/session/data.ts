import { hash } from '../crypto/hash.js';
import type { TokenClaims, TokenSet, Unjudged } from '../oauth/client.js';
import { readClaims } from '../oauth/jws.js';
import type { Standing } from '../revocations/revocations.js';

/** New tokens, and when they were asked for, in Unix seconds. Plain data, which other processes may be told. */
export interface RefreshedTokens extends TokenSet {
  /** When they were asked for, in Unix seconds. */
  readonly seenAt: number;
}

/** An answer that cannot be judged yet, and when it was asked for, in Unix seconds. */
export type UnjudgedAnswer = Unjudged['unjudged'] & Pick<RefreshedTokens, 'seenAt'>;

/**
 * How a refresh came out. After `'refused'` there is nothing more to be had; after `'organization_changed'` neither, since
 * what came was for another organization than the session's.
 */
export type RefreshResult =
  RefreshedTokens | { readonly unjudged: UnjudgedAnswer } | 'refused' | 'organization_changed';

/** An answer that cannot be judged yet. */
export function isUnjudged(result: RefreshResult): result is { readonly unjudged: UnjudgedAnswer } {
  return typeof result === 'object' && 'unjudged' in result;
}

/** A session at rest: the tokens, its times in Unix seconds, and the id that a store knows it by (hashed). */
export interface Session extends TokenSet, Standing {
  /** 32 random bytes in base64url, which only the browser's cookie and the session itself hold. */
  readonly id: string;
  /** When the user signed in. */
  readonly startedAt: number;
  /** When the session was active last, or its tokens were asked for. */
  readonly seenAt: number;
  /** `User-Agent` of the browser at sign-in. Only where there is a record. */
  readonly userAgent?: string | undefined;
  /** Tokens that were asked for before this second are to be refreshed before they are used. Kept while that is to be done. */
  readonly renewFrom?: number | undefined;
  /** The answer to a refresh of these tokens, which cannot be verified yet. */
  readonly unjudged?: UnjudgedAnswer | undefined;
  /** Code of its organization, where an access token came that names none. */
  readonly organization?: string | undefined;
  /** A refresh brought tokens for another organization, so these are the last ones. */
  readonly isPinned?: boolean | undefined;
  /** Claims of its tokens, where those were read already. Not kept. */
  readonly claims?: TokenClaims | undefined;
  /** Hash of its id, by which a store knows it, where that was made already. Not kept. */
  readonly key?: string | undefined;
  /** The text of its record when it was read. Not kept. */
  readonly record?: string;
  /** To be kept in another way: encrypted with a secret that is being retired, or from another kind of session. Not kept. */
  readonly isOutdated?: boolean;
  /** From the cookie, since the store does not answer. Not kept. */
  readonly isFallback?: boolean;
}

/** Summary of a session whose tokens are in the cookie: enough to list it and to end it. */
export interface SessionSummary extends Pick<Session, 'id' | 'startedAt' | 'seenAt' | 'userAgent'> {
  /** The user's id. */
  readonly sub: string;
  /** Code of the organization that the user is signed in to. */
  readonly orgCode: string | undefined;
}

/** The name under which a store knows a session, made once. */
export async function keyOf({ id, key }: Pick<Session, 'id' | 'key'>): Promise<string> {
  return key ?? keyOfId(id);
}

/** A hash of a session's id: who reads the store must not become anybody. */
export function keyOfId(id: string): Promise<string> {
  return hash(id);
}

/** The claims of a session's tokens: those at hand, or read from tokens that come from rest. */
export function claimsOf({ claims, idToken, accessToken }: SomeTokens): TokenClaims {
  return claims ?? { id: readClaims(idToken), access: readClaims(accessToken) };
}

/** The two tokens that have claims, and those claims where they were read already. */
export type SomeTokens = Pick<Session, 'accessToken' | 'idToken' | 'claims'>;

/** The groups in which a session is found: its user, its organization, and Kinde's own session. */
export function groupsOf(session: Session): string[] {
  const { id, access } = claimsOf(session);
  const { sub, sid } = id;
  const org = access['org_code'];
  return [
    `user ${sub}`,
    ...(typeof org === 'string' ? [`organization ${org}`] : []),
    ...(typeof sid === 'string' ? [`sid ${sid}`] : []),
  ];
}

/** The refresh token that works: of an answer that is kept, where there is one. */
export function newestToken({ refreshToken, unjudged }: Session): string | undefined {
  return unjudged?.refreshToken ?? refreshToken;
}

/** The subjects under which a session can be revoked: its groups, its session at Kinde together with its user, and itself. */
export async function revocationSubjects(session: Session): Promise<string[]> {
  const { sub, sid } = claimsOf(session).id;
  return [
    ...groupsOf(session),
    ...(typeof sid === 'string' ? [`sid ${sid} of ${sub}`] : []),
    `session ${await keyOf(session)}`,
  ];
}

/** The summary of a record of either kind. */
export function summaryOf(record: Readonly<Record<string, unknown>>): SessionSummary {
  if ('accessToken' in record) {
    return summarize(record as unknown as Session);
  }
  return record as unknown as SessionSummary;
}

/** The summary of a session, for a store that does not hold its tokens. */
export function summarize(session: Session): SessionSummary {
  const { id, startedAt, seenAt, userAgent } = session;
  const claims = claimsOf(session);
  const org = claims.access['org_code'];
  const orgCode = typeof org === 'string' ? org : undefined;
  return {
    id,
    startedAt,
    seenAt,
    userAgent,
    sub: String(claims.id.sub),
    orgCode,
  };
}

/** Exactly the members of a session that are kept, whatever else an object may carry. */
export function toStored(session: Session): Session {
  const {
    id,
    accessToken,
    idToken,
    refreshToken,
    expiresAt,
    startedAt,
    seenAt,
    userAgent,
    renewFrom = 0,
  } = session;
  const { unjudged, organization, isPinned, epoch, since } = session;
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
    epoch,
    since,
  };
}
