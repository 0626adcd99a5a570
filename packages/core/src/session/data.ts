import type { Standing } from '../revocations/revocations.js';
import type { Tokens, Unjudged } from '../oauth/client.js';
import { hash } from '../crypto/hash.js';
import { readClaims } from '../oauth/jws.js';

/** New tokens, and when they were asked for, in Unix seconds. */
export type RefreshedTokens = Tokens & { readonly seenAt: number };

/** An answer that cannot be judged yet, and when it was asked for, in Unix seconds. */
export type UnjudgedAnswer = Unjudged['unjudged'] & { readonly seenAt: number };

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
export interface Session extends Tokens, Standing {
  readonly id: string;
  readonly startedAt: number;
  readonly seenAt: number;
  /** What the browser called itself at the start. Only where there is a record. */
  readonly userAgent?: string | undefined;
  /** Tokens that were asked for before this second are to be renewed before they are used. Kept while that is to be done. */
  readonly renewFrom?: number | undefined;
  /** The answer to the renewal of these tokens, which cannot be judged yet. */
  readonly unjudged?: UnjudgedAnswer | undefined;
  /** Code of its organization, where an access token came that names none. */
  readonly organization?: string | undefined;
  /** A renewal brought tokens for another organization, so none come after these. */
  readonly isPinned?: boolean | undefined;
  /** What the store held when it was read. Not kept. */
  readonly record?: string;
  /** To be kept in another way: sealed with a secret that is being retired, or from another kind of session. Not kept. */
  readonly isOutdated?: boolean;
  /** From the cookie, since the store does not answer. Not kept. */
  readonly isFallback?: boolean;
}

/** What a store says about a session whose tokens are in the cookie: enough to list it and to end it. */
export interface SessionSummary extends Pick<Session, 'id' | 'startedAt' | 'seenAt' | 'userAgent'> {
  readonly sub: string;
  readonly orgCode: string | undefined;
}

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

/** The refresh token that works: of an answer that is kept, where there is one. */
export function newestToken({ refreshToken, unjudged }: Session): string | undefined {
  return unjudged?.refreshToken ?? refreshToken;
}

/** What notices about a session name: its groups, its session at Kinde together with its person, and itself. */
export async function revocationSubjects(session: Session): Promise<string[]> {
  const { sub, sid } = readClaims(session.idToken);
  return [
    ...groupsOf(session),
    ...(typeof sid === 'string' ? [`sid ${sid} of ${sub}`] : []),
    `session ${await hash(session.id)}`,
  ];
}

/** A record of either kind, as a card. */
export function summaryOf(record: Readonly<Record<string, unknown>>): SessionSummary {
  if ('accessToken' in record) {
    return summarize(record as unknown as Session);
  }
  return record as unknown as SessionSummary;
}

/** What is told of a session whose tokens are elsewhere. */
export function summarize({
  id,
  startedAt,
  seenAt,
  userAgent,
  idToken,
  accessToken,
}: Session): SessionSummary {
  const org = readClaims(accessToken)['org_code'];
  const orgCode = typeof org === 'string' ? org : undefined;
  return {
    id,
    startedAt,
    seenAt,
    userAgent,
    sub: String(readClaims(idToken).sub),
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
