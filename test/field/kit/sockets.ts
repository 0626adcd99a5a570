import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fastifyWebsocket from '@fastify/websocket';
import {
  createKinde,
  kinde,
  toHttpRequest,
  type Kinde,
  type KindeOptions,
  type RequestAuth,
} from '@kindling/express';
import * as onFastify from '@kindling/fastify';
import express from 'express';
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { Server as SocketServer } from 'socket.io';
import { io } from 'socket.io-client';
import { WebSocket, WebSocketServer } from 'ws';
import { callerOf } from './site.js';

/** A server for WebSockets that tells everybody who is let in whom it takes them for. */
export interface SocketSite {
  readonly server: Server;
  readonly sdk: Kinde;
  close(): Promise<void>;
}

/** How a server lets people in, and how a client comes. */
export interface SocketKind {
  /** Whether the way that it is done checks where somebody comes from. */
  readonly checksOrigin: boolean;
  serve(options: KindeOptions): Promise<SocketSite>;
  /** The address of whom the server takes the client for, or `refused`. */
  connect(server: Server, headers: Record<string, string>): Promise<string>;
}

type Known = IncomingMessage & { kinde: RequestAuth };

const emailOf = (auth: onFastify.Auth | undefined) =>
  auth?.isAuthenticated ? (auth.user.email ?? auth.user.id) : undefined;
const addressOf = (server: Server) => `127.0.0.1:${(server.address() as AddressInfo).port}`;

/** An Express app: pages, and an HTTP server on which sockets are served beside it. */
function expressSite(options: KindeOptions): { server: Server; sdk: Kinde } {
  const sdk = createKinde(options);
  const app = express();
  app.use(kinde(sdk)).get('/me', (req, res) => void res.json(callerOf(req.kinde)));
  return { server: createServer(app), sdk };
}

const listening = (server: Server) =>
  new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

function stop(server: Server, more: () => unknown = () => {}): () => Promise<void> {
  return async () => {
    await more();
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
}

function connectPlain(server: Server, headers: Record<string, string>): Promise<string> {
  const socket = new WebSocket(`ws://${addressOf(server)}/ws`, {
    headers: { host: 'app.example', ...headers },
  });
  return new Promise((resolve) => {
    const done = (answer: string) => {
      resolve(answer);
      socket.terminate();
    };
    socket.on('message', (data) => done(String(data)));
    socket.on('unexpected-response', () => done('refused'));
    socket.on('error', () => done('refused'));
    socket.on('close', () => done('refused'));
  });
}

const connectIo =
  (transport: 'websocket' | 'polling') => (server: Server, headers: Record<string, string>) => {
    const extraHeaders = { host: 'app.example', ...headers };
    const socket = io(`http://${addressOf(server)}`, {
      transports: [transport],
      extraHeaders,
      reconnection: false,
      forceNew: true,
    });
    return new Promise<string>((resolve) => {
      const done = (answer: string) => {
        resolve(answer);
        socket.disconnect();
      };
      socket.on('email', done);
      socket.on('connect_error', () => done('refused'));
      socket.on('disconnect', () => done('refused'));
    });
  };

async function serveWs(options: KindeOptions): Promise<SocketSite> {
  const { server, sdk } = expressSite(options);
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', async (request, socket, head) => {
    const email = emailOf(await sdk.handshake(toHttpRequest(request)).catch(() => undefined));
    if (email === undefined) {
      return void socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n');
    }
    sockets.handleUpgrade(request, socket, head, (client) => client.send(email));
  });
  await listening(server);
  return { server, sdk, close: stop(server, () => sockets.close()) };
}

async function serveIo(options: KindeOptions): Promise<SocketSite> {
  const { server, sdk } = expressSite(options);
  const sockets = new SocketServer(server);
  sockets.use(async (socket, next) => {
    socket.data.email = emailOf(
      await sdk.handshake(toHttpRequest(socket.request)).catch(() => undefined),
    );
    next(socket.data.email === undefined ? new Error('signed out') : undefined);
  });
  sockets.on('connection', (socket) => socket.emit('email', socket.data.email));
  await listening(server);
  return { server, sdk, close: stop(server, () => sockets.close()) };
}

/** The way in which socket.io shares middleware with Express. */
async function serveIoMiddleware(options: KindeOptions): Promise<SocketSite> {
  const { server, sdk } = expressSite(options);
  const sockets = new SocketServer(server);
  sockets.engine.use(kinde(sdk));
  sockets.use((socket, next) => {
    const email = emailOf((socket.request as Known).kinde);
    next(email === undefined ? new Error('signed out') : undefined);
  });
  sockets.on('connection', (socket) =>
    socket.emit('email', emailOf((socket.request as Known).kinde)),
  );
  await listening(server);
  return { server, sdk, close: stop(server, () => sockets.close()) };
}

const serveFastify = (guard: (sdk: Kinde) => object) => async (options: KindeOptions) => {
  const sdk = createKinde(options);
  const app = fastify();
  await app.register(fastifyWebsocket);
  await app.register(onFastify.kinde, sdk);
  app.get('/me', async (request) => callerOf(request.kinde));
  app.get('/ws', { websocket: true, ...guard(sdk) }, (socket, request) =>
    socket.send(emailOf(request.kinde) ?? ''),
  );
  await app.ready();
  await listening(app.server);
  return { server: app.server, sdk, close: () => app.close() };
};

const byHandshake = (sdk: Kinde) => ({
  preValidation: async (request: FastifyRequest, reply: FastifyReply) => {
    const auth = await sdk.handshake(onFastify.toHttpRequest(request)).catch(() => undefined);
    if (!auth?.isAuthenticated) {
      return reply.code(401).send();
    }
    return undefined;
  },
});

/** Every library, as its own pages show it. */
export const socketKinds: Record<string, SocketKind> = {
  'express with ws': { checksOrigin: true, serve: serveWs, connect: connectPlain },
  'express with socket.io': { checksOrigin: true, serve: serveIo, connect: connectIo('websocket') },
  'express with socket.io by polling': {
    checksOrigin: true,
    serve: serveIo,
    connect: connectIo('polling'),
  },
  'express with middleware of socket.io': {
    checksOrigin: false,
    serve: serveIoMiddleware,
    connect: connectIo('websocket'),
  },
  'fastify with @fastify/websocket': {
    checksOrigin: true,
    serve: serveFastify(byHandshake),
    connect: connectPlain,
  },
  'fastify with @fastify/websocket and protect()': {
    checksOrigin: true,
    serve: serveFastify(() => ({ onRequest: onFastify.protect() })),
    connect: connectPlain,
  },
};
