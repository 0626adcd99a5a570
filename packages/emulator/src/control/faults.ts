import { own } from '@kindling/internal';
import type { FaultRequest, FaultsInfo, FaultValue } from '../faults/fault.js';
import { checkPath } from '../faults/paths.js';
import type { FaultRow } from '../faults/row.js';
import { FAULTS } from '../faults/rows.js';
import type { Changed } from './answers.js';
import { ControlError } from './error.js';
import { applicationOf, personOf, unknownName } from './lookup.js';
import type { ControlParts } from './parts.js';

/** `faults` */
export function faultsInfo({ faults }: ControlParts): FaultsInfo {
  const catalogue = FAULTS.map(({ name, place, imitates, goodClient, parameters }) => ({
    name,
    place,
    imitates,
    goodClient,
    parameters,
  }));
  return {
    catalogue,
    armed: faults.armed,
  };
}

/** `armFault` */
export function armFault(
  { faults, state }: ControlParts,
  { name, times = 1, match = {}, with: given = {}, chance = 1, random = 1 }: FaultRequest,
): { id: string } & Changed {
  const row = FAULTS.find((one) => one.name === name);
  if (!row) {
    const known = FAULTS.map((one) => one.name);
    throw unknownName('unknown_fault', 'fault', {
      given: name,
      known,
    });
  }
  if (match.path !== undefined) {
    checked(() => checkPath(match.path ?? ''));
  }
  const ids = {
    client: match.client && applicationOf(state, match.client).clientId,
    person: match.person && personOf(state, match.person).id,
  };
  const values = valuesOf(row, given);
  const id = faults.arm({
    row,
    times,
    match,
    ids,
    with: values,
    chance,
    random,
  });
  return {
    id,
    journal: state.journal.last,
  };
}

/** `clearFaults` */
export function clearFaults({ faults, state }: ControlParts, id?: string): Changed {
  if (id === undefined) {
    faults.clear();
  } else if (!faults.disarm(id)) {
    const known = faults.armed.map((one) => one.id);
    throw unknownName('unknown_fault', 'armed fault', {
      given: id,
      known,
    });
  }
  return { journal: state.journal.last };
}

function valuesOf(
  { name, parameters, check }: FaultRow,
  given: Readonly<Record<string, FaultValue>>,
): Record<string, FaultValue> {
  for (const [key, value] of Object.entries(given)) {
    const known = own(parameters, key);
    if (!known) {
      const what = `parameter of ${name}`;
      throw unknownName('invalid_input', what, {
        given: key,
        known: Object.keys(parameters),
      });
    }
    if (typeof value !== typeof known.default) {
      const why = `${key} of ${name} must be a ${typeof known.default}, not ${JSON.stringify(value).slice(0, 100)}.`;
      throw new ControlError('invalid_input', why);
    }
  }
  const defaults = Object.entries(parameters).map(([key, one]) => [key, one.default] as const);
  const values = { ...Object.fromEntries(defaults), ...given };
  checked(() => check?.(values));
  return values;
}

/** Runs a check whose errors are about the input. */
function checked(check: () => void): void {
  try {
    check();
  } catch (error) {
    throw new ControlError('invalid_input', (error as Error).message);
  }
}
