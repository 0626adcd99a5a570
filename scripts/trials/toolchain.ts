// Ada signs in to an Express app at the local Kinde, in a project that other tools than Node's own compile and run. It
// imports an entry of each kind that packages have, and the type that `req` gets.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { conformance, type Check } from '@kindling/core/conformance';
import { createEmulator } from '@kindling/emulator';
import { kinde, type RequestAuth } from '@kindling/express';
import { list } from '@kindling/management/contract/permissions';
import express from 'express';

const checks: readonly Check[] = conformance;
const siteUrl = 'http://localhost:3000';

/** @returns the page that she sees, and a fact of each of the other entries */
export async function greet(): Promise<string> {
  const emulator = await createEmulator({ siteUrl });
  const { KINDE_CLIENT_ID: clientId = '', KINDE_CLIENT_SECRET: clientSecret = '' } = emulator.env;
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
  app.get('/', (req, res) => {
    const caller: RequestAuth = req.kinde;
    res.send(caller.isAuthenticated ? `Hello ${caller.user.givenName}` : 'Hello');
  });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const get = browser((server.address() as AddressInfo).port);
  try {
    const start = await get('/login');
    const { pathname, search } = await emulator.signIn(start.headers.get('location') ?? '', {
      email: 'ada@example.com',
      organization: 'org_acme0rockets',
    });
    await get(pathname + search);
    const page = await (await get('/')).text();
    return `${page}, ${checks.length > 0}, ${list.route}`;
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

/** Requests of a browser that keeps cookies and follows nothing by itself. */
function browser(port: number): (path: string) => Promise<Response> {
  const jar = new Map<string, string>();
  return async (path) => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { cookie, accept: 'text/html' };
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { redirect: 'manual', headers });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      jar.set(name, value);
    }
    return answer;
  };
}
