// Ada signs in to a bundled Worker in workerd, at the local Kinde: node sign-in-to-worker.mjs <bundle> [compatibility flags]
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { createEmulator } from '@kindling/emulator';
import { Miniflare, Response as WorkerResponse } from 'miniflare';

const [bundle, ...compatibilityFlags] = process.argv.slice(2);
const SITE = 'https://app.example';
const AUDIENCE = 'https://api.example';
const emulator = await createEmulator({ siteUrl: SITE, issuer: 'https://acme.kinde.example' });
const [application] = emulator.state.applications;
application.audiences = [AUDIENCE];
const bindings = {
  ...emulator.env,
  ...{ KINDE_SITE_URL: SITE, KINDE_AUDIENCE: AUDIENCE, NODE_ENV: 'development' },
  KINDE_SESSION_SECRET: '0123456789abcdef0123456789abcdef',
};
const worker = new Miniflare({
  ...{ modules: true, compatibilityDate: '2026-01-01', compatibilityFlags, bindings },
  script: readFileSync(bundle, 'utf8'),
  outboundService: async ({ url, method, headers, body }) => {
    const init = {
      method,
      headers: [...headers],
      ...(body && { body: await new Response(body).arrayBuffer() }),
    };
    const answer = await emulator.fetch(url, init);
    return new WorkerResponse(await answer.text(), {
      status: answer.status,
      headers: [...answer.headers],
    });
  },
});
const GREETING = '{"hello":"Ada"}';
const NAVIGATION = {
  accept: 'text/html',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-site': 'same-origin',
};
const address = await worker.ready;
const jar = new Map();

try {
  await signIn();
  await refresh();
  await callWithToken();
  await signOut();
} finally {
  await worker.dispose();
}

async function signIn() {
  assert.equal((await get('/', { accept: 'application/json' })).status, 401);
  const start = await get('/login');
  // The access token has just expired when the browser is back: within the tolerance of clocks, and due for a refresh.
  application.tokens = { accessTokenLifetime: 60 };
  emulator.clock.advance(-70);
  const back = await emulator.signIn(start.location, {
    email: 'ada@example.com',
    organization: 'org_acme0rockets',
  });
  const { status, location } = await get(back.pathname + back.search);
  assert.deepEqual([status, location], [302, `${SITE}/`]);
  application.tokens = { accessTokenLifetime: 3600 };
  emulator.clock.advance(70);
}

/** Requests at once, with one token that is due: one refresh, and all are greeted. */
async function refresh() {
  const before = trades();
  const cookie = cookieHeader();
  const answers = await Promise.all([1, 2, 3].map(() => get('/', { cookie })));
  for (const { body } of answers) {
    assert.equal(body, GREETING);
  }
  assert.equal(trades() - before, 1);
  assert.equal((await get('/')).body, GREETING);
  assert.equal(trades() - before, 1);
}

async function callWithToken() {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: emulator.issuer,
    sub: 'kp_ada',
    aud: [AUDIENCE],
    iat: now,
    exp: now + 3600,
    scp: [],
  };
  const statusFor = async (token) =>
    (await get('/', { cookie: '', authorization: `Bearer ${token}` })).status;
  const token = await emulator.sign({ ...claims, permissions: ['create:todos'] });
  assert.equal(await statusFor(token), 200);
  assert.equal(await statusFor(await emulator.sign(claims)), 403);
  assert.equal(await statusFor(token.replace(/.{9}$/, 'AAAAAAAAA')), 401);
}

async function signOut() {
  const { status } = await get('/logout');
  assert.equal(status, 302);
  assert.equal((await get('/', { accept: 'application/json' })).status, 401);
}

function trades() {
  return emulator.requests.filter(({ path }) => path === '/oauth2/token').length;
}

function cookieHeader() {
  return [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
}

/** One request of a browser that keeps cookies and follows nothing by itself. (`fetch` is no navigation, and says so.) */
async function get(path, headers = {}) {
  const asked = request(new URL(path, address), {
    headers: { ...NAVIGATION, cookie: cookieHeader(), ...headers },
  }).end();
  const [answer] = await once(asked, 'response');
  for (const line of answer.headers['set-cookie'] ?? []) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
    if (/max-age=0/i.test(line)) {
      jar.delete(name);
    } else {
      jar.set(name, value);
    }
  }
  return { status: answer.statusCode, location: answer.headers.location, body: await text(answer) };
}
