import * as v from 'valibot';
import type { Seed } from '../seed/seed.js';
import type { Operation } from './op.js';
import { changed, duration, fileName, object, position, word } from './schemas.js';

const number = v.number();
const text = v.string();
const change = v.object(changed);

const clockInfo = {
  now: number,
  real: number,
  ahead: number,
  frozen: v.boolean(),
  speed: number,
  ends: v.array(
    v.object({
      at: number,
      what: v.picklist(['code', 'access token', 'refresh token', 'session', 'delivery']),
      whose: text,
    }),
  ),
};

const snapshot = v.object({
  version: number,
  takenAt: text,
  clock: v.object({
    ahead: number,
    frozenAt: v.optional(number),
    speed: number,
    since: number,
  }),
  data: object,
});

/** A seed is checked by what reads it: here it is any object. */
const seed = object as unknown as v.GenericSchema<unknown, Seed>;

/** Operations on the whole: status, seed, snapshots, clock, keys, environments. */
export const stateContract = {
  status: {
    route: 'GET /status',
    summary: 'Version, issuer, clock, armed faults and how many of what there are.',
    input: {},
    returns: v.object({
      ready: v.literal(true),
      version: text,
      issuer: text,
      siteUrl: text,
      environment: text,
      now: number,
      ahead: number,
      frozen: v.boolean(),
      speed: number,
      faults: v.array(text),
      counts: v.object({
        people: number,
        organizations: number,
        applications: number,
        signIns: number,
        queued: number,
      }),
      journal: position,
    }),
  } satisfies Operation<'status'>,
  env: {
    route: 'GET /env',
    summary: 'Environment variables of an app that signs in here, as an SDK reads them.',
    input: {
      sdk: v.optional(v.pipe(word, v.description('Name of the SDK, such as next.'))),
      format: v.optional(v.picklist(['dotenv', 'json', 'shell'])),
    },
    returns: v.object({
      sdk: text,
      values: v.record(text, text),
      text,
    }),
  } satisfies Operation<'env'>,
  reset: {
    route: 'POST /reset',
    summary: 'Goes back to the seed, to nothing, or to a snapshot: state, clock, faults, journal.',
    takes: ['to'],
    input: {
      to: v.optional(v.pipe(word, v.description('seed, empty, or the name of a snapshot.'))),
    },
    returns: change,
  } satisfies Operation<'reset'>,
  seed: {
    route: 'GET /seed',
    summary: 'The seed that is loaded.',
    input: {},
    returns: seed,
  } satisfies Operation<'seed'>,
  exportSeed: {
    route: 'GET /seed/export',
    summary: 'The current state as a seed.',
    input: {},
    returns: seed,
  } satisfies Operation<'exportSeed'>,
  setSeed: {
    route: 'PUT /seed',
    summary: 'Loads another seed and goes back to it.',
    takes: ['seed'],
    content: 'seed',
    input: { seed: object },
    returns: change,
  } satisfies Operation<'setSeed'>,
  snapshots: {
    route: 'GET /snapshots',
    summary: 'Snapshots that are kept.',
    input: {},
    returns: v.array(v.object({ name: text, takenAt: text })),
  } satisfies Operation<'snapshots'>,
  saveSnapshot: {
    route: 'POST /snapshots/{name}',
    summary: 'Keeps the current state under a name.',
    takes: ['name'],
    input: { name: fileName },
    returns: change,
  } satisfies Operation<'saveSnapshot'>,
  snapshot: {
    route: 'GET /snapshots/{name}',
    summary: 'A snapshot that is kept.',
    takes: ['name'],
    input: { name: fileName },
    returns: snapshot,
  } satisfies Operation<'snapshot'>,
  putSnapshot: {
    route: 'PUT /snapshots/{name}',
    summary: 'Keeps a snapshot that was taken elsewhere under a name.',
    takes: ['name', 'snapshot'],
    content: 'snapshot',
    input: { name: fileName, snapshot: object },
    returns: change,
  } satisfies Operation<'putSnapshot'>,
  removeSnapshot: {
    route: 'DELETE /snapshots/{name}',
    summary: 'Forgets a snapshot.',
    takes: ['name'],
    input: { name: fileName },
    returns: change,
  } satisfies Operation<'removeSnapshot'>,
  restoreSnapshot: {
    route: 'POST /snapshots/{name}/restore',
    summary: 'Goes back to a snapshot: state and clock.',
    takes: ['name'],
    input: { name: fileName },
    returns: change,
  } satisfies Operation<'restoreSnapshot'>,
  clock: {
    route: 'GET /clock',
    summary: 'The time here, how it differs from real time, and what ends when.',
    input: {},
    returns: v.object(clockInfo),
  } satisfies Operation<'clock'>,
  setClock: {
    route: 'PATCH /clock',
    summary: 'Moves, stops or speeds up the time; in this order: speed, frozen, now, advance.',
    input: {
      now: v.optional(
        v.pipe(number, v.minValue(1), v.maxValue(253_402_300_799), v.description('Unix seconds.')),
      ),
      advance: v.optional(duration),
      frozen: v.optional(v.boolean()),
      speed: v.optional(v.pipe(number, v.minValue(0.01), v.maxValue(100_000))),
    },
    returns: v.object({ ...clockInfo, ...changed }),
  } satisfies Operation<'setClock'>,
  resetClock: {
    route: 'DELETE /clock',
    summary: 'Goes back to real time.',
    input: {},
    returns: v.object({ ...clockInfo, ...changed }),
  } satisfies Operation<'resetClock'>,
  dashboardLink: {
    route: 'POST /dashboard-link',
    summary: 'A link that opens the dashboard in a browser, once, within 10 minutes.',
    input: {},
    returns: v.object({ url: text }),
  } satisfies Operation<'dashboardLink'>,
  rotateKeys: {
    route: 'POST /keys/rotate',
    summary: 'Replaces the signing key.',
    input: {
      keepOld: v.optional(
        v.pipe(
          number,
          v.minValue(0),
          v.maxValue(31_536_000),
          v.description('Seconds for which the old key stays published.'),
        ),
      ),
    },
    returns: v.object({ kid: text, ...changed }),
  } satisfies Operation<'rotateKeys'>,
  environments: {
    route: 'GET /environments',
    summary: 'The local Kindes of this process.',
    input: {},
    returns: v.array(v.object({ name: text, url: text })),
  } satisfies Operation<'environments'>,
  createEnvironment: {
    route: 'POST /environments',
    summary: 'Starts another local Kinde on a free port.',
    input: { name: fileName, seed: v.optional(object) },
    returns: v.object({
      name: text,
      url: text,
      env: v.record(text, text),
      token: text,
      ...changed,
    }),
  } satisfies Operation<'createEnvironment'>,
  removeEnvironment: {
    route: 'DELETE /environments/{name}',
    summary: 'Stops and forgets a local Kinde.',
    takes: ['name'],
    input: { name: fileName },
    returns: change,
  } satisfies Operation<'removeEnvironment'>,
};
