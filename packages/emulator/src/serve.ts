import { createAdaptorServer } from '@hono/node-server';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

/**
 * Serves on the loopback addresses of this machine and nowhere else. Port 0 takes a free one.
 * @throws Error for any other host, or a port that is taken.
 */
export async function serve(
  fetch: (request: Request) => Promise<Response>,
  { port, host }: { port: number; host: string },
): Promise<{ port: number; close(): Promise<void> }> {
  if (!LOOPBACK.includes(host)) {
    throw new Error(
      `The Kinde emulator listens on this machine only (${LOOPBACK.join(', ')}), not on "${host}".`,
    );
  }
  const guarded = (request: Request) => {
    if (isLocal(request)) {
      return fetch(request);
    }
    return Promise.resolve(new Response('Only reachable by a local name.', { status: 403 }));
  };
  const create = () =>
    createAdaptorServer({ fetch: guarded, overrideGlobalObjects: false }) as Server;
  const hosts = host === 'localhost' ? ['127.0.0.1', '::1'] : [host];
  const servers = await bind(create, { port, hosts });
  return {
    port: servers[0] ? portOf(servers[0]) : port,
    async close() {
      await Promise.all(servers.map(stop));
    },
  };
}

const FREE_PORT_TRIES = 5;

interface Address {
  readonly port: number;
  readonly hosts: readonly string[];
}

/** Takes the same port on every address: a stranger on the other one would get half of the requests to `localhost`. */
async function bind(
  create: () => Server,
  address: Address,
  tries = FREE_PORT_TRIES,
): Promise<Server[]> {
  const servers: Server[] = [];
  try {
    for (const host of address.hosts) {
      await bindNext(servers, create(), { host, port: address.port });
    }
  } catch (error) {
    await Promise.all(servers.map(stop));
    // Another program has the free port that was found, on the other address.
    const isTaken = codeOf(error) === 'EADDRINUSE' && servers.length > 0;
    if (isTaken && address.port === 0 && tries > 1) {
      return bind(create, address, tries - 1);
    }
    throw error;
  }
  return servers;
}

async function bindNext(
  servers: Server[],
  server: Server,
  { host, port }: { host: string; port: number },
): Promise<void> {
  const [first] = servers;
  try {
    await listen(server, first ? portOf(first) : port, host);
    servers.push(server);
  } catch (error) {
    const code = codeOf(error);
    // Where there is no IPv6, one address is enough.
    if (!first || (code !== 'EADDRNOTAVAIL' && code !== 'EAFNOSUPPORT')) {
      throw error;
    }
  }
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

/** A page elsewhere could point its own name at this address (DNS rebinding). */
function isLocal(request: Request): boolean {
  const { hostname } = new URL(request.url);
  return hostname === '[::1]' || LOOPBACK.includes(hostname) || hostname.endsWith('.localhost');
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve());
  });
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
