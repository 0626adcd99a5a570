// The environment of an app that signs in here.
import { nearest } from '@kindling/internal';
import type { State } from '../state/state.js';
import { factsOf } from './facts.js';
import { SDKS, type Sdk } from './sdks.js';

/** Variables of an app that uses the first back-end application, and the first one that has Management API scopes. */
export function variablesOf(state: State): Readonly<Record<string, string>> {
  return variablesFor('kindling', state).values;
}

/** Values that an SDK is told. */
export interface SdkValues {
  /** The SDK. */
  readonly sdk: Sdk;
  /** Values by name. */
  readonly values: Readonly<Record<string, string>>;
}

/**
 * Values for an SDK by its name.
 * @throws RangeError that names the nearest one, for an SDK that is not known
 */
export function variablesFor(name: string, state: State): SdkValues {
  const sdk = sdkBy(name);
  return {
    sdk,
    values: sdk.values(factsOf(state, sdk.callback)),
  };
}

/**
 * An SDK by its name.
 * @throws RangeError that names the nearest one, for one that is not known
 */
export function sdkBy(name: string): Sdk {
  const found = SDKS.find((sdk) => sdk.name === name);
  if (found) {
    return found;
  }
  const names = SDKS.map((sdk) => sdk.name);
  const guess = nearest(name, names);
  const hint = guess === undefined ? `known: ${names.join(', ')}.` : `did you mean "${guess}"?`;
  throw new RangeError(`"${name}" is no SDK that is known here; ${hint}`);
}
