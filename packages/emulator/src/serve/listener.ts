import { createAdaptorServer } from '@hono/node-server';
import type { Server as HttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Certificate } from './certificate.js';

/** Answers a request. */
export type Fetch = (request: Request) => Promise<Response>;

/** A server that takes connections, and can let go of them. */
export interface Listener {
  /** Takes connections. */
  readonly server: Server;
  /** Ends the connections that it has. */
  disconnect(): void;
}

/** A server for http. */
export function createPlain(fetch: Fetch): Listener {
  const server = createAdaptorServer({ fetch, overrideGlobalObjects: false }) as HttpServer;
  return { server, disconnect: () => server.closeAllConnections() };
}

/** First byte of a TLS handshake: no request in http begins with it (RFC 8446, 5.1). */
const TLS_HANDSHAKE = 0x16;
/** Milliseconds within which a connection says something. */
const SILENCE = 30_000;

/** A server for http and https on the same port: the first byte of a connection tells which. */
export function createBoth(fetch: Fetch, { key, cert }: Certificate): Listener {
  const plain = createAdaptorServer({ fetch, overrideGlobalObjects: false });
  const secure = createAdaptorServer({
    fetch,
    overrideGlobalObjects: false,
    createServer: createHttpsServer,
    serverOptions: { key, cert },
  });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const destroy = () => socket.destroy();
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', destroy);
    socket.setTimeout(SILENCE, destroy);
    socket.once('data', (first) => {
      socket.pause();
      socket.setTimeout(0);
      socket.off('timeout', destroy);
      socket.unshift(first);
      const chosen = first[0] === TLS_HANDSHAKE ? secure : plain;
      chosen.emit('connection', socket);
      process.nextTick(() => socket.resume());
    });
  });
  const disconnect = () => {
    for (const socket of sockets) {
      socket.destroy();
    }
  };
  return { server, disconnect };
}

/** Port that a server has. */
export function portOf({ server }: Listener): number {
  return (server.address() as AddressInfo).port;
}

/** Lets a server take connections. */
export function start({ server }: Listener, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve());
  });
}

/** Ends a server and its connections. */
export function stop({ server, disconnect }: Listener): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    disconnect();
  });
}
