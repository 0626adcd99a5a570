import { bare, isInsecureKeyId } from '@kindling/internal';
import {
  decodeProtectedHeader,
  errors,
  jwtVerify,
  type JWTPayload,
  type JWTVerifyGetKey,
} from 'jose';
import { hasShape, isRecord, type OtherEvent, type UnknownData } from './events.js';

/** The sender and the age that a webhook must have. */
export interface Expectations {
  readonly issuer: string;
  readonly keys: JWTVerifyGetKey;
  /** Seconds after which an event is too old. */
  readonly maxAge: number;
  /** Whether a local Kinde may be the sender. */
  readonly acceptsLocal: boolean;
}

/** A verified event, or the check that failed. After `keys_unavailable` and `key_unknown` the webhook may still be genuine. */
export type Verified =
  { readonly event: OtherEvent } | { readonly refused: string; readonly error?: unknown };

/** Seconds that Kinde's clock may be ahead of ours. */
export const TOLERANCE = 60;
const TYP = /^(application\/)?jwt$/i;
/** Headers that let a sender choose the key, or change what is verified. */
const FOREIGN_HEADERS = ['jwk', 'jku', 'x5c', 'x5u', 'crit', 'b64', 'enc', 'zip'];
/** Claims that only tokens have. Kinde signs tokens with the same keys. */
const TOKEN_CLAIMS = [
  'sub',
  'aud',
  'azp',
  'scp',
  'scope',
  'gty',
  'nonce',
  'at_hash',
  'c_hash',
  'auth_time',
  'events',
];
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;
/** Levels of objects and lists in an event. */
const DEEPEST = 32;

/** Verifies the body of a webhook: a JWS (RFC 7515) of the tenant's keys, RS256 only, that is an event and nothing else. */
export async function verify(
  body: string,
  { issuer, keys, maxAge, acceptsLocal }: Expectations,
): Promise<Verified> {
  const token = body.trim().replace(/^"([\w.-]+)"$/, '$1');
  const isJws = /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token);
  const wrong = isJws ? headerProblem(token, acceptsLocal) : 'malformed';
  if (wrong) {
    return { refused: wrong };
  }
  let missing: { refused: string; error: unknown } | undefined;
  const find: JWTVerifyGetKey = async (...asked) => {
    try {
      return await keys(...asked);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) {
        missing = { refused: 'key_unknown', error };
      } else if (!(error instanceof errors.JWKSMultipleMatchingKeys)) {
        missing = { refused: 'keys_unavailable', error };
      }
      throw error;
    }
  };
  try {
    const { payload } = await jwtVerify(token, find, {
      algorithms: ['RS256'],
      clockTolerance: TOLERANCE,
    });
    return readEvent(payload, issuer, maxAge);
  } catch (error) {
    if (missing) {
      return missing;
    }
    // Errors that are not jose's are of the runtime, which could not check the signature.
    return error instanceof errors.JOSEError
      ? { refused: 'signature' }
      : { refused: 'keys_unavailable', error };
  }
}

function headerProblem(token: string, acceptsLocal: boolean): string | undefined {
  let header: Record<string, unknown>;
  try {
    header = decodeProtectedHeader(token);
  } catch {
    return 'malformed';
  }
  if (header['alg'] !== 'RS256') {
    return 'alg';
  }
  if (typeof header['kid'] !== 'string' || header['kid'] === '') {
    return 'kid';
  }
  if (!acceptsLocal && isInsecureKeyId(header['kid'])) {
    return 'key_insecure';
  }
  if (FOREIGN_HEADERS.some((name) => Object.hasOwn(header, name))) {
    return 'header';
  }
  const { typ } = header;
  if (typ === undefined || (typeof typ === 'string' && TYP.test(typ))) {
    return undefined;
  }
  return 'typ';
}

function readEvent(payload: JWTPayload, issuer: string, maxAge: number): Verified {
  if (TOKEN_CLAIMS.some((name) => Object.hasOwn(payload, name))) {
    return { refused: 'kind' };
  }
  if (Object.hasOwn(payload, 'iss') && payload.iss !== issuer) {
    return { refused: 'iss' };
  }
  const { type, event_id, event_timestamp, timestamp = event_timestamp } = bare(payload);
  if (!isName(type) || !isName(event_id)) {
    return { refused: 'kind' };
  }
  const wrong = timeProblem(timestamp, maxAge);
  if (wrong) {
    return { refused: wrong };
  }
  const event = frozenCopy({ ...payload, timestamp });
  if (!event || !isRecord(event['data']) || !hasShape(type, event['data'])) {
    return { refused: 'data' };
  }
  return { event: event as unknown as OtherEvent };
}

function timeProblem(timestamp: unknown, maxAge: number): string | undefined {
  if (typeof timestamp !== 'string' || !TIME.test(timestamp)) {
    return 'timestamp';
  }
  const age = (Date.now() - Date.parse(timestamp)) / 1000;
  // The age of a date that does not exist is not a number.
  if (Number.isNaN(age) || age < -TOLERANCE) {
    return 'timestamp';
  }
  return age > maxAge ? 'stale' : undefined;
}

/** `undefined` for an event that is nested too deeply. */
function frozenCopy(event: object): UnknownData | undefined {
  try {
    return copy(event) as UnknownData;
  } catch {
    return undefined;
  }
}

/** Copies data frozen, bounded, and without the names through which a careless merge would change every object. */
function copy(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  if (depth > DEEPEST) {
    throw new RangeError('too deep');
  }
  if (Array.isArray(value)) {
    return Object.freeze(value.map((one) => copy(one, depth + 1)));
  }
  const members = Object.entries(value).filter(
    ([name]) => !['__proto__', 'constructor', 'prototype'].includes(name),
  );
  return Object.freeze(
    Object.fromEntries(members.map(([name, one]) => [name, copy(one, depth + 1)])),
  );
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]{1,255}$/.test(value);
}
