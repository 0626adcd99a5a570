import { compactVerify } from 'jose';
import { keySet } from '../state/keys.js';
import type { State } from '../state/state.js';
import { redirectBack } from './authorization-response.js';

/** Values of `prompt` that Kinde names. */
export const PROMPTS = ['login', 'create', 'consent', 'select_account', 'none'] as const;

/** The values of `prompt` in a request, which may be several (OpenID Connect Core, 3.1.2.1). */
export function promptsOf(query: URLSearchParams): string[] {
  return (query.get('prompt') ?? '').split(' ').filter(Boolean);
}

/** Sends the browser back with `invalid_request` where `prompt` or `max_age` cannot be understood. */
export function checkQuestions(query: URLSearchParams): Response | undefined {
  const prompts = promptsOf(query);
  const unknown = prompts.find((prompt) => !(PROMPTS as readonly string[]).includes(prompt));
  if (unknown !== undefined) {
    return invalid(query, `prompt is one of ${PROMPTS.join(', ')}.`);
  }
  if (prompts.includes('none') && prompts.length > 1) {
    return invalid(query, 'prompt=none stands alone.');
  }
  if (!/^\d{0,10}$/.test(query.get('max_age') ?? '')) {
    return invalid(query, 'max_age is a number of seconds.');
  }
  return undefined;
}

function invalid(query: URLSearchParams, why: string): Response {
  return redirectBack(query, { error: 'invalid_request', error_description: why });
}

/** Whether the user is asked who they are, although Kinde's own session knows. */
export function asksAgain(query: URLSearchParams): boolean {
  const prompts = promptsOf(query);
  return prompts.includes('login') || prompts.includes('select_account');
}

/** Whether a sign-in is too old for `max_age`. `max_age=0` asks always, as `prompt=login` does. */
export function isTooOld(authTime: number, query: URLSearchParams, now: number): boolean {
  const value = query.get('max_age') ?? '';
  const age = now - authTime;
  return value !== '' && (Number(value) === 0 || age > Number(value));
}

/**
 * Id of the user whom `id_token_hint` names; `undefined` without one. An expired token is as good as another, but one that
 * was not issued here, to this client, names nobody: then it is an empty string.
 */
export async function hintedPerson(
  query: URLSearchParams,
  state: State,
): Promise<string | undefined> {
  const hint = query.get('id_token_hint');
  if (!hint) {
    return undefined;
  }
  const verified = await compactVerify(hint, keySet(state), { algorithms: ['RS256'] }).catch(
    () => undefined,
  );
  const { iss, sub, aud } = claimsOf(verified?.payload);
  const isOurs = iss === state.issuer && [aud].flat().includes(query.get('client_id'));
  return isOurs && typeof sub === 'string' ? sub : '';
}

function claimsOf(payload: Uint8Array | undefined): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(new TextDecoder().decode(payload)) as Record<string, unknown>;
  } catch {
    return {};
  }
}
