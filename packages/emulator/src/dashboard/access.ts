import { createHash, timingSafeEqual } from 'node:crypto';
import type { Html } from '../pages/html.js';
import type { State } from '../state/state.js';
import { cookieFor, cookieOf } from './cookies.js';
import type { Notice } from './layout.js';

/** Who may see the dashboard: a browser that was opened by a link with a one-time code. */
export interface Access {
  /**
   * A link that opens the dashboard, once, within 10 minutes.
   * @param origin address at which the browser reaches this local Kinde. @default the issuer
   */
  link(origin?: string): string;
  /** The cookie for the code of a link; `undefined` where the code is wrong, used or too old. */
  redeem(request: Request): string | undefined;
  /** The session of a browser that may see the dashboard. */
  sessionOf(request: Request): Session | undefined;
}

/** A browser that may see the dashboard. */
export interface Session {
  /** What forms did, by a number in the address of the next page: the last 20. */
  readonly notices: Map<string, Notice>;
  /** What is shown once, by the same number. */
  readonly once: Map<string, Html>;
}

/** Milliseconds of real time: the emulator's may be moved. */
const CODE_LIFETIME = 10 * 60 * 1_000;
const MOST_CODES = 20;
const MOST_SESSIONS = 50;
/** Name of the cookie. */
const NAME = 'dashboard';

/** Codes and sessions live in memory: each start of the local Kinde has its own. */
export function createAccess(state: State): Access {
  const codes: Kept<number>[] = [];
  const sessions: Kept<Session>[] = [];
  return {
    link(origin = state.issuer) {
      const code = state.random.secret();
      keep(codes, { digest: digestOf(code), value: Date.now() + CODE_LIFETIME }, MOST_CODES);
      return `${origin}/emulator/open?code=${code}`;
    },
    redeem(request) {
      const code = find(codes, new URL(request.url).searchParams.get('code') ?? '');
      if (!code) {
        return undefined;
      }
      codes.splice(codes.indexOf(code), 1);
      if (Date.now() > code.value) {
        return undefined;
      }
      const id = state.random.secret(32);
      const session: Session = { notices: new Map(), once: new Map() };
      keep(sessions, { digest: digestOf(id), value: session }, MOST_SESSIONS);
      return cookieFor(request, NAME, { value: id });
    },
    sessionOf: (request) => find(sessions, cookieOf(request, NAME) ?? '')?.value,
  };
}

/** A secret, of which only the digest is kept, and what it stands for. */
interface Kept<Value> {
  readonly digest: Buffer;
  readonly value: Value;
}

function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

function keep<Value>(list: Kept<Value>[], added: Kept<Value>, most: number): void {
  list.push(added);
  list.splice(0, list.length - most);
}

function find<Value>(list: readonly Kept<Value>[], secret: string): Kept<Value> | undefined {
  const digest = digestOf(secret);
  return list.find((one) => timingSafeEqual(one.digest, digest));
}

/**
 * Whether a page of another origin may be behind a request. Other ports of this machine are such origins, although browsers
 * call them the same site. A link from anywhere may be followed: it changes nothing, and its page cannot be read there.
 */
export function isForeign(request: Request, { issuer }: Pick<State, 'issuer'>): boolean {
  const origin = request.headers.get('origin');
  const site = request.headers.get('sec-fetch-site');
  const isOwn =
    origin !== null && [new URL(request.url).origin, new URL(issuer).origin].includes(origin);
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return !isOwn || (site !== null && site !== 'same-origin');
  }
  if (origin !== null && !isOwn) {
    return true;
  }
  return site !== null && !['same-origin', 'none'].includes(site) && !isNavigation(request);
}

/** Whether the browser goes to this address in a window of its own, not in a frame of another page. */
export function isNavigation(request: Request): boolean {
  const mode = request.headers.get('sec-fetch-mode');
  return mode === 'navigate' && request.headers.get('sec-fetch-dest') === 'document';
}
