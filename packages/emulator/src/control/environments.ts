import { checkSeed } from '../seed/check-seed.js';
import type { Changed, CreatedEnvironment, EnvironmentInfo } from './answers.js';
import { ControlError } from './error.js';
import type { NewEnvironment } from './inputs.js';
import { unknownName } from './lookup.js';
import type { ControlParts, Environments } from './parts.js';

/** `environments` */
export function environments({
  environments: all,
  environment = 'default',
  state,
}: ControlParts): readonly EnvironmentInfo[] {
  return all?.list() ?? [{ name: environment, url: state.issuer }];
}

/** `createEnvironment` */
export async function createEnvironment(
  parts: ControlParts,
  { name, seed }: NewEnvironment,
): Promise<CreatedEnvironment> {
  const all = managerOf(parts);
  if (all.list().some((one) => one.name === name)) {
    throw new ControlError('refused', `There is an environment ${JSON.stringify(name)} already.`);
  }
  try {
    const checked = seed === undefined ? parts.state.seed : checkSeed(seed);
    const started = await all.create(name, checked);
    return {
      ...started,
      journal: parts.state.journal.last,
    };
  } catch (error) {
    throw new ControlError('refused', (error as Error).message);
  }
}

/** `removeEnvironment` */
export async function removeEnvironment(parts: ControlParts, name: string): Promise<Changed> {
  const all = managerOf(parts);
  if (!(await all.remove(name))) {
    const known = all.list().map((one) => one.name);
    throw unknownName('unknown_environment', 'environment', {
      given: name,
      known,
    });
  }
  return { journal: parts.state.journal.last };
}

function managerOf({ environments: all }: ControlParts): Environments {
  if (all) {
    return all;
  }
  const why = 'A local Kinde in a test has no environments: create another emulator.';
  throw new ControlError('unavailable', why);
}
