// Options of `createEmulator`, checked.
import type { Clock } from './clock.js';
import type { ReadonlySeed } from './seed/seed.js';

/** Options of `createEmulator`. All have defaults. */
export interface EmulatorOptions {
  /** Issuer of tokens, an origin. @default the address it listens on, until then 'http://localhost:4455' */
  issuer?: string;
  /**
   * Address of the app, with a path if it lives under one. Registers its `/callback` and the address itself at the
   * default application. @default 'http://localhost:3000'
   */
  siteUrl?: string;
  /**
   * Callback URLs of the app beside `/callback`: paths below `siteUrl`, such as `/api/auth/kinde_callback`, or whole URLs.
   * Registered at the first back-end application. @default none
   */
  callbacks?: readonly string[];
  /** Tenant to start with. @default defaultSeed */
  seed?: ReadonlySeed;
  /**
   * Folder in which identity, state and snapshots are kept, so that a restart is invisible to apps. One process at a time can
   * use it. @default nothing is kept
   */
  keep?: string;
  /** Name of the environment: each has a state of its own in the folder. @default 'default' */
  environment?: string;
  /** Seconds in which a replaced refresh token still works; using it later revokes all its successors. @default 10 */
  overlap?: number;
  /** Allows nothing that Kinde only tolerates: a refresh token works once, as with `overlap: 0`. For tests of clients. @default false */
  strict?: boolean;
  /**
   * Makes the same ids, codes and tokens in the same order every time, so that, with a clock that stands still, tokens can be
   * compared as text. Refused by `listen`. @default false
   */
  deterministic?: boolean;
  /** Source of the time, in Unix seconds. @default the system clock */
  clock?: Pick<Clock, 'now'>;
  /** Options of the Management API. @default strict responses */
  management?: {
    /**
     * Form of responses: `strict` follows Kinde's description, `observed` the live service, which returns `null` for empty
     * lists and a few responses in another form. @default 'strict'
     */
    mode?: 'strict' | 'observed';
  };
  /**
   * Delivers requests to webhooks, such as `(input, init) => app.fetch(new Request(input, init))`.
   * @default the global fetch, for endpoints on this machine only
   */
  deliver?: typeof globalThis.fetch;
}

/**
 * Refuses to run in production, because the emulator signs in anybody as anybody.
 * @throws Error where NODE_ENV has any name but the usual ones for development and tests: the same as in core.
 */
export function refuseProduction(
  env: Readonly<Record<string, string | undefined>> = process.env,
): void {
  const name = (Object.hasOwn(env, 'NODE_ENV') ? (env['NODE_ENV'] ?? '') : '').trim();
  if (DEVELOPMENT.includes(name.toLowerCase())) {
    return;
  }
  throw new Error(
    'The Kinde emulator signs in anybody as anybody, so it refuses to run in production. ' +
      `NODE_ENV is ${JSON.stringify(name)}; allowed are ${DEVELOPMENT.filter(Boolean).join(', ')}, or none.`,
  );
}

const DEVELOPMENT = ['', 'development', 'dev', 'local', 'test', 'testing', 'ci', 'e2e'];

const DEFAULTS = { issuer: 'http://localhost:4455', siteUrl: 'http://localhost:3000' } as const;

/**
 * The origin that an option names, or its default. Both are compared as strings later, so a slash at the end must go.
 * @throws Error for anything but an http or https origin.
 */
export function originOf(option: keyof typeof DEFAULTS, value: string = DEFAULTS[option]): string {
  const url = webUrl(value);
  if (url?.pathname === '/') {
    return url.origin;
  }
  throw new Error(`${option} must be an origin such as ${DEFAULTS[option]}, not "${value}".`);
}

/**
 * The address of the app: an origin, or an origin and the path that the app lives under.
 * @throws Error for anything else.
 */
export function siteOf(value: string = DEFAULTS.siteUrl): string {
  const url = webUrl(value);
  if (url) {
    return url.origin + url.pathname.replace(/\/$/, '');
  }
  throw new Error(
    `siteUrl (--site) must be an origin such as ${DEFAULTS.siteUrl}, with or without a path, not "${value}".`,
  );
}

/**
 * The callback URLs of an app, with paths joined to its address.
 * @throws Error for anything but a path or an http or https URL.
 */
export function callbacksOf(values: readonly string[], siteUrl: string): string[] {
  return values.map((value) => {
    const address = /^\/(?!\/)/.test(value) ? siteUrl + value : value;
    if (!/[\s#*\\]/.test(value) && URL.canParse(address) && /^https?:\/\//.test(address)) {
      return address;
    }
    throw new Error(
      `callbacks (--callback) are paths such as /callback, or http or https URLs, without a fragment, not "${value}".`,
    );
  });
}

/** An http or https URL of nothing but an origin and a path. */
function webUrl(value: string): URL | undefined {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const isPlain =
    url && /^https?:$/.test(url.protocol) && !url.search && !url.hash && !url.username;
  return isPlain ? url : undefined;
}
