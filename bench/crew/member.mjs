// A process of the app: the same few routes on Express or Fastify, once for each way to keep sessions.
import { createServer } from 'node:http';
import { createKinde, filesystemStore } from '@kindling/core';
import * as onExpress from '@kindling/express';
import * as onFastify from '@kindling/fastify';
import { redisStore } from '@kindling/redis';
import { setTimeout as sleep } from 'node:timers/promises';
import createExpress from 'express';
import createFastify from 'fastify';
import { createClient } from 'redis';
import { obey } from './obey.mjs';

const instances = new Map();
const servers = [];

const commands = {
  async serve({ framework, keep, options, store, port }) {
    const session = keep === 'cookie' ? {} : { [keep]: await open(store) };
    const instance = createKinde({ ...options, session });
    instances.set(keep, instance);
    const server = await frameworks[framework](instance, port);
    server.keepAliveTimeout = 120_000;
    servers.push(server);
    return server.address().port;
  },
  revokeUser: ({ keep, sub }) => instances.get(keep).sessions.revokeUser(sub),
  usage: () => process.memoryUsage().rss,
};

obey(commands);
/** As a platform ends a process: what is under way is answered. */
process.on('SIGTERM', () => {
  for (const server of servers) {
    server.close();
    server.closeIdleConnections();
  }
  setTimeout(() => process.exit(), 1_000);
});

async function open({ redis: url, prefix, folder }) {
  if (!url) {
    return filesystemStore(`${folder}/${prefix}`);
  }
  const client = createClient({
    url,
    disableOfflineQueue: true,
    socket: { connectTimeout: 2_000, reconnectStrategy: (tries) => Math.min(100 * tries, 1_000) },
  });
  client.on('error', () => {});
  // An app starts whether its store is there or not; where it is, a platform sends requests once the app is ready.
  await Promise.race([client.connect().catch(() => {}), sleep(2_000)]);
  return redisStore(client, { prefix });
}

function describe(auth) {
  if (!auth.isAuthenticated) {
    return { person: null, reason: auth.reason };
  }
  return {
    person: auth.user.email,
    id: auth.user.id,
    organization: auth.getOrganization()?.orgCode ?? null,
  };
}

const frameworks = {
  express(instance, port) {
    const app = createExpress();
    app.use(onExpress.kinde(instance));
    app.get('/public', (req, res) => void res.json(describe(req.kinde)));
    app.get('/private', onExpress.protect(), (req, res) => void res.json(describe(req.kinde)));
    const server = createServer(app);
    return new Promise((resolve, reject) =>
      server.once('error', reject).listen(port, '127.0.0.1', () => resolve(server)),
    );
  },
  async fastify(instance, port) {
    const app = createFastify();
    await app.register(onFastify.kinde, instance);
    app.get('/public', async (request) => describe(request.kinde));
    app.get('/private', { onRequest: onFastify.protect() }, async (request) =>
      describe(request.kinde),
    );
    await app.listen({ port, host: '127.0.0.1' });
    return app.server;
  },
};
