import { builtin } from '@kindling/internal';

/** Reports what a client does, while it does it. Never contains a token, a secret or a body. */
export interface ManagementEvent {
  /**
   * The step: a `request` is sent, its `response` arrived, a `retry` follows, a `token` was requested.
   * `partial`: an answer says that there is more, but the operation cannot be asked for it.
   * `unexpected`: an answer does not match the contract.
   */
  readonly type: 'request' | 'response' | 'retry' | 'token' | 'partial' | 'unexpected';
  /** Method and path of the operation, such as `PATCH /api/v1/roles/{role_id}`. */
  readonly operation: string;
  /** Number of the attempt, from 1. */
  readonly attempt: number;
  /** Status of the response, where there was one. */
  readonly httpStatus?: number;
  /** Duration of the attempt in seconds. */
  readonly took?: number;
  /** Seconds until the next attempt. */
  readonly wait?: number;
  /** Description of a `partial` or `unexpected` answer. */
  readonly detail?: string;
}

/** The name of the channel on `node:diagnostics_channel` where events are published. */
export const CHANNEL = 'kinde:management';

interface Channel {
  readonly hasSubscribers: boolean;
  publish(event: object): void;
}

/** Creates a function that reports events to the option `onEvent` and to the channel, where the runtime has one. */
export function createEvents(
  onEvent: ((event: ManagementEvent) => unknown) | undefined,
): (event: ManagementEvent) => void {
  const diagnostics = builtin<{ channel(name: string): Channel }>('node:diagnostics_channel');
  const channel = diagnostics?.channel(CHANNEL);
  const emit = async (event: ManagementEvent) => {
    if (channel?.hasSubscribers) {
      channel.publish(event);
    }
    await onEvent?.(event);
  };
  // A listener that fails must not fail the call.
  return (event) => void emit(event).catch(() => {});
}
