import { moment, type Moment } from '../clock.js';
import { KindeError } from '../errors.js';

/** What a request says about its endpoint: it works, it does not, or (where a stranger chose the content) neither. */
export type Outcome = 'works' | 'fails' | 'neither';

/** A circuit breaker in front of one endpoint. */
export interface CircuitBreaker {
  /**
   * Lets a request pass, and returns the function that takes its outcome.
   * @throws KindeError `kinde_unavailable` (`circuit_open`), at once, while the endpoint does not work.
   */
  pass(): (outcome: Outcome) => void;
  /** Checks that a request would pass. @throws KindeError `kinde_unavailable` (`circuit_open`) where it would not. */
  check(): void;
}

/** When a breaker opens, and how it closes. */
export interface CircuitBreakerOptions {
  /** Failures in a row that open it. */
  readonly failures: number;
  /** Seconds that a request on trial may take. */
  readonly trial: number;
  /** Asks whether the endpoint answers, where a user's request is too precious for that. @default the next request */
  readonly probe?: (() => Promise<Outcome>) | undefined;
}

/** Seconds between two tries of an endpoint that does not work: the first, and the most. */
const FIRST = 1;
const MOST = 2;

/**
 * Opens after some failures in a row. From then on every request is refused at once, except for one on trial every second or
 * two. With a `probe`, requests are on trial only after that was answered, and one at a time.
 */
export function createCircuitBreaker({
  failures: limit,
  trial,
  probe,
}: CircuitBreakerOptions): CircuitBreaker {
  let failures = 0;
  let isOpen = false;
  let isProbed = false;
  let pause = FIRST;
  let next: Moment = 0;
  const open = () => {
    isOpen = true;
    isProbed = probe === undefined;
    next = moment() + pause * 1000;
    pause = Math.min(pause * 2, MOST);
  };
  const close = () => {
    failures = 0;
    isOpen = false;
    pause = FIRST;
  };
  const settle = (isTrial: boolean, outcome: Outcome) => {
    if (outcome === 'works' || (isOpen && isTrial && outcome === 'neither')) {
      close();
      return;
    }
    if (outcome === 'neither') {
      return;
    }
    if (!isOpen) {
      failures += 1;
    }
    const opens = isOpen ? isTrial : failures >= limit;
    if (opens) {
      open();
    }
  };
  const startProbe = (ask: () => Promise<Outcome>) => {
    next = moment() + pause * 1000;
    pause = Math.min(pause * 2, MOST);
    const answered = (outcome: Outcome) => {
      if (outcome !== 'fails' && isOpen && !isProbed) {
        isProbed = true;
        next = 0;
      }
    };
    ask().then(answered, () => {});
  };
  const check = () => {
    if (!isOpen) {
      return;
    }
    const isTime = moment() >= next;
    if (isProbed && isTime) {
      return;
    }
    if (isTime && probe) {
      startProbe(probe);
    }
    throw refusal(next);
  };
  return Object.freeze({
    check,
    pass() {
      check();
      const isTrial = isOpen;
      if (isTrial) {
        next = moment() + (probe ? trial : pause) * 1000;
      }
      return (outcome: Outcome) => settle(isTrial, outcome);
    },
  });
}

function refusal(next: Moment): KindeError {
  const seconds = Math.min(Math.max(1, Math.ceil((next - moment()) / 1000)), MOST);
  return new KindeError(
    'kinde_unavailable',
    'Kinde did not answer the last requests, so this one was not sent.',
    {
      reason: 'circuit_open',
      headers: { 'retry-after': String(seconds) },
    },
  );
}
