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
  const servers = await bind(
    () => createAdaptorServer({ fetch: guarded, overrideGlobalObjects: false }) as Server,
    {
      port,
      hosts: host === 'localhost' ? ['127.0.0.1', '::1'] : [host],
    },
  );
  return {
    port: (servers[0]!.address() as AddressInfo).port,
    close: async () => void (await Promise.all(servers.map(stop))),
  };
}

const FREE_PORT_TRIES = 5;

/** Takes the same port on every address: a stranger on the other one would get half of the requests to `localhost`. */
async function bind(
  create: () => Server,
  {
    port,
    hosts,
    tries = FREE_PORT_TRIES,
  }: {
    port: number;
    hosts: string[];
    tries?: number;
  },
): Promise<Server[]> {
  const servers: Server[] = [];
  for (const host of hosts) {
    const server = create();
    const taken = (servers[0]?.address() as AddressInfo | undefined)?.port ?? port;
    try {
      await listen(server, taken, host);
      servers.push(server);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Where there is no IPv6, one address is enough.
      if (servers.length > 0 && (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT')) {
        continue;
      }
      await Promise.all(servers.map(stop));
      if (servers.length > 0 && code === 'EADDRINUSE' && port === 0 && tries > 1) {
        return bind(create, {
          port,
          hosts,
          tries: tries - 1,
        });
      }
      throw error;
    }
  }
  return servers;
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
