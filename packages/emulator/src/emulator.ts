import { createApp } from './app.js';
import { createClock, type Clock } from './clock.js';
import { createFaults, type Faults } from './faults.js';
import { refuseProduction, siteOf, type EmulatorOptions } from './options.js';
import { serve } from './serve.js';
import { signIn } from './sign-in.js';
import { createSigningKey, signJwt, type SigningKey } from './signing-key.js';
import { secret } from './state/ids.js';
import { createState, type State } from './state/state.js';
import { createDelivery, type Deliveries } from './webhooks/delivery.js';

/** A Kinde that lives in this process. */
export interface Emulator {
  /** Answers like Kinde, following nothing. Pass it as `fetch`; any other origin is unreachable. */
  readonly fetch: typeof globalThis.fetch;
  readonly issuer: string;
  /** Environment of an app that signs in here. */
  readonly env: Readonly<Record<string, string>>;
  /** Everything it remembers. Change it; the next token shows it. */
  readonly state: State;
  readonly clock: Clock;
  readonly faults: Faults;
  /**
   * From now on the Management API takes this many requests in so many seconds of the emulator's clock; to more it says
   * 429, and when to come again in `RateLimit-Reset`. Without a limit it takes all.
   */
  limitManagement(limit?: { requests: number; seconds: number }): void;
  /** What webhooks are told. They are made through the Management API. */
  readonly webhooks: Deliveries;
  /** What arrived, for counting; never bodies. The oldest of more than 10,000 go. */
  readonly requests: {
    method: string;
    path: string;
    query: string;
  }[];
  /** A JWT under the tenant's key, or under one that is not published, for tests of bad tokens. */
  sign(
    claims: Record<string, unknown>,
    options?: { header?: Record<string, unknown>; key?: 'current' | 'unpublished' },
  ): Promise<string>;
  /** A new signing key; the old one leaves the published set. */
  rotateKeys(): Promise<void>;
  /**
   * Answers an authorization URL as this person would, without a browser. Resolves with the callback URL.
   * @throws Error with the page's text where Kinde would show a page instead.
   */
  signIn(
    authorizationUrl: string | URL,
    choice: { email: string; organization?: string },
  ): Promise<URL>;
  /** Serves the pages on this machine. Without the option `issuer`, the issuer becomes that address. */
  listen(options?: { port?: number; host?: string }): Promise<{ url: string }>;
  close(): Promise<void>;
}

/**
 * A local Kinde, with its own keys, people and applications.
 * @throws Error in production, or for an invalid seed.
 * @example const emulator = await createEmulator(); createKinde({ ...options, fetch: emulator.fetch })
 */
export async function createEmulator(given: EmulatorOptions = {}): Promise<Emulator> {
  const options = { __proto__: null, ...given } as EmulatorOptions;
  refuseProduction();
  const clock = createClock(options.clock);
  const state = await createState(options, clock);
  const { start, stop, ...webhooks } = createDelivery(state, options.deliver);
  const app = createApp(state);
  const faults = createFaults();
  const requests: Emulator['requests'] = [];
  let unpublished: Promise<SigningKey> | undefined;
  const env = environment(state, options.siteUrl);
  const servers: { close(): Promise<void> }[] = [];

  const answer = (request: Request): Promise<Response> => {
    const { pathname, search } = new URL(request.url);
    if (
      requests.push({
        method: request.method,
        path: pathname,
        query: search,
      }) > MOST_REQUESTS
    ) {
      requests.shift();
    }
    return faults.around(request, async () => app.fetch(request));
  };
  return {
    fetch: async (input, init) => {
      const request = new Request(input, init);
      if (new URL(request.url).origin !== new URL(state.issuer).origin) {
        throw new TypeError('fetch failed', { cause: { code: 'ENOTFOUND' } });
      }
      return abortable(answer(request), request.signal);
    },
    get issuer() {
      return state.issuer;
    },
    get env() {
      return { ...env, KINDE_ISSUER_URL: state.issuer };
    },
    state,
    clock,
    faults,
    webhooks,
    limitManagement: (limit) => limitManagement(state, limit),
    requests,
    async sign(claims, { header, key } = {}) {
      if (key !== 'unpublished') {
        return signJwt(state.key, claims, header);
      }
      const { privateKey } = await (unpublished ??= createSigningKey());
      return signJwt({ privateKey, jwk: state.key.jwk }, claims, header);
    },
    async rotateKeys() {
      state.key = await createSigningKey();
    },
    signIn: (url, choice) => signIn(new URL(url), choice, { state, answer }),
    async listen({ port = 4455, host = 'localhost' } = {}) {
      const server = await serve(answer, { port, host });
      servers.push(server);
      start();
      const url = `http://${host.includes(':') ? `[${host}]` : host}:${server.port}`;
      if (!options.issuer) {
        state.issuer = url;
      }
      return { url };
    },
    async close() {
      stop();
      await Promise.all(servers.splice(0).map((server) => server.close()));
    },
  };
}

function limitManagement(state: State, limit: Parameters<Emulator['limitManagement']>[0]): void {
  if (limit) {
    state.managementLimit = {
      ...limit,
      since: state.clock.now(),
      taken: 0,
    };
  } else {
    delete state.managementLimit;
  }
}

/** A local Kinde may run for weeks. */
const MOST_REQUESTS = 10_000;

/** What a real network does: giving up on a request makes it fail, however long the answer takes. */
function abortable(answer: Promise<Response>, signal: AbortSignal): Promise<Response> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) {
      abort();
    }
    signal.addEventListener('abort', abort, { once: true });
    answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

function environment(state: State, siteUrl: string | undefined): Record<string, string> {
  const application =
    state.applications.find(({ type }) => type === 'reg') ?? state.applications[0];
  const machine = state.applications.find(({ management }) => management !== undefined);
  const site = siteOf(siteUrl);
  return {
    KINDE_CLIENT_ID: application?.clientId ?? '',
    KINDE_CLIENT_SECRET: application?.clientSecret ?? '',
    KINDE_SITE_URL: site,
    KINDE_REDIRECT_URI: application?.redirectUris[0] ?? `${site}/callback`,
    KINDE_POST_LOGOUT_REDIRECT_URL: application?.logoutUris[0] ?? site,
    KINDE_AUDIENCE: (application?.audiences ?? []).join(' '),
    KINDE_SESSION_SECRET: secret(32),
    ...(machine && {
      KINDE_MANAGEMENT_CLIENT_ID: machine.clientId,
      KINDE_MANAGEMENT_CLIENT_SECRET: machine.clientSecret ?? '',
    }),
  };
}
