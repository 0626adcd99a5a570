// The route that an API answers most: a token from Kinde, what it allows, as JSON.
import { ask } from '../lib/browser.mjs';
import { createKey, createSigner } from '../lib/issuer.mjs';
import { compare, get } from '../lib/load.mjs';
import { withBeside } from '../lib/ours.mjs';
import { howOften, overStarts } from '../lib/starts.mjs';
import { SITE } from './session.mjs';

/** More tokens than one start is asked about, or than anybody remembers, so that none is known when it comes. */
const NEW = 40_000;

export const peers = [
  { label: 'Kindling', variant: 'kindling', on: 'fastify', ours: true },
  { label: 'fast-jwt, cache of 5,000', variant: 'fast-jwt cached', on: 'fastify' },
  { label: 'fast-jwt, no cache', variant: 'fast-jwt', on: 'fastify', forgets: true },
  { label: '@fastify/jwt', variant: '@fastify/jwt', on: 'fastify', forgets: true },
  { label: 'aws-jwt-verify', variant: 'aws-jwt-verify', on: 'fastify', forgets: true },
  { label: 'jose', variant: 'jose', on: 'fastify', forgets: true },
  { label: '@kinde/jwt-validator', variant: '@kinde/jwt-validator', on: 'fastify', forgets: true },
  { label: 'Kindling', variant: 'kindling express', on: 'express', ours: true },
  {
    label: 'express-oauth2-jwt-bearer',
    variant: 'express-oauth2-jwt-bearer',
    on: 'express',
    forgets: true,
  },
];

/** Tokens that have to be refused, by name. What accepts one of them is not doing the work, and the table says so. */
function badTokens(key, issuer) {
  const own = createSigner(key, issuer);
  const other = createSigner({ ...createKey(), kid: key.kid }, issuer);
  const past = Math.floor(Date.now() / 1000) - 3600;
  return {
    expired: own.accessToken(0, { exp: past, iat: past - 60 }),
    audience: own.accessToken(0, { aud: ['https://other.example'] }),
    issuer: own.accessToken(0, { iss: 'https://other.example' }),
    signature: other.accessToken(0),
  };
}

async function check(port, token, bad) {
  const status = async (authorization) =>
    (await ask(`http://localhost:${port}/me`, { headers: authorization ? { authorization } : {} }))
      .status;
  if ((await status(`Bearer ${token}`)) !== 200) {
    throw new Error('it refuses a good token');
  }
  if ((await status()) !== 401) {
    throw new Error('it answers without a token');
  }
  const accepted = [];
  for (const [name, one] of Object.entries(bad)) {
    if ((await status(`Bearer ${one}`)) === 200) {
      accepted.push(name);
    }
  }
  return accepted;
}

export async function bearer({ issuer, key, quick, note, only, beside }) {
  const wanted = withBeside(peers, beside).filter(({ on, label }) => only(`${on} ${label}`));
  if (wanted.length === 0) {
    return [];
  }
  const signer = createSigner(key, issuer);
  note('bearer: signing tokens');
  // None of them is to end, however long this takes.
  const exp = Math.floor(Date.now() / 1000) + 24 * 3600;
  const tokens = Array.from({ length: NEW }, (_, n) => signer.accessToken(n % 1_000, { exp }));
  const bad = badTokens(key, issuer);
  const rows = [];
  for (const peer of wanted) {
    note(`bearer: ${peer.label} on ${peer.on}`);
    const failed = (error) => ({ ...peer, failed: error.message });
    rows.push(await measure(peer, { issuer, quick, tokens, bad }).catch(failed));
  }
  return rows;
}

async function measure(peer, { issuer, quick, tokens, bad }) {
  const { starts, rounds } = howOften(quick);
  const row = { ...peer };
  const wanted = [
    ['1', tokens.slice(0, 1), quick ? 1 : 2],
    ['1000', tokens.slice(0, 1_000), quick ? 0.5 : 1],
    // Where nothing is ever remembered, it does not matter whether tokens are new.
    ...(peer.forgets ? [] : [['new', tokens.slice(1_000), 0.4]]),
  ];
  const loads = await overStarts(starts, {
    app: ['bearer', peer.variant, { issuer, site: SITE, beside: peer.beside }],
    bare: ['bare', peer.on, { bearer: true }],
    async measure(app, bare) {
      row.accepts = await check(app.port, tokens[0], bad);
      const found = {};
      for (const [name, some, warmup] of wanted) {
        const requests = some.map((token) => get('/me', { authorization: `Bearer ${token}` }));
        found[name] = await compare(app, bare, { requests, seconds: 0.25, rounds, warmup });
      }
      return found;
    },
  });
  if (peer.forgets) {
    loads.new = loads['1000'];
  }
  return { ...row, loads };
}
