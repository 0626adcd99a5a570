import { builtin } from './builtin.js';

/** The part of `node:diagnostics_channel` that is used: this package depends on no runtime. */
interface Channel {
  publish(event: object): void;
  runStores<Result>(event: object, work: () => Result): Result;
}
interface DiagnosticsChannel {
  tracingChannel?(name: string): {
    readonly hasSubscribers: boolean;
  } & Readonly<Record<'start' | 'end' | 'asyncStart' | 'asyncEnd' | 'error', Channel>>;
}

/** The channels of one kind of operation, `tracing:<name>:start` and so on (`tracingChannel` of `node:diagnostics_channel`). */
export interface Tracing {
  /** Whether anybody listens. */
  readonly isOn: boolean;
  /** Publishes that an operation starts, and does its work in the context that subscribers bind to the start. */
  start<Result>(event: object, work: () => Result): Result;
  /** Publishes that an operation is over; `asyncEnd` comes last, and for every operation, waited for or not. */
  end(event: object, hasFailed: boolean): void;
}

/** Opens the channels of one kind of operation; `undefined` in runtimes that have none. */
export function createTracing(name: string): Tracing | undefined {
  const channels = builtin<DiagnosticsChannel>('node:diagnostics_channel')?.tracingChannel?.(name);
  if (!channels) {
    return undefined;
  }
  return Object.freeze({
    get isOn() {
      return channels.hasSubscribers;
    },
    start<Result>(event: object, work: () => Result): Result {
      return channels.start.runStores(event, () => {
        try {
          return work();
        } finally {
          channels.end.publish(event);
        }
      });
    },
    end(event: object, hasFailed: boolean) {
      if (hasFailed) {
        channels.error.publish(event);
      }
      channels.asyncStart.publish(event);
      channels.asyncEnd.publish(event);
    },
  });
}
