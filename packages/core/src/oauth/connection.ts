import { createCircuitBreaker, type Outcome } from './circuit-breaker.js';
import { deadlineIn, moment, type Moment } from '../clock.js';
import type { Config } from '../options/config.js';
import { KindeError } from '../errors.js';
import { fetchLimited } from './fetch.js';

/** The way to one endpoint of Kinde: every exchange has a deadline, and all of them share a circuit breaker. */
export interface Connection {
  /**
   * One exchange, as `fetchLimited` does it.
   * @throws KindeError `kinde_unavailable` where nothing was sent, and what `fetchLimited` throws.
   */
  send(url: string, init: RequestInit, options?: SendOptions): Promise<Response>;
  /** @throws KindeError `kinde_unavailable` where nothing would be sent. */
  check(): void;
}

/** What is particular to one exchange. */
export interface SendOptions {
  /** When waiting ends. @default `timeout` seconds from now */
  readonly deadline?: Moment | undefined;
  /** Whoever caused the request chose what it says, so that a refusal or an error says nothing about the endpoint. */
  readonly isForeign?: boolean;
}

/** What is particular to an endpoint. */
export interface ConnectionOptions {
  /** Bytes of an answer, at most. */
  readonly bytes: number;
  /** Failures in a row that open the circuit: time-outs, broken connections, status 500 and more. @default 5 */
  readonly failures?: number;
  /** A request that costs nobody anything, to find out whether the endpoint answers. @default somebody's next request */
  readonly probe?: () => Promise<readonly [url: string, init: RequestInit] | undefined>;
}

/** Makes the way to one endpoint. */
export function createConnection(
  config: Config,
  { bytes, failures = 5, probe }: ConnectionOptions,
): Connection {
  const { timeout } = config;
  // With less than this, what was asked for would be done and its answer never heard.
  const least = Math.min(1, timeout / 4);
  const ask = async (find: NonNullable<typeof probe>): Promise<Outcome> => {
    const found = await find();
    if (!found) {
      return 'fails';
    }
    return outcomeOf(
      await fetchLimited(config, ...found, { bytes, deadline: deadlineIn(timeout) }),
    );
  };
  const breaker = createCircuitBreaker({
    failures,
    trial: timeout,
    probe: probe && (() => ask(probe)),
  });
  return Object.freeze({
    check: breaker.check,
    async send(
      url: string,
      init: RequestInit,
      { deadline = deadlineIn(timeout), isForeign }: SendOptions = {},
    ) {
      if (deadline - moment() < least * 1000) {
        throw notSent();
      }
      const settle = breaker.pass();
      try {
        const response = await fetchLimited(config, url, init, { bytes, deadline });
        settle(isForeign && response.status !== 200 ? 'neither' : outcomeOf(response));
        return response;
      } catch (error) {
        settle(isForeign && !isTimeout(error) ? 'neither' : failureOf(error));
        throw error;
      }
    },
  });
}

/** Could the endpoint not be asked, or did no answer arrive? Everything else came from it, however wrong. */
export function isOutage(error: unknown): boolean {
  return error instanceof KindeError && OUTAGES.includes(error.code);
}

function isTimeout(error: unknown): boolean {
  return error instanceof KindeError && error.code === 'kinde_timeout';
}

const OUTAGES: readonly string[] = ['kinde_unreachable', 'kinde_timeout', 'kinde_unavailable'];

function failureOf(error: unknown): Outcome {
  return isOutage(error) ? 'fails' : 'works';
}

function outcomeOf({ status }: Response): Outcome {
  return status >= 500 ? 'fails' : 'works';
}

/** There was no time left to ask. */
function notSent(): KindeError {
  return new KindeError('kinde_unavailable', 'There was no time left to ask Kinde.', {
    reason: 'not_sent',
    headers: { 'retry-after': '1' },
  });
}
