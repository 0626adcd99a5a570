import type { SeenStore } from './deliveries.js';
import { KindeWebhookError } from './errors.js';
import {
  EVENT_TYPES,
  isRecord,
  type OtherEvent,
  type WebhookEvent,
  type WebhookEventType,
} from './events.js';
import { isProduction, isPublic } from './issuer.js';

/** What a handler is told besides the event. */
export interface HandlerContext {
  /** Aborts when `timeout` is over: what happens later may happen a second time. */
  readonly signal: AbortSignal;
}

/** A handler for each event type that matters to you. If it throws, Kinde sends the event again. */
export type WebhookHandlers = {
  readonly [Type in WebhookEventType]?: (
    event: WebhookEvent<Type>,
    context: HandlerContext,
  ) => unknown;
};

/** Why a webhook was not answered with 200. Never the webhook itself. */
export interface WebhookProblem {
  /** The status it was answered with. */
  readonly status: number;
  /** The check or step that failed, such as `signature`, `stale` or `handler`. */
  readonly reason: string;
  /** Of an event that Kinde signed. */
  readonly type?: string;
  readonly eventId?: string;
  /** What your handler or store threw. */
  readonly error?: unknown;
}

/** Only the handlers are needed. */
export interface WebhookOptions {
  /** What to do, by event type. */
  readonly on?: WebhookHandlers;
  /** For every other type, also those that Kinde adds later. @default they are answered with 200 and ignored */
  readonly otherwise?: (event: OtherEvent, context: HandlerContext) => unknown;
  /** Where the webhooks arrive. @default '/webhooks/kinde' */
  readonly path?: string;
  /** Seconds after which an event is too old to be believed, up to an hour. @default 300 */
  readonly maxAge?: number;
  /**
   * Accept events for 36 hours, the time in which Kinde tries again, instead of `maxAge`. Needs a store that outlives this
   * process: `seen`, or the session store of the app that this is mounted in. @default false
   */
  readonly acceptRetries?: boolean;
  /** Seconds for the handler of an event, up to five minutes; then Kinde is asked to try again. @default 10 */
  readonly timeout?: number;
  /** Where it is remembered which events were handled. @default the app's session store, else this process */
  readonly seen?: SeenStore;
  /**
   * Name of this app, the same in all its processes, where several apps share a store: each gets every event.
   * @default mounted by `kinde()`, its client ID and the URL at which webhooks arrive; else none, so that all are one
   */
  readonly app?: string;
  /** Let sessions follow the events before your handlers run, where this is mounted by `kinde()`. @default true */
  readonly followSessions?: boolean;
  /** Told of every webhook that is not answered with 200. @default a process warning for those that Kinde must repeat */
  readonly onProblem?: (problem: WebhookProblem) => void;
  /** Your Kinde domain. Only needed where this is not mounted by `kinde()`, which knows it. */
  readonly issuer?: string;
  /** Accept an issuer in production that is an address, or a name for one network. @default false */
  readonly allowPrivateIssuer?: boolean;
  /** Fetches the signing keys. @default that of `kinde()`, else globalThis.fetch */
  readonly fetch?: typeof globalThis.fetch;
}

/** Options with their defaults. */
export interface Settings extends WebhookOptions {
  readonly on: WebhookHandlers;
  readonly path: string;
  /** Seconds in which an event is accepted. */
  readonly window: number;
  readonly timeout: number;
  readonly followSessions: boolean;
  readonly onProblem: (problem: WebhookProblem) => void;
}

const HOURS_36 = 36 * 3600;

