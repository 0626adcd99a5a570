// Tells the operator of an app what happens: events, audit events and log lines, without secrets.

import { builtin } from '@kindling/internal';
import type util from 'node:util';
import { KindeError, withCauses, type KindeErrorCode } from '../errors.js';
import { createAudit, type AuditEntry } from './audit.js';
import type { AuditEvent, EventDetails, EventName, KindeEvent } from './events.js';
import { callHook, hookFailed } from './hook.js';
import { createLog, write, type Logger, type Requester } from './log.js';
import {
  beginOperation,
  isSilent,
  openChannels,
  silently,
  findingsOf,
  type Findings,
  type Operation,
} from './operation.js';
import { createQuiet } from './stderr.js';
import { createUserHash } from './user-hash.js';

/** The options of an app that decide who gets events, audit events and log lines. */
export interface DiagnosticsOptions {
  /** The app's secrets: the first one is the key of hashed ids. */
  readonly secrets: readonly string[];
  /** Called with every event. */
  readonly onEvent?: ((event: KindeEvent) => unknown) | undefined;
  /** Called with every audit event. */
  readonly onAudit?: ((event: AuditEvent) => unknown) | undefined;
  /** Writes log lines. */
  readonly logger?: Logger | undefined;
  /** Whether events have ids of users as they are. */
  readonly userIdsInEvents: 'hashed' | 'plain';
}

/** What happens in one app, told to its operator. Nothing here throws or keeps a request waiting. */
export interface Diagnostics {
  /** Begins an operation; `undefined` where nobody listens, so that requests that are answered synchronously pay nothing. */
  begin<Name extends EventName>(
    name: Name,
    details: EventDetails[Name],
    request?: Requester,
  ): Operation<Name> | undefined;
  /** Does the work of an operation, and tells how it ended. Errors pass. */
  observe<Name extends EventName, Result>(
    subject: Subject<Name>,
    work: (note: Note<Name>) => Promise<Result>,
  ): Promise<Result>;
  /** Logs an error, once: not again when it comes back, nor as the cause of another error. */
  tell(error: KindeError, request?: Requester): void;
  /** Warns about trouble that leads to no error response, once per code: with the option `logger`, else as a process warning. */
  warn(code: KindeErrorCode, message: string): void;
  /** Tells an audit event. */
  audit(entry: AuditEntry, request?: Requester): void;
}

/** What is done, and for whom. */
export interface Subject<Name extends EventName> {
  readonly name: Name;
  readonly details: EventDetails[Name];
  readonly request?: Requester | undefined;
}

/** Adds to an operation what became known. */
export type Note<Name extends EventName> = (findings: Findings<Name>) => void;

/** Opens the channels and binds the app's functions. */
export function createDiagnostics(options: DiagnosticsOptions): Diagnostics {
  const { secrets, onEvent, onAudit, logger, userIdsInEvents } = options;
  const hash = createUserHash(secrets[0] ?? '');
  const debug = builtin<typeof util>('node:util')?.debuglog?.('kinde');
  const hasListener = onEvent !== undefined || debug?.enabled === true;
  const log = createLog(logger);
  // A request has several events, and `onEvent` may throw at each.
  const tellQuietly = createQuiet((error) => tell(error));
  const told = new WeakSet<object>();
  const channels = openChannels();
  const failed = (error: unknown) => tellQuietly(hookFailed('onEvent', error));
  const deliver = (event: KindeEvent) => {
    if (debug?.enabled) {
      debug(lineOf(event));
    }
    // Its own calls of Kinde are no events, or one would follow from another for ever.
    callHook(() => onEvent && silently(() => onEvent(event)), failed);
  };
  const begin: Diagnostics['begin'] = (name, details, request) => {
    const tracing = channels[name];
    if ((!hasListener && !tracing?.isOn) || isSilent()) {
      return undefined;
    }
    const user = userIdsInEvents === 'plain' ? (id: string) => id : hash;
    return beginOperation(name, details, { tracing, user, deliver }, request);
  };
  const tell = (error: KindeError, request?: Requester) => {
    const all = withCauses(error).filter((one) => one instanceof KindeError);
    if (!all.some((one) => told.has(one))) {
      log(error, request);
    }
    for (const one of all) {
      told.add(one);
    }
  };
  const warn = createWarn(logger);
  return Object.freeze({
    begin,
    tell,
    warn,
    audit: createAudit(onAudit, (error, request) => tell(hookFailed('onAudit', error), request)),
    async observe<Name extends EventName, Result>(
      { name, details, request }: Subject<Name>,
      work: (note: Note<Name>) => Promise<Result>,
    ) {
      const operation = begin(name, details, request);
      if (!operation) {
        return work(ignore);
      }
      try {
        const result = await operation.run(() => work(operation.note));
        operation.end();
        return result;
      } catch (error) {
        operation.end(findingsOf(error) as Findings<Name>);
        throw error;
      }
    },
  } satisfies Diagnostics);
}

function ignore(): void {}

/** One line for `NODE_DEBUG=kinde`. */
function lineOf({ name, outcome, took, ...facts }: KindeEvent): string {
  const rest = Object.entries(facts)
    .filter(([key]) => key !== 'at')
    .map(([key, value]) => `${key}=${String(value)}`);
  return [name, outcome, `${(took * 1000).toFixed(1)} ms`, ...rest].join(' ');
}

/** Warnings of a process, or lines of the app's own logger. */
function createWarn(logger: Logger | undefined): Diagnostics['warn'] {
  const warned = new Set<KindeErrorCode>();
  return (code, message) => {
    if (warned.has(code)) {
      return;
    }
    warned.add(code);
    const { docs } = new KindeError(code, message);
    const detail = `See ${docs}`;
    const emit = () =>
      globalThis.process?.emitWarning?.(message, { type: 'KindeWarning', code, detail });
    if (logger) {
      write(logger, 'warn', [{ code, docs }, message], emit);
    } else {
      emit();
    }
  };
}
