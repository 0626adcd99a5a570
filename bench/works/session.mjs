// The route that a web app answers most: a signed-in person's page, as JSON.
import { ask, createBrowser } from '../lib/browser.mjs';
import { compare, get } from '../lib/load.mjs';
import { withBeside } from '../lib/ours.mjs';
import { howOften, overStarts } from '../lib/starts.mjs';

export const SITE = 'http://localhost:3999';

/**
 * Each peer. `many` is how many different sessions it is measured with: for those that are slow and remember nothing, fewer
 * tell as much. Sessions that are `inMemory` end with their process, and so have to be started anew in each.
 */
export const peers = [
  {
    label: 'Kindling, cookie',
    app: 'kindling',
    variant: 'fastify cookie',
    on: 'fastify',
    many: 10_000,
    ours: true,
  },
  {
    label: 'Kindling, memory store',
    app: 'kindling',
    variant: 'fastify memory',
    on: 'fastify',
    many: 1_000,
    inMemory: true,
    ours: true,
  },
  {
    label: '@fastify/secure-session',
    app: 'secure-session',
    variant: '',
    on: 'fastify',
    many: 10_000,
  },
  { label: 'iron-session', app: 'iron-session', variant: 'fastify', on: 'fastify', many: 10_000 },
  {
    label: 'Kindling, cookie',
    app: 'kindling',
    variant: 'express cookie',
    on: 'express',
    many: 10_000,
    ours: true,
  },
  {
    label: 'Kindling, memory store',
    app: 'kindling',
    variant: 'express memory',
    on: 'express',
    many: 1_000,
    inMemory: true,
    ours: true,
  },
  { label: 'iron-session', app: 'iron-session', variant: 'express', on: 'express', many: 10_000 },
  {
    label: '@logto/express',
    app: 'logto',
    variant: '',
    on: 'express',
    many: 1_000,
    inMemory: true,
  },
  {
    label: 'better-auth',
    app: 'better-auth',
    variant: '',
    on: 'express',
    many: 1_000,
    inMemory: true,
  },
  {
    label: 'express-openid-connect',
    app: 'express-openid-connect',
    variant: '',
    on: 'express',
    many: 1_000,
  },
  { label: '@auth/express', app: 'auth-express', variant: '', on: 'express', many: 1_000 },
  ...['kinde-node-express', 'kinde-typescript-sdk'].map((app) => ({
    label: `@kinde-oss/${app}`,
    app,
    variant: '',
    on: 'express',
    many: 1_000,
    inMemory: true,
  })),
];

/** Signs people in, some at a time. Answers their cookie headers, and bytes of the head with which they got them. */
export async function signIn(peer, port, count) {
  const { login } = await import(`../apps/${peer.app}.mjs`);
  const one = async () => {
    const browser = createBrowser(SITE, port);
    const { head } = await browser.signIn(login);
    return { cookie: browser.cookie(), head };
  };
  const people = [];
  while (people.length < count) {
    people.push(
      ...(await Promise.all(Array.from({ length: Math.min(16, count - people.length) }, one))),
    );
  }
  return people;
}

/** Does the app do the work at all, and refuse whom it must? */
export async function check(port, cookie) {
  const url = `http://localhost:${port}/me`;
  const good = await ask(url, { headers: { cookie } });
  const body = good.status === 200 ? JSON.parse(good.text) : {};
  if (
    !/^kp_/.test(body.sub) ||
    !/@example\.com$/.test(body.email) ||
    body.permissions?.length !== 8
  ) {
    throw new Error(`it does not answer who is calling: ${good.status} ${good.text.slice(0, 200)}`);
  }
  const isRefused = ({ status, headers }) =>
    status >= 400 || (status === 302 && !/\/me$/.test(headers.location));
  if (!isRefused(await ask(url))) {
    throw new Error('it answers without a session');
  }
  if (!isRefused(await ask(url, { headers: { cookie: tamper(cookie) } }))) {
    throw new Error('it accepts a tampered cookie');
  }
}

/** Every value of a cookie header with one character changed in its middle and one near its end. */
export const tamper = (cookie) =>
  cookie.replace(
    /=([^;]+)/g,
    (_, value) => `=${flip(flip(value, value.length >> 1), value.length - 4)}`,
  );
const flip = (text, at) => text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);

export async function session({ issuer, quick, note, only, beside }) {
  const rows = [];
  // None of these sessions is to be renewed, however long this takes.
  await ask(`${issuer}/bench?lifetime=${24 * 3600}`);
  const kept = new Map();
  for (const peer of withBeside(peers, beside).filter(({ on, label }) => only(`${on} ${label}`))) {
    note(`session: ${peer.label} on ${peer.on}`);
    const failed = (error) => ({ ...peer, failed: error.message });
    rows.push(await measure(peer, { issuer, quick, kept: cookiesOf(peer, kept) }).catch(failed));
  }
  await ask(`${issuer}/bench?lifetime=3600`);
  return rows;
}

/** Cookies that an app gave before, on either framework and in another start, and takes again. */
function cookiesOf({ app, beside }, kept) {
  const name = `${app} ${beside}`;
  if (!kept.has(name)) {
    kept.set(name, []);
  }
  return kept.get(name);
}

async function measure(peer, { issuer, quick, kept }) {
  const { starts, rounds } = howOften(quick);
  const row = { ...peer };
  const loads = await overStarts(starts, {
    app: [peer.app, peer.variant, { issuer, site: SITE, beside: peer.beside }],
    bare: ['bare', peer.on, {}],
    async measure(app, bare) {
      const [{ cookie, head }] = await signIn(peer, app.port, 1);
      await check(app.port, cookie);
      Object.assign(row, { cookie: cookie.length, head });
      const cookies = peer.inMemory ? [] : kept;
      const found = {};
      for (const size of [1, 1_000, 10_000].filter((size) => size <= peer.many)) {
        const more = await signIn(peer, app.port, Math.max(0, size - cookies.length));
        cookies.push(...more.map((person) => person.cookie));
        const requests = cookies.slice(0, size).map((one) => get('/me', { cookie: one }));
        const warmup = (quick ? 1 : 2) / (size > 1 ? 2 : 1);
        found[size] = await compare(app, bare, { requests, seconds: 0.25, rounds, warmup });
      }
      return found;
    },
  });
  return { ...row, loads };
}
