import { moment, type Moment } from '../clock.js';
import { KindeError } from '../errors.js';

/** The outcome of a request for its endpoint: it works, it does not, or (where a stranger chose the content) neither. */
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
  const circuit: Circuit = { failures: 0, isOpen: false, isProbed: false, pause: FIRST, next: 0 };
  const check = () => {
    if (!circuit.isOpen) {
      return;
    }
    const isTime = moment() >= circuit.next;
    if (circuit.isProbed && isTime) {
      return;
    }
    if (isTime && probe) {
      startProbe(circuit, probe);
    }
    throw refusal(circuit.next);
  };
  return Object.freeze({
    check,
    pass() {
      check();
      const isTrial = circuit.isOpen;
      if (isTrial) {
        circuit.next = moment() + (probe ? trial : circuit.pause) * 1000;
      }
      return (outcome: Outcome) => {
        if (closes(circuit, isTrial, outcome)) {
          close(circuit);
        } else if (outcome === 'fails' && opens(circuit, isTrial, limit)) {
          open(circuit, probe !== undefined);
        }
      };
    },
  });
}

/** The state of one circuit breaker. */
interface Circuit {
  /** Failures in a row since it closed. */
  failures: number;
  /** Requests are refused. */
  isOpen: boolean;
  /** A probe was answered since it opened, or there is none: a request on trial may pass. */
  isProbed: boolean;
  /** Seconds until the try after the next one. */
  pause: number;
  /** When the next try is due. */
  next: Moment;
}

function open(circuit: Circuit, hasProbe: boolean): void {
  circuit.isOpen = true;
  circuit.isProbed = !hasProbe;
  delayNext(circuit);
}

function close(circuit: Circuit): void {
  circuit.failures = 0;
  circuit.isOpen = false;
  circuit.pause = FIRST;
}

/** The next try is due after the pause, which grows. */
function delayNext(circuit: Circuit): void {
  circuit.next = moment() + circuit.pause * 1000;
  circuit.pause = Math.min(circuit.pause * 2, MOST);
}

function closes({ isOpen }: Circuit, isTrial: boolean, outcome: Outcome): boolean {
  return outcome === 'works' || (isOpen && isTrial && outcome === 'neither');
}

/** Counts a failure. Says whether it opens the circuit, or keeps it open for another pause. */
function opens(circuit: Circuit, isTrial: boolean, limit: number): boolean {
  if (circuit.isOpen) {
    return isTrial;
  }
  circuit.failures += 1;
  return circuit.failures >= limit;
}

/** Asks whether the endpoint answers. Where it does, the next request is on trial at once. */
function startProbe(circuit: Circuit, ask: () => Promise<Outcome>): void {
  delayNext(circuit);
  const answered = (outcome: Outcome) => {
    if (outcome !== 'fails' && circuit.isOpen && !circuit.isProbed) {
      circuit.isProbed = true;
      circuit.next = 0;
    }
  };
  ask().then(answered, () => {});
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
