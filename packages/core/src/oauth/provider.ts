import { isInsecureKeyId } from '@kindling/internal';
import { deadlineIn, within, type Moment } from '../clock.js';
import { KindeError } from '../errors.js';
import type { OAuthConfig } from './config.js';
import { createDiscovery, type Metadata } from './discovery.js';
import { createKeys, type Asker } from './keys.js';
import { createVerifier, type VerifiedJws, type JwsProblem } from './jws.js';

/** Kinde's configuration and signing keys. Nothing is fetched before it is needed. */
export interface Provider {
  /** Reads Kinde's configuration. @throws as `Discovery.metadata` does */
  metadata(deadline?: Moment): Promise<Metadata>;
  /** The configuration in memory; `undefined` where it would have to be fetched. */
  current(): Metadata | undefined;
  /** The same as `metadata`, with keys in hand to verify what Kinde will answer. */
  ready(deadline?: Moment): Promise<Metadata>;
  /** Verifies the signature of a JWT with Kinde's keys, within a deadline. */
  verify(token: string, asker: Asker, deadline?: Moment): Promise<VerifiedJws | JwsProblem>;
  /** The number of the set of keys in use: another set has another; `undefined` where keys would have to be fetched. */
  keySetVersion(): number | undefined;
}

/** Seconds that a check of a signature may always take. */
const LEAST = 0.25;

/** Discovery and keys of one tenant. */
export function createProvider(config: OAuthConfig): Provider {
  const discovery = createDiscovery(config);
  const keys = createKeys(config);
  const refuses = config.localRefusal === undefined ? undefined : isInsecureKeyId;
  const verifierFor = (asker: Asker) =>
    createVerifier(
      async (...asked) => keys.find(asker, (await discovery.metadata()).jwks_uri, ...asked),
      { refuses },
    );
  const verifiers = {
    token_endpoint: verifierFor('token_endpoint'),
    bearer: verifierFor('bearer'),
    logout: verifierFor('logout'),
  };
  const end = () => deadlineIn(config.timeout);
  return Object.freeze({
    metadata: discovery.metadata,
    current: discovery.current,
    async ready(deadline = end()) {
      const metadata = await discovery.metadata(deadline);
      await within(deadline, keys.ready(metadata.jwks_uri), late);
      return metadata;
    },
    // By the keys in hand, even what arrived at the last moment is judged.
    verify: (token, asker, deadline = end()) =>
      within(Math.max(deadline, deadlineIn(LEAST)), verifiers[asker](token), late),
    keySetVersion: () => keys.version(discovery.current()?.jwks_uri),
  } satisfies Provider);
}

function late(): KindeError {
  return new KindeError('keys_unavailable', 'The signing keys of Kinde did not arrive in time.', {
    reason: 'deadline',
  });
}
