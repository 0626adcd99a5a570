// HTTP and https on addresses of this machine.
import { bind } from './serve/bind.js';
import { limitBody } from './serve/body.js';
import { createCertificate, type Certificate } from './serve/certificate.js';
import { checkHost, createHostCheck, originFor } from './serve/hosts.js';
import { createBoth, createPlain, portOf, stop, type Fetch } from './serve/listener.js';
import { explainTaken } from './serve/taken.js';

/** Options of `Emulator.listen`. */
export interface ListenOptions {
  /** Port; 0 takes a free one. @default 4455 */
  port?: number;
  /**
   * `localhost` for both loopback addresses, or an address of this machine. One that other machines reach, such as `0.0.0.0`,
   * needs `allowHosts`: whoever reaches a local Kinde can be anybody. @default 'localhost'
   */
  host?: string;
  /** Names that requests may come by, with any port, beside those of loopback: `kinde` in a container network. @default none */
  allowHosts?: readonly string[];
  /**
   * Answers https and http on the same port; the issuer is https. `true` makes a certificate for this time only. @default false
   */
  https?: boolean | Certificate;
}

/** A local Kinde on a port. */
export interface Served {
  /** Origin that it is reached at from this machine. */
  readonly url: string;
  /** Stops serving. */
  close(): Promise<void>;
}

/**
 * Serves on the loopback addresses of this machine, unless another address and names to come by are given.
 * @throws Error for a host or name that is none or that needs the other, and for a port that is taken.
 */
export async function serve(
  fetch: Fetch,
  { port = 4455, host = 'localhost', allowHosts = [], https = false }: ListenOptions,
): Promise<Served> {
  checkHost({ host, allowHosts });
  const certificate = https === true ? await createCertificate(allowHosts) : https;
  const isAllowed = createHostCheck(allowHosts);
  const guarded: Fetch = async (request) => {
    if (!isAllowed(request)) {
      return refused(403, 'Only reachable by a local name.');
    }
    const limited = await limitBody(request);
    return limited ? fetch(limited) : refused(413, 'The body of a request may have a megabyte.');
  };
  const create = () => (certificate ? createBoth(guarded, certificate) : createPlain(guarded));
  const address = {
    port,
    hosts: host === 'localhost' ? ['127.0.0.1', '::1'] : [host],
  };
  const listeners = await bind(create, address).catch(async (error: unknown) => {
    throw await explainTaken(error, address);
  });
  const [first] = listeners;
  return {
    url: originFor(host, first ? portOf(first) : port, certificate ? 'https' : 'http'),
    async close() {
      await Promise.all(listeners.map(stop));
    },
  };
}

function refused(status: number, why: string): Response {
  return new Response(why, {
    status,
    headers: { 'cache-control': 'no-store' },
  });
}
