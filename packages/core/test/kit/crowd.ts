// A process of its own, with little memory, in which a crowd signs in and has its tokens renewed once each. The provider is a
// function that signs and remembers nothing, so that what fills the memory is ours.
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { getHeapStatistics } from 'node:v8';
import { createKinde, memoryStore } from '@kindling/core';

const ISSUER = 'https://crowd.example';
const CLIENT = 'crowd';
const SITE = 'https://app.example';
const [kept = 'cookie', count = '1000'] = process.argv.slice(2);
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const key = { ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'RS256', use: 'sig' };
const text = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const HEAD = text({ alg: 'RS256', typ: 'JWT', kid: 'one' });
const now = () => Math.floor(Date.now() / 1000);
const random = () => randomBytes(32).toString('base64url');
const signJwt = (claims: object) => {
  const start = `${HEAD}.${text({ iss: ISSUER, iat: now(), exp: now() + 3600, jti: random(), ...claims })}`;
  return `${start}.${sign('RSA-SHA256', Buffer.from(start), privateKey).toString('base64url')}`;
};
/** As many permissions as make large tokens, which do not get much smaller by compression. */
const permissions = Array.from(
  { length: 100 },
  () => `do:${randomBytes(12).toString('base64url')}`,
);
const tokensOf = (sub: string, nonce?: string) => ({
  access_token: signJwt({ sub, azp: CLIENT, aud: [], org_code: 'org_crowd', permissions }),
  // A renewal may come without one.
  ...(nonce && {
    id_token: signJwt({ sub, nonce, aud: [CLIENT], email: `${sub}@example.com`, given_name: sub }),
  }),
  refresh_token: `${sub}~${random()}`,
  token_type: 'bearer',
  expires_in: 3600,
});

const nonces = new Map<string, string>();
const answers: Record<string, (form: URLSearchParams) => object> = {
  '/.well-known/openid-configuration': () => ({
    issuer: ISSUER,
    authorization_endpoint: `${ISSUER}/authorize`,
    token_endpoint: `${ISSUER}/token`,
    jwks_uri: `${ISSUER}/keys`,
  }),
  '/keys': () => ({ keys: [key] }),
  '/token'(form) {
    const [sub = ''] = (form.get('code') ?? form.get('refresh_token') ?? '').split('~');
    const nonce = form.has('code') ? nonces.get(sub) : undefined;
    nonces.delete(sub);
    return tokensOf(sub, nonce);
  },
};
const fetch = async (input: unknown, init?: RequestInit) =>
  Response.json(
    answers[new URL(String(input)).pathname]!(new URLSearchParams(String(init?.body ?? ''))),
  );

/** Enough for all that 1,000 people put there. It takes its part of the memory, so it is for no more than these. */
const store = memoryStore({ max: 4_000 });
const kinde = createKinde({
  issuer: ISSUER,
  clientId: CLIENT,
  clientSecret: 'secret-of-the-crowd',
  siteUrl: SITE,
  secret: createHash('sha256').update('crowd').digest('base64url'),
  fetch: fetch as typeof globalThis.fetch,
  session: {
    cookieBytes: 8000,
    ...(kept === 'coordination' && { coordination: store }),
    ...(kept === 'store' && { store }),
  },
});
const requestOf = (url: string, cookie = '') => ({
  method: 'GET',
  url,
  headers: new Headers({ cookie }),
});
const cookieOf = (lines: readonly string[]) =>
  lines
    .filter((line) => !/max-age=0/i.test(line))
    .map((line) => line.split(';')[0])
    .join('; ');

/** One person: signs in, is renewed, and comes again. The answer is their cookie. */
async function visit(sub: string): Promise<string> {
  const { location, cookies } = await kinde.login(requestOf('/login'));
  const asked = new URL(location).searchParams;
  nonces.set(sub, asked.get('nonce')!);
  const query = new URLSearchParams({ code: `${sub}~${random()}`, state: asked.get('state')! });
  const back = await kinde.callback(requestOf(`/callback?${query}`, cookieOf(cookies)));
  const first = cookieOf(back.cookies);
  const renewed = await kinde.refresh(requestOf('/', first));
  const cookie = cookieOf(renewed.cookies) || first;
  await check(sub, cookie);
  return cookie;
}

async function check(sub: string, cookie: string): Promise<void> {
  const { auth } = await kinde.authenticate(requestOf('/', cookie));
  if (!auth.isAuthenticated || auth.user.id !== sub) {
    throw new Error(`${sub} is not signed in`);
  }
}

/** People at the same time. */
const TOGETHER = 20;
const early = new Map<string, string>();
for (let index = 0; index < Number(count); index += TOGETHER) {
  const people = Array.from({ length: TOGETHER }, (_, one) => `kp_${index + one}`);
  const cookies = await Promise.all(people.map(visit));
  // Requests of a server come by the event loop, where Node frees the streams of answers that were read.
  await new Promise(setImmediate);
  if (index % 1000 === 0) {
    early.set(people[0]!, cookies[0]!);
  }
}
// Those who came first are still themselves, remembered or not.
for (const [sub, cookie] of early) {
  await check(sub, cookie);
}
const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
console.log(JSON.stringify({ count: Number(count), used, limit }));
process.exit();
