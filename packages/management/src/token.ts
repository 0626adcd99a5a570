import { KindeApiError, problemsOf } from './errors.js';
import type { ManagementEvent } from './events.js';
import { exchange, type Answer } from './http.js';
import type { Settings, TokenStore } from './options.js';
import { orGiveUp, retryAfterOf } from './wait.js';

const OPERATION = 'POST /oauth2/token';

/** Renewed so many seconds before its end, or a tenth of its life if that is less. */
const EARLY = 60;

/** Seconds that a token lives when its answer does not say. */
const DEFAULT_LIFE = 3600;
const LONGEST_LIFE = 30 * 86_400;

/** Seconds for a store to answer. */
const STORE_TIMEOUT = 2;

interface Token {
  readonly value: string;
  /** Unix seconds after which another one is asked for. */
  readonly until: number;
}

/** The application's own token. `refused` is one that Kinde did not take: the answer is another. */
export type Tokens = (refused?: string) => Promise<string>;

/** What tokens are made from. */
export interface TokenSource {
  readonly settings: Settings;
  readonly clientSecret: string;
  readonly tokenStore: TokenStore | undefined;
  readonly tell: (event: ManagementEvent) => void;
  readonly hide: (text: unknown) => string;
}

/**
 * One token for all calls: kept until shortly before it ends, asked for once however many calls need it, shared with other
 * processes through the store. A refused request leaves nothing behind.
 */
export function createTokens(source: TokenSource): Tokens {
  const { tokenStore } = source;
  let current: Token | undefined;
  let pending: Promise<Token> | undefined;

  const fresh = async (refused: string | undefined): Promise<Token> => {
    const key = await keyOf(source.settings);
    const shared = readToken(await offered(async () => tokenStore?.get(key)));
    if (shared && shared.until > now() && shared.value !== refused) {
      return (current = shared);
    }
    const token = await request(source);
    const maxAge = Math.floor(token.until - now());
    if (maxAge > 0) {
      await offered(async () => tokenStore?.set(key, JSON.stringify(token), maxAge));
    }
    return (current = token);
  };
  return async (refused) => {
    if (current && current.until > now() && current.value !== refused) {
      return current.value;
    }
    pending ??= fresh(refused).finally(() => {
      pending = undefined;
    });
    return (await pending).value;
  };
}

/** What a store answers. Whatever goes wrong there, or takes long, a token can still be had without it. */
async function offered<Value>(ask: () => Promise<Value>): Promise<Value | undefined> {
  const patience = { until: Date.now() + STORE_TIMEOUT * 1000, late: () => new Error('late') };
  return orGiveUp(ask(), patience).catch(() => undefined);
}

async function request({ settings, clientSecret, tell, hide }: TokenSource): Promise<Token> {
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
  const answer = await exchange(
    settings.fetch,
    {
      url: `${issuer}/oauth2/token`,
      method: 'POST',
      headers,
      body: body.toString(),
    },
    {
      until: Date.now() + timeout * 1000,
      operation: OPERATION,
      writes: false,
    },
  );
  tell({
    type: 'token',
    operation: OPERATION,
    attempt: 1,
    httpStatus: answer.status,
    took: now() - started,
  });
  return tokenOf(answer, hide);
}

/** @throws KindeApiError `token_refused` for anything but a token; `rate_limited`. */
function tokenOf({ status, headers, json, text }: Answer, hide: (text: unknown) => string): Token {
  const {
    access_token: value,
    expires_in: life,
    token_type: type,
  } = (json ?? {}) as Record<string, unknown>;
  const bearer =
    type === undefined || (typeof type === 'string' && type.toLowerCase() === 'bearer');
  if (status === 200 && bearer && isToken(value)) {
    const seconds = Math.min(Number(life) > 0 ? Number(life) : DEFAULT_LIFE, LONGEST_LIFE);
    return { value, until: now() + seconds - Math.min(EARLY, seconds / 10) };
  }
  const said = problemsOf(json, hide);
  // Text that should have been a token is not repeated.
  const words = status < 400 || json !== undefined ? '' : hide(text).slice(0, 80);
  const errors = said.length > 0 ? said : [{ code: 'NOT_A_TOKEN', message: words }];
  const details = {
    operation: OPERATION,
    httpStatus: status,
    errors,
    retryAfter: retryAfterOf(headers),
  };
  if (status === 429) {
    throw new KindeApiError(
      'rate_limited',
      `${OPERATION}: Kinde asks to be left alone for a while.`,
      details,
    );
  }
  const why = errors
    .map(({ code, message }) => (message ? `${code} (${message})` : code))
    .join(', ');
  throw new KindeApiError(
    'token_refused',
    `Kinde gave no token (${status}: ${why}). Check the client id and secret, that the application is authorized for the Management API, and that the domain is the tenant's own, not a custom one.`,
    details,
  );
}

/** Different applications, audiences and scopes never share a token. */
async function keyOf({ issuer, clientId, audience, scope = '' }: Settings): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify([issuer, clientId, audience, scope]));
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return `kinde-m2m-1:${Array.from(digest.subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

function readToken(text: unknown): Token | undefined {
  try {
    const { value, until } = JSON.parse(String(text)) as Token;
    if (isToken(value) && Number.isFinite(until)) {
      return { value, until };
    }
    return undefined;
  } catch {
    return undefined;
  }
}

/** Anything else would not fit into a header. */
function isToken(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]{1,16384}$/.test(value);
}

function now(): number {
  return Date.now() / 1000;
}
