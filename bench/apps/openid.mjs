// A login with openid-client, for peers that keep sessions but leave logging in to others.
import * as client from 'openid-client';
import { CLIENT } from '../lib/issuer.mjs';
import { claimsOf } from './kit.mjs';

export async function createOpenId({ issuer, site }) {
  const options = { execute: [client.allowInsecureRequests] };
  const config = await client.discovery(
    new URL(issuer),
    CLIENT.id,
    CLIENT.secret,
    undefined,
    options,
  );
  return {
    async start() {
      const checks = {
        state: client.randomState(),
        nonce: client.randomNonce(),
        verifier: client.randomPKCECodeVerifier(),
      };
      const url = client.buildAuthorizationUrl(config, {
        redirect_uri: `${site}/callback`,
        scope: 'openid profile email offline',
        state: checks.state,
        nonce: checks.nonce,
        code_challenge: await client.calculatePKCECodeChallenge(checks.verifier),
        code_challenge_method: 'S256',
      });
      return { url: url.href, checks };
    },
    async finish(path, { state, nonce, verifier }) {
      const expected = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier };
      return sessionOf(await client.authorizationCodeGrant(config, new URL(path, site), expected));
    },
    refresh: async ({ refreshToken }) =>
      sessionOf(await client.refreshTokenGrant(config, refreshToken)),
  };
}

/** What fits into a small cookie: who it is, what they may, and how to go on. */
const sessionOf = (tokens) => ({
  sub: tokens.claims().sub,
  email: tokens.claims().email,
  permissions: claimsOf(tokens.access_token).permissions,
  refreshToken: tokens.refresh_token,
  expiresAt: Math.floor(Date.now() / 1000) + tokens.expires_in,
});

export const isOver = ({ expiresAt }) => expiresAt <= Math.floor(Date.now() / 1000);
export const answer = ({ sub, email, permissions }) => ({ sub, email, permissions });
