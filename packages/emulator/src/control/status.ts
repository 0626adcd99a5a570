import { textOf } from '../env/format.js';
import { SDKS } from '../env/sdks.js';
import { variablesFor } from '../env/variables.js';
import { grantsOf } from '../state/sign-ins.js';
import type { Status, EnvValues } from './answers.js';
import { unknownName } from './lookup.js';
import type { EnvChoice } from './inputs.js';
import { ofPackage } from './package-file.js';
import type { ControlParts } from './parts.js';

/** `status` */
export function status({ state, faults, environment = 'default' }: ControlParts): Status {
  const { clock, people, organizations, applications, queued, issuer, siteUrl } = state;
  const now = clock.now();
  const { frozenAt, speed } = clock.settings;
  return {
    ready: true,
    version: (ofPackage('package.json') as { version: string }).version,
    issuer,
    siteUrl,
    environment,
    now,
    ahead: now - Math.floor(Date.now() / 1_000),
    frozen: frozenAt !== undefined,
    speed,
    faults: faults.armed.map(({ name }) => name),
    counts: {
      people: people.length,
      organizations: Object.keys(organizations).length,
      applications: applications.length,
      signIns: grantsOf(state, ({ expiresAt = Infinity }) => expiresAt > now).length,
      queued: queued.length,
    },
    journal: state.journal.last,
  };
}

/** `env` */
export function env(
  { state }: ControlParts,
  { sdk = 'kindling', format = 'dotenv' }: EnvChoice = {},
): EnvValues {
  if (!SDKS.some(({ name }) => name === sdk)) {
    throw unknownName('unknown_sdk', 'SDK', {
      given: sdk,
      known: SDKS.map(({ name }) => name),
    });
  }
  const { values } = variablesFor(sdk, state);
  return {
    sdk,
    values,
    text: `${textOf(values, format)}\n`,
  };
}
