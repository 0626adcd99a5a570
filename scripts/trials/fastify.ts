// Tries the installed @kindling/fastify: an app that greets a visitor, and an API that refuses one.
import assert from 'node:assert/strict';
import { kinde, protect } from '@kindling/fastify';
import Fastify from 'fastify';

export async function trial(): Promise<void> {
  const app = Fastify();
  await app.register(kinde, {
    issuer: 'https://acme.kinde.com',
    clientId: 'a-client',
    clientSecret: 'its-secret',
    siteUrl: 'http://localhost:3000',
    secret: '0123456789abcdef0123456789abcdef',
  });
  app.get('/', async (request) =>
    request.kinde.isAuthenticated ? `Hello ${request.kinde.user.givenName}` : 'Hello',
  );
  app.get('/todos', { onRequest: protect({ permissions: 'read:todos' }) }, async () => []);
  try {
    const page = await app.inject('/');
    assert.equal(page.body, 'Hello');
    const refused = await app.inject('/todos');
    assert.equal(refused.statusCode, 401);
  } finally {
    await app.close();
  }
}
