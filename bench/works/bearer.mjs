// The route that an API answers most: a token from Kinde, what it allows, as JSON.
import { ask } from '../lib/browser.mjs';
import { createKey, createSigner } from '../lib/issuer.mjs';
import { compare, get } from '../lib/load.mjs';
import { startApp } from '../lib/processes.mjs';
import { SITE } from './session.mjs';

/** More tokens than anybody remembers, so that none is known when it comes again. */
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
  { label: 'express-oauth2-jwt-bearer', variant: 'express-oauth2-jwt-bearer', on: 'express', forgets: true },
];

/** Tokens that have to be refused, by name. What accepts one of them is not doing the work, and the table says so. */
function badTokens(key, issuer) {
  const [own, other] = [createSigner(key, issuer), createSigner({ ...createKey(), kid: key.kid }, issuer)];
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
    (await ask(`http://localhost:${port}/me`, { headers: authorization ? { authorization } : {} })).status;
  if ((await status(`Bearer ${token}`)) !== 200) throw new Error('it refuses a good token');
  if ((await status()) !== 401) throw new Error('it answers without a token');
  const accepted = [];
  for (const [name, one] of Object.entries(bad)) if ((await status(`Bearer ${one}`)) === 200) accepted.push(name);
  return accepted;
}

export async function bearer({ issuer, key, quick, note, only }) {
  const wanted = peers.filter(({ on, label }) => only(`${on} ${label}`));
  if (wanted.length === 0) return [];
  const signer = createSigner(key, issuer);
  note('bearer: signing tokens');
  const tokens = Array.from({ length: quick ? NEW / 2 : NEW }, (_, n) => signer.accessToken(n % 1_000));
  const bad = badTokens(key, issuer);
  const rows = [];
  for (const framework of ['fastify', 'express']) {
    const bare = await startApp('bare', framework, { bearer: true });
    for (const peer of wanted.filter(({ on }) => on === framework)) {
      note(`bearer: ${peer.label} on ${framework}`);
      rows.push(
        await measure(peer, bare, { issuer, quick, tokens, bad }).catch((error) => ({
          ...peer,
          failed: error.message,
        })),
      );
    }
    await bare.stop();
  }
  return rows;
}

async function measure(peer, bare, { issuer, quick, tokens, bad }) {
  const app = await startApp('bearer', peer.variant, { issuer, site: SITE });
  try {
    const accepts = await check(app.port, tokens[0], bad);
    const row = { ...peer, accepts, loads: {} };
    const loads = [
      ['1', tokens.slice(0, 1)],
      ['1000', tokens.slice(0, 1_000)],
      // Where nothing is ever remembered, it does not matter whether tokens are new.
      ...(peer.forgets ? [] : [['new', tokens]]),
    ];
    for (const [name, some] of loads) {
      const requests = some.map((token) => get('/me', { authorization: `Bearer ${token}` }));
      const seconds = 0.25;
      const rounds = (quick ? 4 : 12) * (peer.ours ? 2 : 1);
      row.loads[name] = await compare(app, bare, { requests, seconds, rounds, warmup: quick ? 1 : 2 });
    }
    if (peer.forgets) row.loads.new = row.loads['1000'];
    return row;
  } finally {
    await app.stop();
  }
}
