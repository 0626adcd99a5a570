import type { AsyncLocalStorage } from 'node:async_hooks';
import { builtin, createTracing } from '@kindling/internal';
import { moment, secondsSince } from '../clock.js';
import { KindeError } from '../errors.js';
import {
  EVENT_NAMES,
  type EventDetails,
  type EventFacts,
  type EventName,
  type KindeEvent,
} from './events.js';
import type { Requester } from './log.js';

/** Facts about an operation that become known while it goes on. Unless the app wants plain ids, events have a hash of `userId`. */
export type Findings<Name extends EventName> = Partial<
  Pick<EventFacts, 'outcome' | 'code' | 'reason'> & EventDetails[Name]
> & { readonly userId?: string | undefined };

/** An operation under way that has listeners. */
export interface Operation<Name extends EventName> {
  /** Adds what became known. */
  note(findings: Findings<Name>): void;
  /** Does the work of the operation. What begins meanwhile is `during` it. */
  run<Result>(work: () => Result): Result;
  /** Tells that it is over. */
  end(findings?: Findings<Name>): void;
}

/** An event that is not over yet. */
type Draft = { -readonly [Member in keyof EventFacts]?: EventFacts[Member] } & { name: EventName };

/** An operation under way, for what begins during it. */
interface Around {
  readonly event: Draft;
  identify(userId: string): void;
}

/** The channels of one kind of operation. */
export interface Channels {
  /** Whether anybody listens. */
  readonly isOn: boolean;
  /** Tells that an operation starts, and does its work in the context that subscribers bind to the start. */
  start<Result>(event: object, work: () => Result): Result;
  /** Tells that an operation is over. */
  end(event: object, hasFailed: boolean): void;
}

/** Where the event of an operation goes when that is over. */
export interface Destination {
  /** Channels by name. */
  readonly tracing: Channels | undefined;
  /** Tells an id of a user, hashed or not. */
  user(id: string): string | Promise<string>;
  /** The rest of the listeners. */
  deliver(event: KindeEvent): void;
}

/** The operation of which the one that begins now is a part. */
const current = createStorage();

function createStorage(): AsyncLocalStorage<Around | 'silent'> | undefined {
  const hooks = builtin<{ AsyncLocalStorage: typeof AsyncLocalStorage }>('node:async_hooks');
  return hooks?.AsyncLocalStorage && new hooks.AsyncLocalStorage<Around | 'silent'>();
}

/** Begins an operation. */
export function beginOperation<Name extends EventName>(
  name: Name,
  details: EventDetails[Name],
  { tracing, user, deliver }: Destination,
  request?: Requester,
): Operation<Name> {
  const start = moment();
  const around = operationAround()?.event;
  const requestId = request ? requestIdOf(request) : around?.requestId;
  const event: Draft = {
    name,
    at: Date.now() / 1000,
    ...details,
    ...(requestId !== undefined && { requestId }),
    ...(around && { during: around.name }),
  };
  let userId: string | undefined;
  let hasStarted = false;
  const note = ({ userId: found, reason, ...others }: Findings<Name>) => {
    userId = found ?? userId;
    add(event, { ...others, ...(reason !== undefined && { reason: wordOf(reason) }) });
  };
  const identify = (id: string) => note({ userId: id } as Findings<Name>);
  const run = <Result>(work: () => Result): Result => {
    hasStarted = true;
    const inside = () => (current ? current.run({ event, identify }, work) : work());
    return tracing ? tracing.start(event, inside) : inside();
  };
  const tell = (told?: string) => {
    if (told !== undefined) {
      add(event, { user: told });
    }
    tracing?.end(event, event.outcome === 'failed');
    deliver(Object.freeze({ ...event }) as KindeEvent);
  };
  return {
    note,
    run,
    end(findings) {
      if (!hasStarted) {
        tracing?.start(event, nothing);
      }
      note(findings ?? {});
      add(event, { took: secondsSince(start), outcome: event.outcome ?? 'done' });
      const told = userId === undefined ? undefined : user(userId);
      if (told instanceof Promise) {
        void told.then(tell, () => tell());
      } else {
        tell(told);
      }
    },
  };
}

/** The work of an operation that is over before it is told to begin. */
function nothing(): void {}

/** Adds facts to an event, unless a subscriber has frozen it: no listener makes a request fail. */
function add(event: Draft, facts: object): void {
  for (const [name, value] of Object.entries(facts)) {
    Reflect.set(event, name, value);
  }
}

/** Does what belongs to no operation, and begins none. */
export function silently<Result>(work: () => Result): Result {
  return current ? current.run('silent', work) : work();
}

/** Whether that is under way. */
export function isSilent(): boolean {
  return current?.getStore() === 'silent';
}

function operationAround(): Around | undefined {
  const around = current?.getStore();
  return around === 'silent' ? undefined : around;
}

/** Names the user of the operation under way. */
export function identify(userId: string | undefined): void {
  if (userId) {
    operationAround()?.identify(userId);
  }
}

/** The id of the request under way, where somebody listens. */
export function currentRequestId(): string | undefined {
  return operationAround()?.event.requestId;
}

/** What an error says about the operation that it ended. */
export function findingsOf(error: unknown): Pick<EventFacts, 'outcome' | 'code' | 'reason'> {
  if (!(error instanceof KindeError)) {
    return { outcome: 'failed' };
  }
  const { code, reason, statusCode } = error;
  return {
    outcome: statusCode < 500 ? 'refused' : 'failed',
    code,
    ...(reason !== undefined && { reason }),
  };
}

/** Characters of a `reason`, at most. */
const LONGEST_REASON = 80;

/** A `reason` as events have it: `unknown` in place of text that may be a token, such as 34 letters and digits in a row. */
function wordOf(text: string): string {
  const isPlain = /^[\w .,:;/()"{}[\]'-]*$/.test(text) && !/[\w-]{34}/.test(text);
  return isPlain ? text.slice(0, LONGEST_REASON) : 'unknown';
}

/** The framework's id of a request, or the one that a proxy gave it, if it looks like one. */
export function requestIdOf({ id, headers }: Requester): string | undefined {
  const found = id ?? headers.get('x-request-id') ?? '';
  return /^[\w.:@=/+-]{1,64}$/.test(found) ? found : undefined;
}

/** Opens the channels of all events. */
export function openChannels(): Readonly<Record<EventName, Channels | undefined>> {
  const channels = EVENT_NAMES.map((name) => [name, createTracing(`kinde:${name}`)] as const);
  return Object.freeze(Object.fromEntries(channels) as Record<EventName, Channels | undefined>);
}
