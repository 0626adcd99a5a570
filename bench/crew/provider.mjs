// A local Kinde in a process of its own, behind a switch: what the network and Kinde's gateways do to it is decided here, so
// that apps meet refused connections, silence and foreign pages as they come over a wire.
import { createServer } from 'node:http';
import { createEmulator } from '@kindling/emulator';
import { obey } from './obey.mjs';

export const AUDIENCE = 'https://api.bench.example';
const BIGGEST_BODY = 64 * 1024;
const GATEWAY = { 'content-type': 'application/json' };

/** What stands between apps and Kinde, by name. Each answers a request itself, or lets it through. */
const STATES = {
  up: (req, res, through) => through(),
  slow: (req, res, through) => setTimeout(through, 800),
  hanging: () => {},
  failing: (req, res) =>
    res.writeHead(502, GATEWAY).end('{"error":"invalid_grant","error_description":"upstream"}'),
  html: (req, res) =>
    res
      .writeHead(200, { 'content-type': 'text/html' })
      .end('<!doctype html><title>Maintenance</title>'),
  /** Kinde has answered, and the connection breaks before a byte of that arrives. */
  cutting: (req, res, through) => through(() => req.socket.destroy()),
  keyless: (req, res, through) => (/jwks/.test(req.url) ? res.writeHead(503).end() : through()),
};

let emulator;
let server;
let port;
let state = STATES.up;
const counts = { refreshes: 0, logins: 0 };

const commands = {
  async start({ people, lifetime, overlap, site }) {
    port = await listen(0);
    emulator = await createEmulator({
      issuer: `http://127.0.0.1:${port}`,
      siteUrl: site,
      overlap,
      seed: seedFor(people, { lifetime, site }),
    });
    return { issuer: emulator.issuer, env: emulator.env };
  },
  /** Goes through Kinde's pages as the person does: their browser's way to Kinde is not what is switched. */
  async signIn({ url, email, organization }) {
    return (await emulator.signIn(url, { email, organization })).href;
  },
  async become(name) {
    if (name === 'down') {
      return close();
    }
    state = STATES[name];
    if (!server.listening) {
      await listen(port);
    }
  },
  rotateKeys: () => emulator.rotateKeys(),
  counts: () => ({ ...counts, reuse: emulator.state.reuse }),
};

obey(commands);

function listen(at) {
  server = createServer((req, res) => state(req, res, (instead) => answer(req, res, instead)));
  server.keepAliveTimeout = 60_000;
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(at, '127.0.0.1', () => resolve(server.address().port));
  });
}

function close() {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  return closed;
}

async function answer(req, res, instead) {
  try {
    const body = await read(req);
    const given = body.get('grant_type');
    if (given === 'refresh_token') {
      counts.refreshes += 1;
    }
    if (given === 'authorization_code') {
      counts.logins += 1;
    }
    const init = { method: req.method, headers: headersOf(req), ...(body.size > 0 && { body }) };
    const response = await emulator.fetch(`${emulator.issuer}${req.url}`, init);
    const bytes = Buffer.from(await response.arrayBuffer());
    if (instead) {
      return instead();
    }
    res.writeHead(response.status, Object.fromEntries(response.headers)).end(bytes);
  } catch {
    req.socket.destroy();
  }
}

async function read(req) {
  let text = '';
  for await (const chunk of req.setEncoding('utf8')) {
    text += chunk;
    if (text.length > BIGGEST_BODY) {
      throw new Error('too much');
    }
  }
  return new URLSearchParams(text);
}

function headersOf({ headers }) {
  const kept = ['authorization', 'accept', 'user-agent', 'content-type'];
  return Object.fromEntries(
    kept.filter((name) => headers[name]).map((name) => [name, headers[name]]),
  );
}

/** A tenant of two organizations, in which everybody is in both. */
function seedFor(people, { lifetime, site }) {
  const both = { org_one: { roles: ['member'] }, org_two: { roles: ['member'] } };
  return {
    permissions: { 'read:todos': 'See todos', 'create:todos': 'Add todos' },
    roles: {
      member: { name: 'Member', permissions: ['read:todos', 'create:todos'], isDefault: true },
    },
    flags: { theme: { type: 's', value: 'ocean' } },
    organizations: { org_one: { name: 'One' }, org_two: { name: 'Two' } },
    people: people.map((email) => ({
      email,
      givenName: 'Person',
      familyName: 'Bench',
      organizations: both,
    })),
    apis: [{ audience: AUDIENCE, name: 'Bench', scopes: [] }],
    applications: [
      {
        name: 'Bench',
        clientId: 'benchClient0123456789abcdefghijk',
        clientSecret: 'benchClientSecret0123456789abcdefghijABCDEFGHIJ',
        type: 'reg',
        redirectUris: [`${site}/callback`],
        logoutUris: [site],
        audiences: [AUDIENCE],
        tokens: {
          accessTokenLifetime: lifetime,
          claims: ['roles', 'email', 'org_name', 'organizations'],
        },
      },
    ],
  };
}
