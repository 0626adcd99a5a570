// Tries the installed @kindling/express: an app that greets a visitor, and an API that refuses one.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { kinde, protect } from '@kindling/express';
import express from 'express';

export async function trial(): Promise<void> {
  const app = express();
  app.use(
    kinde({
      issuer: 'https://acme.kinde.com',
      clientId: 'a-client',
      clientSecret: 'its-secret',
      siteUrl: 'http://localhost:3000',
      secret: '0123456789abcdef0123456789abcdef',
    }),
  );
  app.get('/', (req, res) => {
    res.send(req.kinde.isAuthenticated ? `Hello ${req.kinde.user.givenName}` : 'Hello');
  });
  app.get('/todos', protect({ permissions: 'read:todos' }), (_req, res) => {
    res.json([]);
  });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    const page = await fetch(`http://127.0.0.1:${port}/`);
    assert.equal(await page.text(), 'Hello');
    const refused = await fetch(`http://127.0.0.1:${port}/todos`);
    assert.equal(refused.status, 401);
    await refused.text();
  } finally {
    server.close();
    server.closeAllConnections();
  }
}
