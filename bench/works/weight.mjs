// What a peer adds to its framework before it answers anything: time and memory of the first import, what an installation
// takes, and what a bundle takes.
import { median, quiet } from '../lib/load.mjs';
import { runApart } from '../lib/processes.mjs';
import { bundled, installed } from '../lib/sizes.mjs';

/** Each with what its users have to add for the same work. */
const peers = [
  { label: 'Kindling', on: 'fastify', packages: ['@kindling/fastify'], ours: true },
  {
    label: '@fastify/secure-session',
    on: 'fastify',
    packages: ['@fastify/secure-session', 'openid-client'],
  },
  { label: 'iron-session', on: 'fastify', packages: ['iron-session', 'openid-client'] },
  { label: 'fast-jwt', on: 'fastify', packages: ['fast-jwt'] },
  { label: '@fastify/jwt', on: 'fastify', packages: ['@fastify/jwt'] },
  { label: 'aws-jwt-verify', on: 'fastify', packages: ['aws-jwt-verify'] },
  { label: 'jose', on: 'fastify', packages: ['jose'] },
  { label: '@kinde/jwt-validator', on: 'fastify', packages: ['@kinde/jwt-validator'] },
  { label: 'Kindling', on: 'express', packages: ['@kindling/express'], ours: true },
  { label: '@logto/express', on: 'express', packages: ['@logto/express', 'express-session'] },
  {
    label: 'better-auth',
    on: 'express',
    packages: ['better-auth', 'better-auth/plugins', 'better-auth/node'],
  },
  { label: 'express-openid-connect', on: 'express', packages: ['express-openid-connect'] },
  { label: '@auth/express', on: 'express', packages: ['@auth/express'] },
  {
    label: '@kinde-oss/kinde-node-express',
    on: 'express',
    packages: ['@kinde-oss/kinde-node-express'],
  },
  {
    label: '@kinde-oss/kinde-typescript-sdk',
    on: 'express',
    packages: ['@kinde-oss/kinde-typescript-sdk', 'express-session'],
  },
  { label: 'express-oauth2-jwt-bearer', on: 'express', packages: ['express-oauth2-jwt-bearer'] },
];

export async function weight({ quick, note, only }) {
  const wanted = peers.filter(({ on, label }) => only(`${on} ${label}`));
  const imports = wanted.map(() => []);
  const rounds = quick ? 3 : 15;
  for (let round = 0; round < rounds; round++) {
    note(`weight: imports, round ${round + 1} of ${rounds}`);
    const order = wanted.map((_, index) => index);
    for (const index of round % 2 ? order.reverse() : order) {
      imports[index].push(await cold(wanted[index]));
    }
  }
  note('weight: installations and bundles');
  const sizes = async (peer) => ({
    ...installed(peer.packages),
    ...(await bundled(peer.packages)),
  });
  const core = { label: 'Kindling core', packages: ['@kindling/core'], ours: true };
  return Promise.all([
    ...wanted.map(async (peer, index) => ({
      ...peer,
      millis: quiet(imports[index].map(({ millis }) => millis)),
      memory: median(imports[index].map(({ memory }) => memory)),
      ...(await sizes(peer)),
    })),
    ...(only(core.label) ? [{ ...core, ...(await sizes(core)) }] : []),
  ]);
}

const cold = ({ on, packages }) =>
  runApart(new URL('../lib/import.mjs', import.meta.url), { on, packages });
