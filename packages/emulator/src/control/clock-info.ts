/** `clock`. Times are Unix seconds. */
export interface ClockInfo {
  /** The time here. */
  readonly now: number;
  /** Real time, which apps on this machine live by. */
  readonly real: number;
  /** Seconds from real time to the time here. */
  readonly ahead: number;
  /** Whether the time stands still. */
  readonly frozen: boolean;
  /** How many times as fast it runs. */
  readonly speed: number;
  /** What ends next: at most 50, soonest first. */
  readonly ends: readonly ClockEnd[];
}

/** Something that ends, or is due. */
export interface ClockEnd {
  /** Unix seconds. */
  readonly at: number;
  /** What it is: the last one is a delivery to a webhook that is due. */
  readonly what: 'code' | 'access token' | 'refresh token' | 'session' | 'delivery';
  /** Whose it is: the user's address or name; of a delivery, the type of the event. */
  readonly whose: string;
}

/** How to change the time. */
export interface ClockChange {
  /** Unix seconds. It may go back, which real time does not. */
  readonly now?: number | undefined;
  /** Seconds to move on, or text such as `90s`, `5m`, `2h`, `3d`. */
  readonly advance?: number | string | undefined;
  /** Whether the time stands still. */
  readonly frozen?: boolean | undefined;
  /** How many times as fast it runs, from 0.01 to 100,000. */
  readonly speed?: number | undefined;
}
