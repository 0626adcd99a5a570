// An API that takes Kinde's access tokens, with each of the usual verifiers.
import { createPublicKey } from 'node:crypto';
import { AUDIENCE } from '../lib/issuer.mjs';
import { claimsOf, express, fastify } from './kit.mjs';
import { create as createKindling } from './kindling.mjs';

const tokenOf = (request) => /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
const answer = ({ sub, permissions }) => ({ sub, permissions });
const jwksOf = async (issuer) => (await fetch(`${issuer}/.well-known/jwks.json`)).json();
const pemOf = async (issuer) => {
  const { keys } = await jwksOf(issuer);
  return createPublicKey({ key: keys[0], format: 'jwk' }).export({ type: 'spki', format: 'pem' });
};

/** A route on Fastify behind a verifier that answers claims or throws. */
const behind = (verify) =>
  fastify((app) => {
    app.get('/me', async (request, reply) => {
      try {
        return answer(await verify(tokenOf(request) ?? ''));
      } catch {
        return reply.code(401).send({});
      }
    });
  });

async function fastJwt(issuer, cache) {
  const { createVerifier } = await import('fast-jwt');
  const key = await pemOf(issuer);
  return behind(
    createVerifier({ key, algorithms: ['RS256'], allowedIss: issuer, allowedAud: AUDIENCE, cache }),
  );
}

const variants = {
  kindling: (options) => createKindling({ ...options, bearer: true }, 'fastify'),
  'kindling express': (options) => createKindling({ ...options, bearer: true }, 'express'),
  async jose({ issuer }) {
    const { createRemoteJWKSet, jwtVerify } = await import('jose');
    const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));
    const expected = { issuer, audience: AUDIENCE, algorithms: ['RS256'] };
    return behind(async (token) => (await jwtVerify(token, keys, expected)).payload);
  },
  'fast-jwt': ({ issuer }) => fastJwt(issuer, false),
  'fast-jwt cached': ({ issuer }) => fastJwt(issuer, 5000),
  async '@fastify/jwt'({ issuer }) {
    const { default: jwt } = await import('@fastify/jwt');
    const secret = { public: await pemOf(issuer) };
    const verify = { algorithms: ['RS256'], allowedIss: issuer, allowedAud: AUDIENCE };
    return fastify(async (app) => {
      await app.register(jwt, { secret, verify });
      app.get('/me', async (request, reply) => {
        try {
          return answer(await request.jwtVerify());
        } catch {
          return reply.code(401).send({});
        }
      });
    });
  },
  async 'aws-jwt-verify'({ issuer }) {
    const { JwtVerifier } = await import('aws-jwt-verify');
    // It fetches keys over https only, so it is handed them.
    const verifier = JwtVerifier.create({
      issuer,
      audience: AUDIENCE,
      jwksUri: 'https://bench.example/jwks',
    });
    verifier.cacheJwks(await jwksOf(issuer));
    return behind(async (token) => verifier.verifySync(token));
  },
  async '@kinde/jwt-validator'({ issuer }) {
    const { validateToken } = await import('@kinde/jwt-validator');
    return behind(async (token) => {
      const { valid } = await validateToken({ token, domain: issuer });
      if (!valid) {
        throw new Error('invalid');
      }
      return claimsOf(token);
    });
  },
  async 'express-oauth2-jwt-bearer'({ issuer }) {
    const { auth } = await import('express-oauth2-jwt-bearer');
    return express((app) => {
      app.get(
        '/me',
        auth({
          issuer,
          jwksUri: `${issuer}/.well-known/jwks.json`,
          audience: AUDIENCE,
          tokenSigningAlg: 'RS256',
        }),
        (req, res) => res.json(answer(req.auth.payload)),
      );
      app.use((error, _req, res, _next) => res.status(error.status ?? 500).json({}));
    });
  },
};

export const create = (options, variant) => variants[variant](options);
