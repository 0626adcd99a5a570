// The route that a web app answers most: a signed-in person's page, as JSON.
import { ask, createBrowser } from '../lib/browser.mjs';
import { compare, get } from '../lib/load.mjs';
import { startApp } from '../lib/processes.mjs';

export const SITE = 'http://localhost:3999';

/** Each peer; `many` is how many different sessions it is measured with: for those that remember nothing, fewer tell as much. */
export const peers = [
  { label: 'Kindling, cookie', app: 'kindling', variant: 'fastify cookie', on: 'fastify', many: 10_000, ours: true },
  {
    label: 'Kindling, memory store',
    app: 'kindling',
    variant: 'fastify memory',
    on: 'fastify',
    many: 10_000,
    ours: true,
  },
  { label: '@fastify/secure-session', app: 'secure-session', variant: '', on: 'fastify', many: 10_000 },
  { label: 'iron-session', app: 'iron-session', variant: 'fastify', on: 'fastify', many: 10_000 },
  { label: 'Kindling, cookie', app: 'kindling', variant: 'express cookie', on: 'express', many: 10_000, ours: true },
  {
    label: 'Kindling, memory store',
    app: 'kindling',
    variant: 'express memory',
    on: 'express',
    many: 10_000,
    ours: true,
  },
  { label: 'iron-session', app: 'iron-session', variant: 'express', on: 'express', many: 10_000 },
  { label: '@logto/express', app: 'logto', variant: '', on: 'express', many: 10_000 },
  { label: 'better-auth', app: 'better-auth', variant: '', on: 'express', many: 1_000 },
  { label: 'express-openid-connect', app: 'express-openid-connect', variant: '', on: 'express', many: 1_000 },
  { label: '@auth/express', app: 'auth-express', variant: '', on: 'express', many: 1_000 },
  { label: '@kinde-oss/kinde-node-express', app: 'kinde-node-express', variant: '', on: 'express', many: 1_000 },
  { label: '@kinde-oss/kinde-typescript-sdk', app: 'kinde-typescript-sdk', variant: '', on: 'express', many: 1_000 },
];

/** Signs people in, some at a time, and answers their cookie headers. */
export async function signIn(peer, port, count) {
  const { login } = await import(`../apps/${peer.app}.mjs`);
  const cookies = [];
  const one = async () => {
    const browser = createBrowser(SITE, port);
    await browser.signIn(login);
    return browser.cookie();
  };
  while (cookies.length < count) {
    cookies.push(...(await Promise.all(Array.from({ length: Math.min(16, count - cookies.length) }, one))));
  }
  return cookies;
}

/** Does the app do the work at all, and refuse whom it must? */
export async function check(port, cookie) {
  const url = `http://localhost:${port}/me`;
  const good = await ask(url, { headers: { cookie } });
  const body = good.status === 200 ? JSON.parse(good.text) : {};
  if (!/^kp_/.test(body.sub) || !/@example\.com$/.test(body.email) || body.permissions?.length !== 8)
    throw new Error(`it does not answer who is calling: ${good.status} ${good.text.slice(0, 200)}`);
  const isRefused = ({ status, headers }) => status >= 400 || (status === 302 && !/\/me$/.test(headers.location));
  if (!isRefused(await ask(url))) throw new Error('it answers without a session');
  if (!isRefused(await ask(url, { headers: { cookie: tamper(cookie) } })))
    throw new Error('it accepts a tampered cookie');
}

/** Every value of a cookie header with one character changed in its middle and one near its end. */
export const tamper = (cookie) =>
  cookie.replace(/=([^;]+)/g, (_, value) => `=${flip(flip(value, value.length >> 1), value.length - 4)}`);
const flip = (text, at) => text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);

export async function session({ issuer, quick, note, only }) {
  const rows = [];
  for (const framework of ['fastify', 'express']) {
    const bare = await startApp('bare', framework, {});
    for (const peer of peers.filter(({ on, label }) => on === framework && only(`${on} ${label}`))) {
      note(`session: ${peer.label} on ${framework}`);
      rows.push(await measure(peer, bare, { issuer, quick }).catch((error) => ({ ...peer, failed: error.message })));
    }
    await bare.stop();
  }
  return rows;
}

async function measure(peer, bare, { issuer, quick }) {
  const app = await startApp(peer.app, peer.variant, { issuer, site: SITE });
  try {
    const [first] = await signIn(peer, app.port, 1);
    await check(app.port, first);
    const row = { ...peer, cookie: first.length, loads: {} };
    const sizes = [1, 1_000, 10_000].filter(
      (size) => size <= peer.many && !(quick && size > 1_000 && !/cookie/.test(peer.label)),
    );
    const cookies = [first];
    for (const size of sizes) {
      cookies.push(...(await signIn(peer, app.port, size - cookies.length)));
      const requests = cookies.map((cookie) => get('/me', { cookie }));
      const seconds = 0.25;
      const rounds = (quick ? 4 : 12) * (peer.ours ? 2 : 1);
      row.loads[size] = await compare(app, bare, { requests, seconds, rounds, warmup: quick ? 1.5 : 3 });
    }
    return row;
  } finally {
    await app.stop();
  }
}
