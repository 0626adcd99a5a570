import type { Clock } from './clock.js';
import type { ReadonlySeed } from './seed/seed.js';

/** How a local Kinde is set up. Everything has a default. */
export interface EmulatorOptions {
  /** @default 'http://localhost:4455', or the address it listens on */
  issuer?: string;
  /** Address of the app, a path included if it lives under one: its `/callback` and the site itself are registered at the default application. @default 'http://localhost:3000' */
  siteUrl?: string;
  /** @default defaultSeed */
  seed?: ReadonlySeed;
  /** Seconds in which a refresh token that was replaced still works. @default 0: using it again ends all its successors */
  overlap?: number;
  clock?: Pick<Clock, 'now'>;
  /**
   * `strict` answers as the Management API is described. `observed` answers as the live service was seen to: empty lists
   * are null, and a few answers have another form. @default 'strict'
   */
  management?: { mode?: 'strict' | 'observed' };
  /**
   * Takes the requests to webhooks' endpoints, such as `(input, init) => app.fetch(new Request(input, init))`.
   * @default the global fetch, for endpoints on this machine only
   */
  deliver?: typeof globalThis.fetch;
}

/**
 * A local Kinde gives tokens to anybody who asks: it must not run where that matters.
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
    'The Kinde emulator signs in anybody as anybody, so it refuses to run in production, which is every NODE_ENV but ' +
      `${DEVELOPMENT.filter(Boolean).join(', ')}; here it is ${JSON.stringify(name)}.`,
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
    `siteUrl must be an origin such as ${DEFAULTS.siteUrl}, with or without a path, not "${value}".`,
  );
}

/** An http or https URL of nothing but an origin and a path. */
function webUrl(value: string): URL | undefined {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const isPlain =
    url && /^https?:$/.test(url.protocol) && !url.search && !url.hash && !url.username;
  return isPlain ? url : undefined;
}
