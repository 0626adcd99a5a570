import { isLoopback, isProduction, isPublic, nearest } from '@kindling/internal';
import type { SeenStore } from './deliveries.js';
import { KindeWebhookError } from './errors.js';
import {
  EVENT_TYPES,
  isRecord,
  type OtherEvent,
  type WebhookEvent,
  type WebhookEventType,
} from './events.js';

/** The second argument of a handler. */
export interface HandlerContext {
  /** Aborts after `timeout` seconds: Kinde is then asked to deliver the event again. */
  readonly signal: AbortSignal;
}

/** A handler for each event type that your app needs. If it throws, Kinde delivers the event again. */
export type WebhookHandlers = {
  readonly [Type in WebhookEventType]?: (
    event: WebhookEvent<Type>,
    context: HandlerContext,
  ) => unknown;
};

/** Describes a webhook that was not answered with 200. Never contains the webhook itself. */
export interface WebhookProblem {
  /** The status of the response. */
  readonly status: number;
  /** The check or step that failed, such as `signature`, `stale` or `handler`. */
  readonly reason: string;
  /** The event type, once the signature is verified. */
  readonly type?: string;
  /** The `event_id`, once the signature is verified. */
  readonly eventId?: string;
  /** What your handler, your store or the request for the signing keys threw. */
  readonly error?: unknown;
}

/** Options of `createWebhooks`. Only handlers are needed: `on`, `otherwise`, or both. */
export interface WebhookOptions {
  /** Handlers by event type. @default none */
  readonly on?: WebhookHandlers;
  /** Handler for all other types, also those that Kinde adds later. @default they are answered with 200 and ignored */
  readonly otherwise?: (event: OtherEvent, context: HandlerContext) => unknown;
  /** The path at which webhooks arrive. @default '/webhooks/kinde' */
  readonly path?: string;
  /** Seconds after which an event is refused as too old, up to 3600. @default 300 */
  readonly maxAge?: number;
  /**
   * Accepts events for 36 hours, the time in which Kinde retries, instead of `maxAge`. Needs a store that outlives this
   * process: `seen`, or the session store of the app that this is mounted in. @default false
   */
  readonly acceptRetries?: boolean;
  /** Seconds that the handler of an event may take, up to 300; then Kinde is asked to retry. @default 10 */
  readonly timeout?: number;
  /** Store that remembers which events were handled. @default the session store of the app, else this process */
  readonly seen?: SeenStore;
  /**
   * Name of this app, the same in all its processes, where several apps share a store: each of them handles every event.
   * @default mounted by `kinde()`, its client ID and the URL at which webhooks arrive; else none, so that all count as one
   */
  readonly app?: string;
  /** Revokes and refreshes sessions as the events demand before your handlers run, where `kinde()` mounts this. @default true */
  readonly followSessions?: boolean;
  /**
   * Called with every webhook that is not answered with 200.
   * @default none, as `kinde()` logs them; where it does not mount this, a process warning for those that Kinde must retry
   */
  readonly onProblem?: (problem: WebhookProblem) => void;
  /** Your Kinde domain, such as `https://acme.kinde.com`. @default that of `kinde()`, where it mounts this */
  readonly issuer?: string;
  /** Accepts an issuer in production that is an address, or a name for one network. @default false */
  readonly allowPrivateIssuer?: boolean;
  /** Fetches the signing keys. @default that of `kinde()`, else globalThis.fetch */
  readonly fetch?: typeof globalThis.fetch;
}

/** Options with their defaults. */
export interface Settings extends WebhookOptions {
  readonly on: WebhookHandlers;
  readonly path: string;
  /** Seconds for which an event is accepted. */
  readonly window: number;
  readonly timeout: number;
  readonly followSessions: boolean;
  /** Whether `NODE_ENV` stands for production. */
  readonly production: boolean;
}

const HOURS_36 = 36 * 3600;

/** @throws KindeWebhookError `config_invalid`, listing every problem */
export function resolveOptions(given: WebhookOptions): Settings {
  // Without a prototype, so that members which someone added to `Object.prototype` are not read as options.
  const options: WebhookOptions = { __proto__: null, ...given } as WebhookOptions;
  const problems = problemsWith(options);
  if (problems.length > 0) {
    throw new KindeWebhookError('config_invalid', 'These options are invalid:', problems);
  }
  const {
    on = {},
    path = '/webhooks/kinde',
    maxAge = 300,
    timeout = 10,
    acceptRetries = false,
    followSessions = true,
  } = options;
  const defaults = {
    on: Object.freeze({ ...on }),
    path,
    // A retry that starts just in time may arrive a little later.
    window: acceptRetries ? HOURS_36 + maxAge : maxAge,
    timeout,
    followSessions,
    production: isProduction(environment()),
  };
  return Object.freeze({
    __proto__: null,
    ...options,
    ...defaults,
  } as Settings);
}

/** Tests of single options. An option that is left out is never wrong. */
const RULES: Readonly<
  Partial<Record<keyof WebhookOptions, readonly [test: (value: unknown) => boolean, rule: string]>>
