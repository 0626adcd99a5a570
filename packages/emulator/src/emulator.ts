// The emulator as one object: state, clock, faults, pages and the way in for tests.
import type { ReceivedRequest } from './answer.js';
import type { Clock } from './clock.js';
import type { Control } from './control/control.js';
import { variablesOf } from './env/variables.js';
import type { Faults } from './faults/faults.js';
import type { Flows } from './flows/flow.js';
import { DEVELOPMENT_KID } from './identity/development-key.js';
import { createKey, openKey, signJwt, type SigningKey } from './identity/signing-key.js';
import { openKeep, type Keep } from './keep/keep.js';
import { createLocalKinde, type Extras, type LocalKinde } from './local-kinde.js';
import { refuseProduction, type EmulatorOptions } from './options.js';
import { serve, type ListenOptions } from './serve.js';
import { signIn, type SignInChoice } from './sign-in.js';
import type { Snapshot } from './state/capture.js';
import { rotateKeys, useKey } from './state/keys.js';
import type { ManagementLimit, State } from './state/state.js';
import type { Deliveries } from './webhooks/delivery.js';

/** A local Kinde in this process. */
export interface Emulator {
  /**
   * Answers requests to the issuer as Kinde does; redirects are not followed. Pass it as `fetch` to a client.
   * @throws TypeError as `fetch` does for an unreachable host, for every other origin.
   */
  readonly fetch: typeof globalThis.fetch;
  /** Issuer of its tokens and origin of its pages: the option `issuer`, or the address it listens on. */
  readonly issuer: string;
  /** Environment of an app that signs in here: `KINDE_ISSUER_URL`, credentials, redirect URIs and a session secret. */
  readonly env: Readonly<Record<string, string>>;
  /** State of the tenant. Changes take effect at once: the next token contains them. */
  readonly state: State;
  /** Faults by name, tokens, sessions, snapshots, the clock, the journal: the same as over HTTP. */
  readonly control: Control;
  /** Token that the control API demands over HTTP, below `/emulator/api/v1`. */
  readonly controlToken: string;
  /**
   * A link that opens the dashboard in a browser, once, within 10 minutes.
   * @param origin address at which the browser reaches the emulator. @default the issuer
   */
  dashboardLink(origin?: string): string;
  /** Clock that tokens, codes and sessions expire by. */
  readonly clock: Clock;
  /** Injects faults into endpoints, by path. */
  readonly faults: Faults;
  /**
   * Limits the Management API to so many requests in so many seconds of the emulator's clock. Requests beyond get 429, with
   * the seconds to wait in `RateLimit-Reset`. Without a limit, removes the limit.
   */
  limitManagement(limit?: Pick<ManagementLimit, 'requests' | 'seconds'>): void;
  /** Deliveries to webhooks, which are created through the Management API. */
  readonly webhooks: Deliveries;
  /** Sign-ins, step by step: what the app sent, what was answered, and why it failed. The last 500. */
  readonly flows: Flows;
  /** Requests received, for counting, without bodies. The oldest of more than 10,000 are dropped. */
  readonly requests: ReceivedRequest[];
  /** Signs a JWT with the tenant's key, or with one that is not published, for tests of bad tokens. */
  sign(claims: Record<string, unknown>, options?: SignOptions): Promise<string>;
  /**
   * Replaces the signing key. The old one stays published for `keepOld` seconds, by default not at all: tokens signed by it
   * no longer verify then.
   */
  rotateKeys(options?: { keepOld?: number }): Promise<void>;
  /** Takes a snapshot of everything that survives a restart, as JSON. Credentials and keys are not part of it. */
  capture(): Snapshot;
  /**
   * Goes back to a snapshot, in place: whoever holds the emulator or its state goes on with it.
   * @throws TypeError for what is not a snapshot of this version
   */
  restore(snapshot: Snapshot): void;
  /** Goes back to the seed and to real time, without faults. Credentials and keys stay. */
  reset(): void;
  /**
   * Signs this user in at an authorization URL, without a browser. Resolves with the callback URL.
   * @throws Error where the URL is of another issuer, where no user has this address, and with the page's text where Kinde
   * would show a page instead.
   */
  signIn(authorizationUrl: string | URL, choice: SignInChoice): Promise<URL>;
  /**
   * Serves the pages on this machine, by default on port 4455 of `localhost`; port 0 takes a free one. Without the option
   * `issuer`, the issuer becomes that address.
   * @throws Error where the port is taken, and for a host that other machines reach without `allowHosts`.
   */
  listen(options?: ListenOptions): Promise<Listening>;
  /** Stops serving and delivering. The state stays, and `fetch` keeps answering. */
  close(): Promise<void>;
}

/** Options of `Emulator.sign`. */
interface SignOptions {
  /** Header parameters that are added or replaced. @default none */
  header?: Record<string, unknown>;
  /** Key to sign with; both are announced as the current one. @default 'current' */
  key?: 'current' | 'unpublished';
}

/** Result of `Emulator.listen`. */
interface Listening {
  /** Origin of the pages. */
  url: string;
}

/**
 * Creates a local Kinde, with its own keys, users and applications.
 * @throws Error in production, and for an invalid seed, issuer or site URL.
 * @example const emulator = await createEmulator(); createKinde({ ...options, fetch: emulator.fetch })
 */
