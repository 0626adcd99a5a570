import { retryAfterOf } from '@kindling/internal';
import { KindeApiError, problemsOf } from './errors.js';
import type { ManagementEvent } from './events.js';
import { exchange, type Answer } from './http.js';
import type { Settings, TokenStore } from './options.js';
import { withDeadline } from './wait.js';

const OPERATION = 'POST /oauth2/token';

/** Seconds before expiry when a new token is requested, or a tenth of its life if that is less. */
const EARLY = 60;

/** Seconds that a token lives when the response does not say. */
const DEFAULT_LIFE = 3600;
/** Seconds that a token lives at most. */
const LONGEST_LIFE = 30 * 86_400;

/** Seconds that a store may take. */
const STORE_TIMEOUT = 2;

interface Token {
  readonly value: string;
  /** Unix seconds when the next one is requested. */
  readonly until: number;
}

/** Provides the access token of the application; a new one in place of the `refused` one that Kinde did not accept. */
export type Tokens = (refused?: string) => Promise<string>;

/** The parts that requesting tokens needs. */
export interface TokenSource {
  readonly settings: Settings;
  readonly clientSecret: string;
  readonly tokenStore: TokenStore | undefined;
  readonly emit: (event: ManagementEvent) => void;
  readonly redact: (text: unknown) => string;
}

/**
 * Keeps one token for all calls: until shortly before it expires, with a single request however many calls need it, and
 * shared with other processes through the store. A failed request is not cached.
 */
export function createTokens(source: TokenSource): Tokens {
  const { tokenStore } = source;
  let current: Token | undefined;
  let pending: Promise<Token> | undefined;

  const load = async (refused: string | undefined): Promise<Token> => {
    const key = await keyOf(source.settings);
    const shared = readToken(await fromStore(async () => tokenStore?.get(key)));
    if (shared && isUsable(shared, refused)) {
      current = shared;
      return shared;
    }
    const token = await request(source);
    const maxAge = Math.floor(token.until - now());
    if (maxAge > 0) {
      await fromStore(async () => tokenStore?.set(key, JSON.stringify(token), maxAge));
    }
    current = token;
    return token;
  };
  return async (refused) => {
    if (current && isUsable(current, refused)) {
      return current.value;
    }
    pending ??= load(refused).finally(() => {
      pending = undefined;
    });
    const token = await pending;
    return token.value;
  };
}

function isUsable({ until, value }: Token, refused: string | undefined): boolean {
  return until > now() && value !== refused;
}

/** Asks the store, without depending on it: if it fails or is late, a token can be requested all the same. */
async function fromStore<Value>(ask: () => Promise<Value>): Promise<Value | undefined> {
  const deadline = {
    until: Date.now() + STORE_TIMEOUT * 1000,
    onTimeout: () => new Error('late'),
  };
  return withDeadline(ask(), deadline).catch(() => undefined);
}

async function request({ settings, clientSecret, emit, redact }: TokenSource): Promise<Token> {
  const { issuer, clientId, audience, scope, timeout } = settings;
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: clientSecret,
    audience,
    ...(scope && { scope }),
  });
  const headers = new Headers({
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
  });
  const started = now();
  const outgoing = {
    url: `${issuer}/oauth2/token`,
    method: 'POST',
    headers,
    body: body.toString(),
  };
  const answer = await exchange(settings.fetch, outgoing, {
    until: Date.now() + timeout * 1000,
    operation: OPERATION,
    writes: false,
  });
  emit({
    type: 'token',
    operation: OPERATION,
    attempt: 1,
    httpStatus: answer.status,
    took: now() - started,
  });
  const token = tokenOf(answer);
  if (!token) {
    throw refusalOf(answer, redact);
  }
  return token;
}

function tokenOf({ status, json }: Answer): Token | undefined {
  const {
    access_token: value,
    expires_in: life,
    token_type: type,
  } = (json ?? {}) as Record<string, unknown>;
  if (status !== 200 || !isBearer(type) || !isToken(value)) {
    return undefined;
  }
  const seconds = Math.min(Number(life) > 0 ? Number(life) : DEFAULT_LIFE, LONGEST_LIFE);
  const early = Math.min(EARLY, seconds / 10);
  return { value, until: now() + seconds - early };
}

function isBearer(type: unknown): boolean {
  return type === undefined || (typeof type === 'string' && type.toLowerCase() === 'bearer');
}

/** The error for everything but a token: `rate_limited` or `token_refused`. */
function refusalOf(
  { status, headers, json, text }: Answer,
  redact: (text: unknown) => string,
): KindeApiError {
  const errors = problemsOf(json, redact);
  if (errors.length === 0) {
    // Text in place of a token may contain one, so it is not repeated.
    const isSafe = status >= 400 && json === undefined;
    errors.push({ code: 'NOT_A_TOKEN', message: isSafe ? redact(text).slice(0, 80) : '' });
  }
  const details = {
    operation: OPERATION,
    httpStatus: status,
    errors,
    retryAfter: retryAfterOf(headers),
  };
  if (status === 429) {
    const message = `${OPERATION}: Kinde’s rate limit is reached.`;
    return new KindeApiError('rate_limited', message, details);
  }
  const reasons = errors.map(({ code, message }) => (message ? `${code} (${message})` : code));
  return new KindeApiError(
    'token_refused',
    `Kinde issued no token (${status}: ${reasons.join(', ')}). Check the client ID and secret, that the application is authorized for the Management API, and that the domain is the tenant's own, not a custom one.`,
    details,
  );
}

/** Derives the key in the store: different applications, audiences and scopes never share a token. */
async function keyOf({ issuer, clientId, audience, scope = '' }: Settings): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify([issuer, clientId, audience, scope]));
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const name = Array.from(digest.subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0'));
  return `kinde-m2m-1:${name.join('')}`;
}

function readToken(text: unknown): Token | undefined {
  try {
    const { value, until } = JSON.parse(String(text)) as Token;
    if (!isToken(value) || !Number.isFinite(until)) {
      return undefined;
    }
    return { value, until };
  } catch {
    return undefined;
  }
}

/** Checks that the text fits into a header. */
function isToken(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]{1,16384}$/.test(value);
}

function now(): number {
  return Date.now() / 1000;
}
