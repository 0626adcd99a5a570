import { createRemoteJWKSet, customFetch } from 'jose';
import { now } from './clock.js';
import type { Config } from './config.js';
import { KindeError } from './errors.js';
import { fetchLimited } from './fetch.js';
import { createVerifier, type Signed, type Unsigned } from './signature.js';

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
}

/** Where Kinde is and which keys it signs with: fetched at first use, then remembered. */
export interface Provider {
  metadata(): Promise<Metadata>;
  /** Checks the signature of a JWT with Kinde's keys. */
  verify(token: string): Promise<Signed | Unsigned>;
  /** Which set of keys serves now: another number for another set, `undefined` where keys would have to be fetched. */
  edition(): number | undefined;
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
/** Seconds: renewed in the background from here, at most so often; used no longer than that. */
const [RENEW, PAUSE, OLDEST] = [600, 30, 24 * 3600];

/** Discovery and keys of one tenant. Nothing is fetched before it is needed. */
export function createProvider(config: Config): Provider {
  let known: { metadata: Metadata; at: number } | undefined;
  let fetching: Promise<Metadata> | undefined;
  let tried = 0;
  const renew = (): Promise<Metadata> => {
    // Cloudflare Workers stop what is under way together with the request that began it, the deadline included: a fetch
    // that has not ended by now never will.
    if (fetching && now() - tried <= config.timeout) return fetching;
    tried = now();
    fetching = discover(config)
      .then((metadata) => (known = { metadata, at: now() }).metadata)
      .finally(() => (fetching = undefined));
    return fetching;
  };
  const metadata = async (): Promise<Metadata> => {
    if (!known || now() - known.at > OLDEST) return renew();
    if (now() - known.at > RENEW && now() - tried > PAUSE) renew().catch(() => {});
    return known.metadata;
  };
  let keys: { uri: string; get: RemoteKeys } | undefined;
  let edition = 0;
  return Object.freeze({
    metadata,
    edition() {
      const current = keys?.get.fresh && !keys.get.reloading && known && now() - known.at <= OLDEST;
      return current ? edition : undefined;
    },
    verify: createVerifier(async (...asked) => {
      const { jwks_uri: uri } = await metadata();
      if (keys?.uri !== uri) keys = { uri, get: remoteKeys(config, uri, () => (edition += 1)) };
      try {
        return await keys.get(...asked);
      } catch (error) {
        if (!(error instanceof KindeError)) throw error;
        const reason = error.reason ?? error.code;
        throw new KindeError('keys_unavailable', 'The signing keys of Kinde cannot be fetched.', {
          reason,
          cause: error,
        });
      }
    }),
  });
}

/** OpenID Connect Discovery 1.0: the issuer must be named exactly, and every endpoint must live on it. */
async function discover(config: Config): Promise<Metadata> {
  const { issuer } = config;
  const response = await fetchLimited(config, `${issuer}/.well-known/openid-configuration`, accept, {
    bytes: LARGEST,
    seconds: config.timeout,
  });
  const invalid = (reason: string, fix?: string) =>
    new KindeError('discovery_invalid', 'The OpenID configuration of your Kinde domain cannot be used.', {
      reason,
      ...(fix && { fix }),
    });
  if (response.status !== 200) throw invalid('http_status', 'Check KINDE_ISSUER_URL: it must be your Kinde domain.');
  const document: unknown = await response.json().catch(() => undefined);
  if (typeof document !== 'object' || document === null || Array.isArray(document)) throw invalid('not_json');
  const found = document as Record<string, unknown>;
  if (found['issuer'] !== issuer)
    throw invalid('issuer_mismatch', 'Set KINDE_ISSUER_URL to exactly the issuer that Kinde names.');
  for (const name of ENDPOINTS) {
    if (found[name] === undefined && !REQUIRED.includes(name)) continue;
    const reason = endpointProblem(found[name], issuer);
    if (reason) throw invalid(reason);
  }
  if (found['kindling_emulator'] === true && config.production) {
    throw new KindeError(
      'emulator_in_production',
      'The issuer is a local emulator, whose tokens anybody can make. Production needs your Kinde domain.',
    );
  }
  return Object.freeze({ ...found }) as unknown as Metadata;
}

function endpointProblem(value: unknown, issuer: string): string | undefined {
  if (typeof value !== 'string' || !URL.canParse(value)) return 'endpoint';
  const url = new URL(value);
  if (url.username || url.password || !['https:', 'http:'].includes(url.protocol)) return 'endpoint';
  if (url.protocol === 'http:' && issuer.startsWith('https:')) return 'insecure';
  return url.origin === new URL(issuer).origin ? undefined : 'endpoint_origin';
}

const accept = { method: 'GET', headers: { accept: 'application/json' } };

type RemoteKeys = ReturnType<typeof createRemoteJWKSet>;

/** jose fetches, caches for ten minutes, and refetches for an unknown `kid` at most every 30 seconds. */
function remoteKeys(config: Config, uri: string, onFetched: () => void): RemoteKeys {
  return createRemoteJWKSet(new URL(uri), {
    timeoutDuration: 60_000,
    [customFetch]: async (url) => {
      const response = await fetchLimited(config, url, accept, {
        bytes: LARGEST,
        seconds: Math.min(5, config.timeout),
      });
      const document =
        response.status === 200
          ? ((await response.json().catch(() => undefined)) as { keys?: unknown } | null)
          : undefined;
      if (!Array.isArray(document?.keys)) {
        throw new KindeError('keys_unavailable', 'Kinde did not answer with a set of signing keys.', {
          reason: 'malformed',
        });
      }
      onFetched();
      return Response.json({ keys: document.keys.flatMap(usableKey) });
    },
  });
}

/** Public RSA signing keys of 2048 bits and more; everything else in the set is left out, private members too. */
function usableKey(key: unknown): object[] {
  if (typeof key !== 'object' || key === null) return [];
  const { kty, n, e, kid, use, alg, key_ops: operations } = key as Record<string, unknown>;
  const forSigning = (use === undefined || use === 'sig') && (alg === undefined || alg === 'RS256');
  const verifies = operations === undefined || (Array.isArray(operations) && operations.includes('verify'));
  const large = typeof n === 'string' && n.length >= 342 && typeof e === 'string';
  return kty === 'RSA' && forSigning && verifies && large
    ? [{ kty, n, e, alg: 'RS256', use: 'sig', ...(typeof kid === 'string' && { kid }) }]
    : [];
}
