import { KindeApiError, line, problemsOf } from './errors.js';
import type { ManagementEvent } from './events.js';
import { exchange, type Answer } from './http.js';
import type { Settings } from './options.js';
import { retryAfterOf } from './wait.js';

const OPERATION = 'POST /oauth2/token';

/** Renewed so many seconds before its end, or a tenth of its life if that is less. */
const EARLY = 60;

interface Token {
  readonly value: string;
  /** Unix seconds after which another one is asked for. */
  readonly until: number;
}

/** The application's own token. `refused` is one that Kinde did not take: the answer is another. */
export type Tokens = (limits: { seconds: number; refused?: string | undefined }) => Promise<string>;

/**
 * One token for all calls: kept until shortly before it ends, asked for once however many calls need it, shared with other
 * processes through the store. A refused request leaves nothing behind.
 */
export function createTokens(settings: Settings, tell: (event: ManagementEvent) => void): Tokens {
  const { tokenStore } = settings;
  let current: Token | undefined;
  let pending: Promise<Token> | undefined;

  const fresh = async (seconds: number, refused: string | undefined): Promise<Token> => {
    const key = await keyOf(settings);
    const kept = await tokenStore?.get(key).catch(() => undefined);
    const shared = kept ? readToken(kept) : undefined;
    if (shared && shared.until > now() && shared.value !== refused) return shared;
    const token = await request(settings, seconds, tell);
    const maxAge = Math.floor(token.until - now());
    if (maxAge > 0) await tokenStore?.set(key, JSON.stringify(token), maxAge).catch(() => undefined);
    return token;
  };
  return async ({ seconds, refused }) => {
    if (current && current.until > now() && current.value !== refused) return current.value;
    pending ??= fresh(seconds, refused).finally(() => {
      pending = undefined;
    });
    current = await pending;
    return current.value;
  };
}

async function request(settings: Settings, seconds: number, tell: (event: ManagementEvent) => void): Promise<Token> {
  const { issuer, clientId, clientSecret, audience, scope } = settings;
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: clientId,
    client_secret: clientSecret,
    audience,
    ...(scope && { scope }),
  });
  const headers = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' };
  const started = now();
  const answer = await exchange(
    settings.fetch,
    { url: `${issuer}/oauth2/token`, method: 'POST', headers, body: body.toString() },
    { signal: undefined, seconds, operation: OPERATION },
  );
  tell({ type: 'token', operation: OPERATION, attempt: 1, httpStatus: answer.status, took: now() - started });
  return tokenOf(answer, settings);
}

/** @throws KindeApiError `token_refused` for anything but a token; `rate_limited`. */
function tokenOf({ status, headers, json, text }: Answer, { clientSecret }: Settings): Token {
  const { access_token: value, expires_in: life, token_type: type } = (json ?? {}) as Record<string, unknown>;
  const bearer = type === undefined || (typeof type === 'string' && type.toLowerCase() === 'bearer');
  if (status === 200 && bearer && typeof value === 'string' && /^[\x21-\x7e]{1,16384}$/.test(value)) {
    const seconds = Number(life) > 0 ? Number(life) : 3600;
    return { value, until: now() + seconds - Math.min(EARLY, seconds / 10) };
  }
  const said = problemsOf(json);
  const errors = said.length > 0 ? said : [{ code: 'NOT_A_TOKEN', message: line(text, [clientSecret]).slice(0, 80) }];
  const details = { operation: OPERATION, httpStatus: status, errors };
  if (status === 429)
    throw new KindeApiError('rate_limited', `${OPERATION}: Kinde asks to be left alone for a while.`, {
      ...details,
      retryAfter: retryAfterOf(headers),
    });
  const why = errors.map(({ code, message }) => (message ? `${code} (${message})` : code)).join(', ');
  throw new KindeApiError(
    'token_refused',
    `Kinde gave no token (${status}: ${line(why, [clientSecret])}). Check the client id and secret, that the application is authorized for the Management API, and that the domain is the tenant's own, not a custom one.`,
    details,
  );
}

/** Different applications, audiences and scopes never share a token. */
async function keyOf({ issuer, clientId, audience, scope = '' }: Settings): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify([issuer, clientId, audience, scope]));
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return `kinde-m2m-1:${Array.from(digest.subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

function readToken(text: string): Token | undefined {
  try {
    const { value, until } = JSON.parse(text) as Token;
    return typeof value === 'string' && typeof until === 'number' ? { value, until } : undefined;
  } catch {
    return undefined;
  }
}

function now(): number {
  return Date.now() / 1000;
}
