// An OpenID provider with Kinde's paths and claims that signs in whoever asks, so that logins measure the app and not a
// page. Strict where it matters: a refresh token works once, and using it again ends all its successors.
import { createHash, createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';

export const AUDIENCE = 'https://api.bench.example';
export const CLIENT = {
  id: '0123456789abcdef0123456789abcdef',
  secret: 'benchClientSecret0123456789abcdefghijABCDEFGHIJ',
};
export const PERMISSIONS = ['todos', 'notes', 'files', 'teams'].flatMap((name) => [
  `read:${name}`,
  `write:${name}`,
]);

const base64url = (value) => Buffer.from(value).toString('base64url');
const random = () => randomBytes(24).toString('base64url');
const now = () => Math.floor(Date.now() / 1000);

/** A signing key, as JSON so that several processes can share it. */
export const createKey = () => ({
  kid: random(),
  pem: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  }),
});

/** Person number `n`; all of them have equally long names, so that answers are equally long. */
export const personOf = (n) => {
  const number = String(n).padStart(6, '0');
  return { sub: `kp_${number}bench`, email: `person.${number}@example.com` };
};

/** What a signed token needs of the issuer: for bearer tokens, good and bad, made without logging in. */
export function createSigner({ kid, pem }, issuer) {
  const key = createPrivateKey(pem);
  const signJwt = (claims) => {
    const text = `${base64url(JSON.stringify({ alg: 'RS256', typ: 'JWT', kid }))}.${base64url(JSON.stringify(claims))}`;
    return `${text}.${sign('RSA-SHA256', Buffer.from(text), key).toString('base64url')}`;
  };
  const accessToken = (n, more = {}) =>
    signJwt({
      aud: [AUDIENCE],
      azp: CLIENT.id,
      exp: now() + 3600,
      feature_flags: {
        theme: { t: 's', v: 'dark' },
        beta: { t: 'b', v: true },
        limit: { t: 'i', v: 100 },
      },
      iat: now() - 1,
      iss: issuer,
      jti: random(),
      org_code: 'org_bench',
      permissions: PERMISSIONS,
      scp: ['openid', 'profile', 'email', 'offline'],
      sub: personOf(n).sub,
      ...more,
    });
  const idToken = (n, more) => {
    const { sub, email } = personOf(n);
    const names = {
      email,
      email_verified: true,
      family_name: 'Bench',
      given_name: 'Person',
      name: 'Person Bench',
    };
    return signJwt({
      aud: CLIENT.id,
      auth_time: now(),
      azp: CLIENT.id,
      exp: now() + 3600,
      iat: now() - 1,
      iss: issuer,
      jti: random(),
      org_codes: ['org_bench'],
      sub,
      ...names,
      ...more,
    });
  };
  return { accessToken, idToken };
}

/**
 * The provider itself, for one process. `access` and `id` are claims that everybody's tokens have, in place of the usual
 * ones. `stats` counts what the works need to know.
 */
export function createIssuer(key, issuer, { access: inAccess = {}, id: inId = {} } = {}) {
  const { accessToken, idToken } = createSigner(key, issuer);
  const { n, e } = createPublicJwk(key.pem);
  const codes = new Map();
  const grants = new Map();
  const stats = { refreshes: 0, accepted: 0, revoked: 0, keys: 0 };
  let people = 0;
  let lifetime = 3600;

  const tokens = (grant) => {
    const refresh = random();
    grant.tokens.add(refresh);
    grant.current = refresh;
    grants.set(refresh, grant);
    const access = accessToken(grant.person, { ...inAccess, exp: now() + lifetime });
    const at_hash = createHash('sha256')
      .update(access)
      .digest()
      .subarray(0, 16)
      .toString('base64url');
    return {
      access_token: access,
      id_token: idToken(grant.person, {
        ...inId,
        at_hash,
        ...(grant.nonce && { nonce: grant.nonce }),
      }),
      refresh_token: refresh,
      token_type: 'bearer',
      scope: 'openid profile email offline',
      expires_in: lifetime,
    };
  };
  const token = (form) => {
    if (form.get('grant_type') === 'authorization_code') {
      const grant = codes.get(form.get('code'));
      codes.delete(form.get('code'));
      return grant ? [200, tokens(grant)] : [400, { error: 'invalid_grant' }];
    }
    stats.refreshes += 1;
    const grant = grants.get(form.get('refresh_token'));
    if (!grant || grant.revoked) {
      return [400, { error: 'invalid_grant' }];
    }
    if (grant.current !== form.get('refresh_token')) {
      grant.revoked = true;
      stats.revoked += 1;
      return [400, { error: 'invalid_grant' }];
    }
    stats.accepted += 1;
    return [200, tokens(grant)];
  };
  const metadata = {
    issuer,
    authorization_endpoint: `${issuer}/oauth2/auth`,
    token_endpoint: `${issuer}/oauth2/token`,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    userinfo_endpoint: `${issuer}/oauth2/v2/user_profile`,
    end_session_endpoint: `${issuer}/logout`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
    code_challenge_methods_supported: ['S256'],
  };
  /** Answers a request as `[status, body, location]`. */
  return (url, body) => {
    const { pathname, searchParams } = new URL(url, issuer);
    if (pathname.endsWith('/openid-configuration')) {
      return [200, metadata];
    }
    if (pathname.includes('jwks')) {
      stats.keys += 1;
      return [200, { keys: [{ kty: 'RSA', n, e, kid: key.kid, alg: 'RS256', use: 'sig' }] }];
    }
    if (pathname === '/oauth2/auth') {
      const code = random();
      codes.set(code, { person: people++, nonce: searchParams.get('nonce'), tokens: new Set() });
      const back = new URL(searchParams.get('redirect_uri'));
      back.searchParams.set('code', code);
      if (searchParams.has('state')) {
        back.searchParams.set('state', searchParams.get('state'));
      }
      return [302, {}, back.href];
    }
    if (pathname === '/oauth2/token') {
      return token(new URLSearchParams(body));
    }
    if (pathname === '/bench') {
      lifetime = Number(searchParams.get('lifetime') ?? lifetime);
      people = Number(searchParams.get('people') ?? people);
      if (searchParams.has('reset')) {
        Object.assign(stats, { refreshes: 0, accepted: 0, revoked: 0, keys: 0 });
      }
      return [200, stats];
    }
    return [404, {}];
  };
}

function createPublicJwk(pem) {
  const { n, e } = createPrivateKey(pem).export({ format: 'jwk' });
  return { n, e };
}

/** As a process of its own: `node issuer.mjs` with the key on the IPC channel; answers with the port. */
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.once('message', ({ key }) => {
    let answer;
    const server = createServer((req, res) => {
      let body = '';
      req.setEncoding('utf8').on('data', (part) => (body += part));
      req.on('end', () => {
        const [status, json, location] = answer(req.url, body);
        res.writeHead(status, {
          'content-type': 'application/json',
          ...(location && { location }),
        });
        res.end(JSON.stringify(json));
      });
    });
    server.keepAliveTimeout = 60_000;
    server.listen(0, 'localhost', () => {
      const { port } = server.address();
      answer = createIssuer(key, `http://localhost:${port}`);
      process.send({ port });
    });
  });
  process.on('disconnect', () => process.exit());
}