/** @throws KindeWebhookError `config_invalid`, listing every problem. */
export function resolveOptions(given: WebhookOptions): Settings {
  // Without a prototype: what `Object.prototype` was given is no option.
  const options: WebhookOptions = { __proto__: null, ...given } as WebhookOptions;
  const {
    on = {},
    path = '/webhooks/kinde',
    maxAge = 300,
    timeout = 10,
    acceptRetries = false,
  } = options;
  const {
    otherwise,
    seen,
    issuer,
    allowPrivateIssuer = false,
    app,
    followSessions = true,
    onProblem = warn,
    fetch,
  } = options;
  const problems = [
    ...unknownNames(options),
    ...handlerProblems(on),
    ...[
      ['otherwise', otherwise] as const,
      ['onProblem', onProblem] as const,
      ['fetch', fetch] as const,
    ].map(
      ([name, value]) =>
        value !== undefined && typeof value !== 'function' && `\`${name}\` must be a function.`,
    ),
    !isPath(path) && '`path` must be a path such as /webhooks/kinde.',
    !isSeconds(maxAge, 3600) && '`maxAge` must be a whole number of seconds from 1 to 3600.',
    !isSeconds(timeout, 300) && '`timeout` must be a whole number of seconds from 1 to 300.',
    typeof acceptRetries !== 'boolean' && '`acceptRetries` must be true or false.',
    typeof followSessions !== 'boolean' && '`followSessions` must be true or false.',
    app !== undefined && (typeof app !== 'string' || app === '') && '`app` must be text.',
    seen !== undefined && !isStore(seen) && '`seen` must be a store with `get` and `set`.',
    issuer !== undefined &&
      !isIssuer(issuer) &&
      '`issuer` must be your Kinde domain such as https://acme.kinde.com.',
    typeof allowPrivateIssuer !== 'boolean' && '`allowPrivateIssuer` must be true or false.',
    isIssuer(issuer) &&
      !allowPrivateIssuer &&
      isProduction(environment()) &&
      !isPublicIssuer(issuer) &&
      PRIVATE_ISSUER,
    issuer !== undefined && acceptRetries && !seen && RETRIES_NEED_STORE,
  ].filter((problem) => typeof problem === 'string');
  if (problems.length > 0) {
    throw new KindeWebhookError('config_invalid', 'These options cannot be used:', problems);
  }
  // A retry that starts just in time may arrive a little later.
  const window = acceptRetries ? HOURS_36 + maxAge : maxAge;
  const defaults = {
    on: Object.freeze({ ...on }),
    path,
    window,
    timeout,
    followSessions,
    onProblem,
  };
  return Object.freeze({
    __proto__: null,
    ...options,
    ...defaults,
  } as Settings);
}

/** Said at set-up where everything is known then, else at the first webhook. */
export const RETRIES_NEED_STORE =
  '`acceptRetries` needs a store that outlives this process, or an event could be handled twice: pass `seen`, or give ' +
  'kinde() a session store.';

const PRIVATE_ISSUER =
  '`issuer` is no public host name over https but for one machine or network; set `allowPrivateIssuer` if that is meant.';

/** Not every runtime has one. */
function environment(): Readonly<Record<string, string | undefined>> {
  return (globalThis as { process?: Partial<NodeJS.Process> }).process?.env ?? {};
}

function isPublicIssuer(issuer: string): boolean {
  const { protocol, hostname } = new URL(issuer);
  return protocol === 'https:' && isPublic(hostname);
}

function unknownNames(options: WebhookOptions): string[] {
  const known =
    'on otherwise path maxAge acceptRetries timeout seen app followSessions onProblem issuer allowPrivateIssuer fetch'.split(
      ' ',
    );
  return Object.keys(options)
    .filter((name) => !known.includes(name))
    .map((name) => `\`${name}\` is not an option.`);
}

function handlerProblems(on: unknown): string[] {
  if (!isRecord(on)) {
    return ['`on` must be an object of functions, by event type.'];
  }
  return Object.entries(on).flatMap(([type, handler]) => {
    if (!(EVENT_TYPES as readonly string[]).includes(type)) {
      return [
        `\`on\` names ${type}, which is no event type of Kinde. For types that are not typed here, use \`otherwise\`.`,
      ];
    }
    if (handler === undefined || typeof handler === 'function') {
      return [];
    }
    return [`\`on\` has no function for ${type}.`];
  });
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

/** An origin; http is for this machine only. */
function isIssuer(value: unknown): value is string {
  if (typeof value !== 'string' || !URL.canParse(value)) {
    return false;
  }
  const { origin, protocol, hostname } = new URL(value);
  const isSafe = protocol === 'https:' || /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
  return value === origin && isSafe;
}

/** Attackers can cause the refusals of status 400, so only what Kinde must repeat is worth a line by itself. */
export function warn({ status, reason, type, error }: WebhookProblem): void {
  if (status < 500) {
    return;
  }
  const why = error instanceof Error ? `: ${error.message}` : '';
  const text = `${type ?? 'A webhook'} was answered with ${status} (${reason})${why}`;
  // Only Node and its relatives have warnings.
  (globalThis as { process?: NodeJS.Process }).process?.emitWarning?.(text, 'KindeWebhookWarning');
}