> = {
  otherwise: [isFunction, 'must be a function.'],
  onProblem: [isFunction, 'must be a function.'],
  fetch: [isFunction, 'must be a function.'],
  path: [isPath, 'must be a path such as /webhooks/kinde.'],
  maxAge: [(value) => isSeconds(value, 3600), 'must be a whole number of seconds from 1 to 3600.'],
  timeout: [(value) => isSeconds(value, 300), 'must be a whole number of seconds from 1 to 300.'],
  acceptRetries: [isBoolean, 'must be true or false.'],
  followSessions: [isBoolean, 'must be true or false.'],
  app: [(value) => typeof value === 'string' && value !== '', 'must be text.'],
  seen: [isStore, 'must be a store with `get` and `set`.'],
  issuer: [isIssuer, 'must be your Kinde domain such as https://acme.kinde.com.'],
  allowPrivateIssuer: [isBoolean, 'must be true or false.'],
};

function problemsWith(options: WebhookOptions): string[] {
  const { on = {}, seen, issuer, acceptRetries } = options;
  const problems = [...unknownNames(options), ...handlerProblems(on)];
  for (const [name, [test, rule]] of Object.entries(RULES)) {
    const value = options[name as keyof WebhookOptions];
    if (value !== undefined && !test(value)) {
      problems.push(`\`${name}\` ${rule}`);
    }
  }
  if (isForOneNetwork(options)) {
    problems.push(PRIVATE_ISSUER);
  }
  if (issuer !== undefined && acceptRetries && !seen) {
    problems.push(RETRIES_NEED_STORE);
  }
  return problems;
}

/** Reported at set-up where everything is known then, else at the first webhook. */
export const RETRIES_NEED_STORE =
  '`acceptRetries` needs a store that outlives this process, or an event could be handled twice: pass `seen`, or give ' +
  'kinde() a session store.';

const PRIVATE_ISSUER =
  '`issuer` must have a public host name and https in production; set `allowPrivateIssuer` to use one for this machine or network.';

/** The environment variables; none in runtimes without `process`. */
function environment(): Readonly<Record<string, string | undefined>> {
  return (globalThis as { process?: Partial<NodeJS.Process> }).process?.env ?? {};
}

/** Checks for an issuer that must not be used in production. */
function isForOneNetwork({ issuer, allowPrivateIssuer }: WebhookOptions): boolean {
  if (!isIssuer(issuer) || allowPrivateIssuer || !isProduction(environment())) {
    return false;
  }
  const { protocol, hostname } = new URL(issuer);
  return protocol !== 'https:' || !isPublic(hostname);
}

function unknownNames(options: WebhookOptions): string[] {
  const known = ['on', ...Object.keys(RULES)];
  const unknown = Object.keys(options).filter((name) => !known.includes(name));
  return unknown.map((name) => {
    const guess = nearest(name, known);
    const hint = guess ? ` (did you mean \`${guess}\`?)` : '';
    return `\`${name}\` is not an option${hint}.`;
  });
}

function handlerProblems(on: unknown): string[] {
  if (!isRecord(on)) {
    return ['`on` must be an object of functions, by event type.'];
  }
  return Object.entries(on).flatMap(([type, handler]) => {
    if (!(EVENT_TYPES as readonly string[]).includes(type)) {
      const guess = nearest(type, EVENT_TYPES);
      const hint = guess ? ` (did you mean ${guess}?)` : '';
      return [
        `\`on\` names ${type}, which is no event type of Kinde${hint}. Types that are not typed here belong to \`otherwise\`.`,
      ];
    }
    if (handler === undefined || typeof handler === 'function') {
      return [];
    }
    return [`\`on\` has no function for ${type}.`];
  });
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}

function isBoolean(value: unknown): boolean {
  return typeof value === 'boolean';
}

function isPath(value: unknown): boolean {
  return typeof value === 'string' && /^(\/[\w.~-]+)+$/.test(value) && !/\/\.\.?(\/|$)/.test(value);
}

function isSeconds(value: unknown, most: number): boolean {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most;
}

function isStore(value: unknown): boolean {
  const { get, set } = (value ?? {}) as Record<string, unknown>;
  return typeof get === 'function' && typeof set === 'function';
}

/** Checks for an origin. Plain http is for this machine only. */
function isIssuer(value: unknown): value is string {
  if (typeof value !== 'string' || !URL.canParse(value)) {
    return false;
  }
  const { origin, protocol, hostname } = new URL(value);
  return value === origin && (protocol === 'https:' || isLoopback(hostname, { network: true }));
}

/** Warns about statuses from 500 only: attackers can cause the others. */
export function warn({ status, reason, type, error }: WebhookProblem): void {
  if (status < 500) {
    return;
  }
  const why = error instanceof Error ? `: ${error.message}` : '';
  const text = `${type ?? 'A webhook'} was answered with ${status} (${reason})${why}`;
  // Not every runtime has process warnings.
  (globalThis as { process?: NodeJS.Process }).process?.emitWarning?.(text, 'KindeWebhookWarning');
}
