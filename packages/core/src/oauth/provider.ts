import { deadlineIn, within, type Moment } from '../clock.js';
import type { Config } from '../options/config.js';
import { createDiscovery, type Metadata } from './discovery.js';
import { KindeError } from '../errors.js';
import { createKeys, type Asker } from './keys.js';
import { createVerifier, type VerifiedJws, type JwsProblem } from './jws.js';

/** Where Kinde is and which keys it signs with. Nothing is fetched before it is needed. */
export interface Provider {
  metadata(deadline?: Moment): Promise<Metadata>;
  /** The same, with keys in hand to judge what Kinde will answer. */
  ready(deadline?: Moment): Promise<Metadata>;
  /** Checks the signature of a JWT with Kinde's keys. */
  verify(token: string, asker: Asker, deadline?: Moment): Promise<VerifiedJws | JwsProblem>;
  /** Which set of keys serves now: another number for another set, `undefined` where keys would have to be fetched. */
  keySetVersion(): number | undefined;
}

/** Seconds that a check of a signature may always take. */
const LEAST = 0.25;

/** Discovery and keys of one tenant. */
export function createProvider(config: Config): Provider {
  const discovery = createDiscovery(config);
  const keys = createKeys(config);
  const verifierFor = (asker: Asker) =>
    createVerifier(async (...asked) =>
      keys.find(asker, (await discovery.metadata()).jwks_uri, ...asked),
    );
  const verifiers = {
    token_endpoint: verifierFor('token_endpoint'),
    bearer: verifierFor('bearer'),
    logout: verifierFor('logout'),
  };
  const end = () => deadlineIn(config.timeout);
  return Object.freeze({
    metadata: discovery.metadata,
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
