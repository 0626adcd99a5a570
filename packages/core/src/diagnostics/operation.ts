import type { AsyncLocalStorage } from 'node:async_hooks';
import { createTracing, type Tracing } from '@kindling/internal';
import { moment, secondsSince } from '../clock.js';
import { KindeError } from '../errors.js';
import { builtin } from '../runtime.js';
import {
  EVENT_NAMES,
  type EventDetails,
  type EventFacts,
  type EventName,
  type KindeEvent,
} from './events.js';
import type { Requester } from './log.js';

/** What becomes known of an operation while it goes on. `userId` is hashed before it is told. */
export type Findings<Name extends EventName> = Partial<
  Pick<EventFacts, 'outcome' | 'code' | 'reason'> & EventDetails[Name]
> & { readonly userId?: string | undefined };

/** An operation of which somebody wants to know. */
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

/** Where an event goes when it is over. */
export interface Destination {
  /** Channels by name. */
  readonly tracing: Tracing | undefined;
  /** Tells an id of a user, hashed or not. */
  user(id: string): string | Promise<string>;
  /** The rest of the listeners. */
  deliver(event: KindeEvent): void;
}

/** The operation of which the one that begins now is a part. */
const current = createStorage();

function createStorage(): AsyncLocalStorage<Around> | undefined {
  const hooks = builtin<{ AsyncLocalStorage: typeof AsyncLocalStorage }>('node:async_hooks');
  return hooks?.AsyncLocalStorage && new hooks.AsyncLocalStorage<Around>();
}

/** Begins an operation. */
export function beginOperation<Name extends EventName>(
  name: Name,
  details: EventDetails[Name],
  { tracing, user, deliver }: Destination,
  request?: Requester,
): Operation<Name> {
  const start = moment();
  const around = current?.getStore()?.event;
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
        run(() => {});
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

/** Adds facts to an event, unless a subscriber has frozen it: no listener makes a request fail. */
function add(event: Draft, facts: object): void {
  for (const [name, value] of Object.entries(facts)) {
    Reflect.set(event, name, value);
  }
}

/** Names the user of the operation under way. */
export function identify(userId: string | undefined): void {
  if (userId) {
    current?.getStore()?.identify(userId);
  }
}

/** The id of the request under way, where somebody listens. */
export function currentRequestId(): string | undefined {
  return current?.getStore()?.event.requestId;
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

/** The longest word that is told, which is shorter than any token. */
const LONGEST = 80;

/** Words of our own, of the app's rules and of OAuth. Whatever looks like a token or a text of a stranger is left out. */
function wordOf(text: string): string {
  const isPlain = /^[\w .,:;/()"{}[\]'-]*$/.test(text) && !/[\w-]{34}/.test(text);
  return isPlain ? text.slice(0, LONGEST) : 'unknown';
}

/** The framework's id of a request, or the one that a proxy gave it, if it looks like one. */
export function requestIdOf({ id, headers }: Requester): string | undefined {
  const found = id ?? headers.get('x-request-id') ?? '';
  return /^[\w.:@=/+-]{1,64}$/.test(found) ? found : undefined;
}

/** Opens the channels of all events. */
export function openChannels(): Readonly<Record<EventName, Tracing | undefined>> {
  const channels = EVENT_NAMES.map((name) => [name, createTracing(`kinde:${name}`)] as const);
  return Object.freeze(Object.fromEntries(channels) as Record<EventName, Tracing | undefined>);
}
