import type { KindeError, KindeErrorCode } from '../errors.js';
import { callHook } from './hook.js';
import { createStderr } from './stderr.js';

/** A logger in the shape of pino, which `console` has, too. */
export interface Logger {
  /** Failures of the app or its set-up: somebody has to do something. */
  error(details: object, message: string): void;
  /** What passes by itself, such as outages of Kinde. */
  warn(details: object, message: string): void;
  /** Refusals. */
  info(details: object, message: string): void;
  /** Requests without a signed-in user, which got 401. */
  debug(details: object, message: string): void;
}

/** The part of a request that events and log lines need: its id and its logger. */
export interface Requester {
  /** The framework's id of the request. */
  readonly id?: string | undefined;
  /** The framework's logger for the request. */
  readonly log?: Logger | undefined;
  /** Headers by lower-case name. */
  readonly headers: { get(name: string): string | null };
}

/** Codes of errors that pass by themselves. */
const PASSING: readonly KindeErrorCode[] = [
  'kinde_unreachable',
  'kinde_timeout',
  'kinde_unavailable',
  'kinde_busy',
  'keys_unavailable',
  'account_unavailable',
];

/** The level at which an error is logged. */
function levelOf({ code, statusCode }: KindeError): keyof Logger {
  if (code === 'signed_out') {
    return 'debug';
  }
  if (PASSING.includes(code)) {
    return 'warn';
  }
  return statusCode < 500 ? 'info' : 'error';
}

/**
 * Logs errors: by the app's own logger, or the framework's, or, for those that somebody has to do something about, on stderr.
 * A logger that fails does not fail the request.
 */
export function createLog(
  own: Logger | undefined,
): (error: KindeError, request?: Requester) => void {
  const print = createStderr();
  return (error, request) => {
    const level = levelOf(error);
    const logger = own ?? request?.log;
    if (!logger) {
      return level === 'error' ? print(error) : undefined;
    }
    write(logger, level, [detailsOf(error, level), error.message], () => print(error));
  };
}

/** Writes a line with a logger. Never throws: `failed` is called where the logger throws or rejects. */
export function write(
  logger: Logger,
  level: keyof Logger,
  line: readonly [details: object, message: string],
  failed: () => void,
): void {
  callHook(() => logger[level](...line), failed);
}

/** The details of a line beside its message. Only level `error` has a stack. */
function detailsOf(error: KindeError, level: keyof Logger): object {
  const { code, reason, fix, docs, cause } = error;
  const system = (cause as { code?: unknown } | undefined)?.code;
  return {
    ...(level === 'error' && { err: error }),
    code,
    ...(reason !== undefined && { reason }),
    ...(level !== 'error' && typeof system === 'string' && { cause: system }),
    ...(fix !== undefined && { fix }),
    docs,
  };
}
