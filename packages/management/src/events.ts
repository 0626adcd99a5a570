/** What a client does, as it does it. Never a token, a secret or a body. */
export interface ManagementEvent {
  /**
   * `partial`: an answer says that there is more, but the operation cannot be asked for it.
   * `unexpected`: an answer is not what the contract says.
   */
  readonly type: 'request' | 'response' | 'retry' | 'token' | 'partial' | 'unexpected';
  /** Such as `PATCH /api/v1/roles/{role_id}`. */
  readonly operation: string;
  /** 1 for the first. */
  readonly attempt: number;
  readonly httpStatus?: number;
  /** Seconds that the attempt took. */
  readonly took?: number;
  /** Seconds until the next attempt. */
  readonly wait?: number;
  /** What is unexpected. */
  readonly detail?: string;
}

/** The name under which events are published on `node:diagnostics_channel`. */
export const CHANNEL = 'kinde:management';

interface Channel {
  readonly hasSubscribers: boolean;
  publish(event: object): void;
}

/** Tells an event to the option `onEvent` and to whoever listens on the channel, where the runtime has one. */
export function createEvents(
  onEvent: ((event: ManagementEvent) => unknown) | undefined,
): (event: ManagementEvent) => void {
  const { process } = globalThis as {
    process?: { getBuiltinModule?(name: string): { channel(name: string): Channel } };
  };
  const channel = process?.getBuiltinModule?.('node:diagnostics_channel').channel(CHANNEL);
  const tell = async (event: ManagementEvent) => {
    if (channel?.hasSubscribers) {
      channel.publish(event);
    }
    await onEvent?.(event);
  };
  // Who watches must not stop what is watched.
  return (event) => void tell(event).catch(() => {});
}
