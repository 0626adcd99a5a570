// Tries the installed @kindling/core: somebody signs in at an issuer in this process, is guarded, refreshed and signed out,
// and calls an API with a token. All with web standards, since this also runs where there is no Node.
import assert from 'node:assert/strict';
import { createKinde, KindeError, optionsFromEnv, type Auth } from '@kindling/core';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

const ISSUER = 'https://acme.kinde.example';
const SITE = 'https://app.example';
const AUDIENCE = 'https://api.example';
/** Bodies and parameters of what was asked of the issuer, by path. */
const asked: { path: string; form: URLSearchParams }[] = [];
const now = () => Math.floor(Date.now() / 1000);

/** Made before any request, as Workers do. */
const kinde = createKinde({
  issuer: ISSUER,
  clientId: 'a-client',
  clientSecret: 'its-secret',
  siteUrl: SITE,
  secret: '0123456789abcdef0123456789abcdef',
  audience: AUDIENCE,
  fetch: async (input, init) => answer(new Request(input, init)),
});

export async function trial(): Promise<void> {
  const { auth: nobody } = await kinde.authenticate(new Request(`${SITE}/`));
  assert.equal(nobody.isAuthenticated, false);
  assert.throws(
    () => createKinde(optionsFromEnv({})),
    (error) => error instanceof KindeError && error.code === 'config_invalid',
  );
  await trySession();
  await tryBearer();
}

async function trySession(): Promise<void> {
  const start = await kinde.login(new Request(`${SITE}/login`));
  const { searchParams } = new URL(start.location);
  nonce = searchParams.get('nonce') ?? '';
  lifetime = -10; // within the tolerance of clocks, and due for a refresh
  const callback = `${SITE}/callback?code=a-code&state=${searchParams.get('state')}`;
  const back = await kinde.callback(requestWith(start.cookies, callback));
  assert.equal(back.location, `${SITE}/`);
  // Keys come before the code is spent.
  assert.deepEqual(
    asked.slice(-2).map(({ path }) => path),
    ['/.well-known/jwks', '/oauth2/token'],
  );

  lifetime = 3600;
  const requests = [1, 2, 3].map(() => requestWith(back.cookies));
  const answers = await Promise.all(requests.map((request) => kinde.authenticate(request)));
  const refreshes = asked.filter(({ form }) => form.get('grant_type') === 'refresh_token');
  assert.equal(refreshes.length, 1);
  const { auth, cookies }: { auth: Auth; cookies: readonly string[] } = answers[0]!;
  assert.equal(auth.isAuthenticated && auth.user.email, 'ada@example.com');

  const request = requestWith(cookies);
  assert.equal(
    (await kinde.authenticate(request)).auth.getPermission('create:todos').isGranted,
    true,
  );
  assert.equal(
    await kinde.guard(request, auth, { allow: { permissions: 'create:todos' } }),
    undefined,
  );
  assert.equal(
    (await kinde.guard(request, auth, { allow: { permissions: 'delete:todos' } }))?.status,
    403,
  );
  const forged = cookies.map((line) =>
    line.replace(/.(?=;)/, (last) => (last === 'A' ? 'Q' : 'A')),
  );
  assert.equal((await kinde.authenticate(requestWith(forged))).auth.isAuthenticated, false);
  assert.equal(new URL((await kinde.logout(request)).location).origin, ISSUER);
}

async function tryBearer(): Promise<void> {
  const token = await tokenOf({ aud: [AUDIENCE], scp: [] });
  const authOf = async (sent: string) =>
    (await kinde.authenticate(new Request(SITE, { headers: { authorization: `Bearer ${sent}` } })))
      .auth;
  const good = await authOf(token);
  assert.equal(good.isAuthenticated && good.via, 'bearer');
  const bad = await authOf(token.replace(/.{9}$/, 'AAAAAAAAA'));
  assert.equal(bad.isAuthenticated ? '' : bad.reason, 'bearer_invalid');
}

/** A browser's next request, with the cookies that it was given. */
function requestWith(lines: readonly string[], url = `${SITE}/`): Request {
  const cookie = lines
    .map((line) => line.slice(0, line.indexOf(';')))
    .filter((pair) => !pair.endsWith('='));
  return new Request(url, { headers: { cookie: cookie.join('; '), accept: 'text/html' } });
}

let nonce = '';
let lifetime = 3600;
let keys: ReturnType<typeof generateKeyPair> | undefined;

/** A token of the issuer, with its key that is made at first use. */
async function tokenOf(claims: Record<string, unknown>): Promise<string> {
  const { privateKey } = await (keys ??= generateKeyPair('RS256'));
  const token = new SignJWT({
    iss: ISSUER,
    sub: 'kp_ada',
    azp: 'a-client',
    permissions: ['create:todos'],
    ...claims,
  });
  const signed = token.setIssuedAt(now() - 60).setExpirationTime(now() + lifetime);
  return signed.setProtectedHeader({ alg: 'RS256', kid: 'a-key', typ: 'JWT' }).sign(privateKey);
}

/** What Kinde would answer. */
async function answer(request: Request): Promise<Response> {
  const path = new URL(request.url).pathname;
  asked.push({ path, form: new URLSearchParams(await request.text()) });
  if (path === '/.well-known/openid-configuration') {
    const endpoints = {
      token_endpoint: `${ISSUER}/oauth2/token`,
      jwks_uri: `${ISSUER}/.well-known/jwks`,
    };
    return Response.json({
      issuer: ISSUER,
      authorization_endpoint: `${ISSUER}/oauth2/auth`,
      ...endpoints,
    });
  }
  if (path === '/.well-known/jwks') {
    const { publicKey } = await (keys ??= generateKeyPair('RS256'));
    return Response.json({
      keys: [{ ...(await exportJWK(publicKey)), kid: 'a-key', alg: 'RS256', use: 'sig' }],
    });
  }
  const [access, id] = await Promise.all([
    tokenOf({ aud: [] }),
    tokenOf({ aud: ['a-client'], nonce, email: 'ada@example.com', exp: undefined }),
  ]);
  const tokens = { access_token: access, id_token: id, refresh_token: crypto.randomUUID() };
  return Response.json({ ...tokens, token_type: 'bearer', expires_in: 3600 });
}
