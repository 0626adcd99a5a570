import { isLoopback } from '@kindling/internal';
import { KindeError, systemCodeOf } from '../errors.js';
import type { OAuthConfig } from './config.js';

const NETWORK = 'Check network, firewall and proxy of this machine.';
const CERTIFICATE =
  'A proxy on the way signs with a certificate of its own: start the app with NODE_EXTRA_CA_CERTS=path/to/its-ca.pem.';

/** What to do, by the code of the system or of TLS. */
const FIXES: Readonly<Record<string, string>> = {
  EAI_AGAIN: 'DNS does not answer: check the resolver and the network of this machine.',
  ETIMEDOUT: NETWORK,
  ECONNRESET: NETWORK,
  UND_ERR_CONNECT_TIMEOUT: NETWORK,
  SELF_SIGNED_CERT_IN_CHAIN: CERTIFICATE,
  DEPTH_ZERO_SELF_SIGNED_CERT: CERTIFICATE,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: CERTIFICATE,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: CERTIFICATE,
  CERT_HAS_EXPIRED:
    'The certificate of that host has expired, or the clock of this machine is wrong.',
};

/** The error of a request that had no answer: it names the host, the cause and what to do. */
export function unreachable(
  url: string,
  cause: unknown,
  { nameOf, backchannelUrl }: Pick<OAuthConfig, 'nameOf' | 'backchannelUrl'>,
): KindeError {
  const { host, hostname } = new URL(url);
  const code = systemCodeOf(cause) ?? '';
  const option = nameOf(backchannelUrl === undefined ? 'issuer' : 'backchannelUrl');
  const check = `Check ${option}.`;
  const container = `In a container, ${hostname} is the container itself: set ${nameOf('backchannelUrl')}.`;
  const local = `Start the local Kinde, if ${option} is right: nobody listens there. ${container}`;
  const refused = isLoopback(hostname) ? local : check;
  const fix = FIXES[code] ?? (code === 'ECONNREFUSED' ? refused : check);
  return new KindeError('kinde_unreachable', `Kinde could not be reached at ${host}.`, {
    reason: 'network',
    fix,
    cause,
  });
}
