import { reachable } from '@kindling/internal';
import { deadlineIn, moment, type Moment } from '../clock.js';
import type { Endpoint } from '../diagnostics/events.js';
import { KindeError } from '../errors.js';
import { createCircuitBreaker, type Outcome } from './circuit-breaker.js';
import type { OAuthConfig } from './config.js';
import { fetchLimited } from './fetch.js';

/** A client of one endpoint of Kinde: every request has a deadline, and all of them share a circuit breaker. */
export interface Connection {
  /**
   * Sends one request, as `fetchLimited` does.
   * @throws KindeError `kinde_unavailable` where nothing was sent, and what `fetchLimited` throws.
   */
  send(url: string, init: RequestInit, options?: SendOptions): Promise<Response>;
  /** Checks that a request would be sent. @throws KindeError `kinde_unavailable` */
  check(): void;
}

/** Options of one request. */
export interface SendOptions {
  /** When waiting ends. @default `timeout` seconds from now */
  readonly deadline?: Moment | undefined;
  /** A stranger chose the content of the request, so that a refusal or an error says nothing about the endpoint. */
  readonly isForeign?: boolean;
}

/** Options of an endpoint. */
export interface ConnectionOptions {
  /** The endpoint, as events name it. */
  readonly endpoint: Endpoint;
  /** Bytes of an answer, at most. */
  readonly bytes: number;
  /** Failures in a row that open the circuit: time-outs, broken connections, status 500 and more. @default 5 */
  readonly failures?: number;
  /** Makes a request that spends nothing, to find out whether the endpoint answers. @default the next request is the probe */
  readonly probe?: () => Promise<readonly [url: string, init: RequestInit] | undefined>;
}

/** Connects to one endpoint. */
export function createConnection(
  config: OAuthConfig,
  { endpoint, bytes, failures = 5, probe }: ConnectionOptions,
): Connection {
  const { timeout } = config;
  // With less than this, what was asked for would be done and its answer never heard.
  const least = Math.min(1, timeout / 4);
  const request = (address: string, init: RequestInit, deadline: Moment) => {
    const url = reachable(address, config);
    return config.diagnostics.observe(
      { name: 'fetch', details: { endpoint, host: new URL(url).host } },
      async (note) => {
        const response = await fetchLimited(config, url, init, { bytes, deadline });
        note({ status: response.status });
        return response;
      },
    );
  };
  const ask = async (find: NonNullable<typeof probe>): Promise<Outcome> => {
    const found = await find();
    if (!found) {
      return 'fails';
    }
    return outcomeOf(await request(...found, deadlineIn(timeout)));
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
        const response = await request(url, init, deadline);
        const saysNothing = isForeign && response.status !== 200;
        settle(saysNothing ? 'neither' : outcomeOf(response));
        return response;
      } catch (error) {
        const saysNothing = isForeign && !isTimeout(error);
        settle(saysNothing ? 'neither' : failureOf(error));
        throw error;
      }
    },
  });
}

/** Says whether an endpoint could not be asked or did not answer. Every other error came from it, however wrong. */
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

/** The error of a request that was not sent for want of time. */
function notSent(): KindeError {
  return new KindeError('kinde_unavailable', 'No time was left to ask Kinde.', {
    reason: 'not_sent',
    headers: { 'retry-after': '1' },
  });
}
