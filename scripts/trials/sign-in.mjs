// Tries the published packages together: Ada signs in to an Express app at the local Kinde, and is greeted.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createEmulator } from '@kindling/emulator';
import { kinde } from '@kindling/express';
import express from 'express';

const siteUrl = 'http://localhost:3000';
const emulator = await createEmulator({ siteUrl });
const { KINDE_CLIENT_ID: clientId, KINDE_CLIENT_SECRET: clientSecret } = emulator.env;
const secret = '0123456789abcdef0123456789abcdef';
const app = express();
app.use(
  kinde({
    issuer: emulator.issuer,
    clientId,
    clientSecret,
    siteUrl,
    secret,
    fetch: emulator.fetch,
  }),
);
app.get('/', (req, res) =>
  res.send(req.kinde.isAuthenticated ? `Hello ${req.kinde.user.givenName}` : 'Hello'),
);
const server = app.listen(0, '127.0.0.1');
await once(server, 'listening');
const origin = `http://127.0.0.1:${server.address().port}`;
const jar = new Map();

const { headers } = await get('/login');
const { pathname, search } = await emulator.signIn(headers.get('location'), {
  email: 'ada@example.com',
  organization: 'org_acme0rockets',
});
const back = await get(pathname + search);
assert.equal(back.status, 302);
const page = await (await get('/')).text();
assert.equal(page, 'Hello Ada');
console.log(page);
server.close();
server.closeAllConnections();

/** One request of a browser that keeps cookies and follows nothing by itself. */
async function get(path) {
  const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  const answer = await fetch(origin + path, {
    redirect: 'manual',
    headers: { cookie, accept: 'text/html' },
  });
  for (const line of answer.headers.getSetCookie()) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
    jar.set(name, value);
  }
  return answer;
}