export function createEmulator(given: EmulatorOptions = {}): Promise<Emulator> {
  return createEmulatorWith(given);
}

/** `createEmulator`, for one of several environments of a process. */
export async function createEmulatorWith(
  given: EmulatorOptions,
  extras: Extras = {},
): Promise<Emulator> {
  const options = { __proto__: null, ...given } as EmulatorOptions;
  refuseProduction();
  const { keep, local } = await open(options, extras);
  const { state, delivering, access, dashboardLink, answer: _, ...parts } = local;
  const own = createOwnKey(state, options);
  if (keep) {
    keep.attach(state, own.make());
  }
  const answer = keptAnswer(local, own, keep);
  const servers = createServers(answer);
  const env = variablesOf(state);
  return {
    ...parts,
    fetch: async (input, init) => fetchFrom(answer, new Request(input, init), state.issuer),
    get issuer() {
      return state.issuer;
    },
    get env() {
      return { ...env, KINDE_ISSUER_URL: state.issuer };
    },
    state,
    controlToken: access.token,
    dashboardLink,
    clock: state.clock,
    limitManagement: (limit) => limitManagement(state, limit),
    sign: createSign(state, own),
    async rotateKeys({ keepOld } = {}) {
      await own.ready();
      await rotateKeys(state, keepOld);
    },
    signIn: (url, choice) => signIn(new URL(url), choice, { state, answer }),
    async listen(address = {}) {
      const made = own.make();
      const url = await servers.listen(address);
      if (!extras.listensAtOnce) {
        await made;
      }
      keep?.announce(url);
      delivering.start();
      if (!options.issuer) {
        state.issuer = url;
      }
      return { url };
    },
    async close() {
      delivering.stop();
      await servers.close();
      await own.ready();
      keep?.close();
    },
  };
}

/** Opens what is kept, if anything is, and puts the parts together on its identity. */
async function open(
  options: EmulatorOptions,
  extras: Extras,
): Promise<{ keep?: Keep; local: LocalKinde }> {
  const { environment } = options;
  if (options.keep === undefined) {
    return { local: createLocalKinde(options, { environment, ...extras }) };
  }
  const keep = await openKeep(options.keep, environment);
  const { identity, snapshot, snapshots, token } = keep;
  try {
    const kept = { environment, identity, snapshot, snapshots, access: { token } };
    return { keep, local: createLocalKinde(options, { ...kept, ...extras }) };
  } catch (error) {
    keep.close();
    throw error;
  }
}

type Answer = (request: Request) => Promise<Response>;

/** Answers once the key is there, and has what a request may have changed kept. */
function keptAnswer(local: LocalKinde, own: OwnKey, keep: Keep | undefined): Answer {
  return async (request) => {
    await own.ready();
    const response = await local.answer(request);
    if (request.method !== 'GET') {
      keep?.changed();
    }
    return response;
  };
}

async function fetchFrom(answer: Answer, request: Request, issuer: string): Promise<Response> {
  if (new URL(request.url).origin !== new URL(issuer).origin) {
    throw new TypeError('fetch failed', { cause: { code: 'ENOTFOUND' } });
  }
  return abortable(answer(request), request.signal);
}

/** Rejects once the signal aborts, as a real network does, however long the answer takes. */
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

/** The servers of this emulator: `listen` may be called for several addresses. */
function createServers(answer: Answer) {
  const servers: { close(): Promise<void> }[] = [];
  return {
    async listen(options: ListenOptions) {
      const server = await serve(answer, options);
      servers.push(server);
      return server.url;
    },
    async close() {
      await Promise.all(servers.splice(0).map((server) => server.close()));
    },
  };
}

/** `Emulator.sign`. The unpublished key is made when it is first asked for. */
function createSign(state: State, own: OwnKey): Emulator['sign'] {
  let unpublished: Promise<SigningKey> | undefined;
  return async (claims, { header, key } = {}) => {
    await own.ready();
    if (key !== 'unpublished') {
      return signJwt(state.key, claims, header);
    }
    unpublished ??= createKey().then(openKey);
    const { privateKey } = await unpublished;
    return signJwt({ privateKey, jwk: state.key.jwk }, claims, header);
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

/** A key of its own, which is made at most once. */
interface OwnKey {
  /** Makes it where the published one is in use. */
  make(): Promise<void>;
  /** Resolves once it is there, if it was asked for. */
  ready(): Promise<void>;
}

/** Whoever reaches the port must not be able to sign tokens, and everybody has the published key. */
function createOwnKey(state: State, { deterministic = false }: EmulatorOptions): OwnKey {
  let made: Promise<void> | undefined;
  return {
    make() {
      if (deterministic) {
        throw new Error(
          'An emulator with the option deterministic cannot listen, and keeps nothing: its codes can be guessed.',
        );
      }
      const isPublished = state.key.jwk.kid === DEVELOPMENT_KID;
      const replace = async () => {
        if (isPublished) {
          useKey(state, await createKey());
        }
        // Nor does it stay as a key that was replaced and is good for a while.
        const { identity } = state;
        identity.keys = identity.keys.filter(({ kid }) => kid !== DEVELOPMENT_KID);
      };
      made ??= replace();
      return made;
    },
    ready: () => made ?? Promise.resolve(),
  };
}
