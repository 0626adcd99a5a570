import { reachable, stopwatch } from '@kindling/internal';
import { deadlineIn, within, type Moment } from '../clock.js';
import { createInFlight } from '../cache/in-flight.js';
import { KindeError } from '../errors.js';
import type { OAuthConfig } from './config.js';
import { createConnection, type Connection } from './connection.js';
import { timedOut } from './fetch.js';

/** The part of Kinde's OpenID configuration that is used here. */
export interface Metadata {
  readonly issuer: string;
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
  readonly jwks_uri: string;
  readonly userinfo_endpoint?: string;
  readonly revocation_endpoint?: string;
  readonly end_session_endpoint?: string;
  readonly authorization_response_iss_parameter_supported?: boolean;
  /** Where a local Kinde shows a sign-in, with `{state_hash}` in place of its state. Not checked. */
  readonly kindling_emulator_flows?: unknown;
}

/** Kinde's OpenID configuration: fetched at first use, then remembered. */
export interface Discovery {
  /**
   * Reads the configuration, and refreshes it in the background when due.
   * @throws KindeError `discovery_invalid`, `emulator_in_production`, and those of `Connection.send`
   */
  metadata(deadline?: Moment): Promise<Metadata>;
  /** The configuration in memory; `undefined` where it has to be fetched. */
  current(): Metadata | undefined;
}

const ENDPOINTS = [
  'authorization_endpoint',
  'token_endpoint',
  'jwks_uri',
  'userinfo_endpoint',
  'revocation_endpoint',
  'end_session_endpoint',
] as const;
const REQUIRED: readonly string[] = ['authorization_endpoint', 'token_endpoint', 'jwks_uri'];
const LARGEST = 256 * 1024;
/** Seconds after which it is refreshed in the background, between two such fetches, and for which it is used at most. */
const REFRESH_AFTER = 600;
const PAUSE = 30;
const OLDEST = 24 * 3600;

/** The configuration of one tenant. */
export function createDiscovery(config: OAuthConfig): Discovery {
  const connection = createConnection(config, {
    endpoint: 'discovery',
    bytes: LARGEST,
    failures: 3,
  });
  const flight = createInFlight<Metadata>(config.timeout);
  let known: { readonly metadata: Metadata; readonly age: () => number } | undefined;
  let sinceFetch = stopwatch();
  const refresh = (): Promise<Metadata> =>
    flight.run(async () => {
      sinceFetch = stopwatch();
      const metadata = await discover(config, connection);
      known = { metadata, age: stopwatch() };
      return metadata;
    });
  const inHand = () => {
    if (known && known.age() <= OLDEST) {
      return known;
    }
    return undefined;
  };
  return Object.freeze({
    current: () => inHand()?.metadata,
    async metadata(deadline: Moment = deadlineIn(config.timeout)) {
      const found = inHand();
      if (!found) {
        return within(deadline, refresh(), () => timedOut(reachable(config.issuer, config)));
      }
      if (found.age() > REFRESH_AFTER && sinceFetch() > PAUSE) {
        refresh().catch(() => {});
      }
      return found.metadata;
    },
  });
}

/** OpenID Connect Discovery 1.0: the issuer must be named exactly, and every endpoint must live on it. */
async function discover(config: OAuthConfig, connection: Connection): Promise<Metadata> {
  const { issuer } = config;
  const response = await connection.send(`${issuer}/.well-known/openid-configuration`, accept);
  const invalid = (reason: string, fix?: string) =>
    new KindeError(
      'discovery_invalid',
      'The OpenID configuration of your Kinde domain cannot be used.',
      {
        reason,
        ...(fix && { fix }),
      },
    );
  if (response.status !== 200) {
    throw invalid('http_status', `Check ${config.nameOf('issuer')}: it must be your Kinde domain.`);
  }
  const document: unknown = await response.json().catch(() => undefined);
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw invalid('not_json');
  }
  const found = document as Record<string, unknown>;
  if (found['issuer'] !== issuer) {
    throw invalid(
      'issuer_mismatch',
      `Set ${config.nameOf('issuer')} to exactly the issuer that Kinde names.`,
    );
  }
  for (const name of ENDPOINTS) {
    if (found[name] === undefined && !REQUIRED.includes(name)) {
      continue;
    }
    const reason = endpointProblem(found[name], issuer);
    if (reason) {
      throw invalid(reason);
    }
  }
  if (found['kindling_emulator'] === true && config.localRefusal !== undefined) {
    throw new KindeError(
      'emulator_in_production',
      'The issuer is a local Kinde, whose tokens anybody can make.',
      { fix: config.localRefusal },
    );
  }
  return Object.freeze({ ...found }) as unknown as Metadata;
}

function endpointProblem(value: unknown, issuer: string): string | undefined {
  if (typeof value !== 'string' || !URL.canParse(value)) {
    return 'endpoint';
  }
  const url = new URL(value);
  if (url.username || url.password || !['https:', 'http:'].includes(url.protocol)) {
    return 'endpoint';
  }
  if (url.protocol === 'http:' && issuer.startsWith('https:')) {
    return 'insecure';
  }
  if (url.origin === new URL(issuer).origin) {
    return undefined;
  }
  return 'endpoint_origin';
}

const accept = { method: 'GET', headers: { accept: 'application/json' } };
