import type { Flag, State } from '../../state/state.js';
import { invalidField, notFound, ok, refused, type Handlers } from '../envelope.js';
import { readFlag } from '../flag-values.js';

const TYPES = {
  str: 's',
  int: 'i',
  bool: 'b',
} as const;

/** Feature flags of the tenant. Values are text here, and of their type in tokens. */
export const featureFlags: Handlers<'featureFlags'> = {
  create(
    { key, name, description = '', type, allow_override_level: overrideLevel, default_value: text },
    state,
  ) {
    if (Object.hasOwn(state.flags, key)) {
      return refused(
        400,
        'FEATURE_FLAG_ALREADY_EXISTS',
        'A feature flag with this key exists already.',
      );
    }
    const value = readFlag(TYPES[type], text);
    if (value === undefined) {
      return mismatch(type);
    }
    state.flags[key] = {
      name,
      description,
      type: TYPES[type],
      value,
      ...(overrideLevel && { overrideLevel }),
    };
    return ok({});
  },
  update(input, state) {
    const {
      feature_flag_key: key,
      name,
      description,
      type,
      allow_override_level: overrideLevel,
    } = input;
    const flag = Object.hasOwn(state.flags, key) ? state.flags[key] : undefined;
    if (!flag) {
      return notFound('FEATURE_FLAG');
    }
    const value = readFlag(TYPES[type], input.default_value);
    if (value === undefined) {
      return mismatch(type);
    }
    if (flag.type !== TYPES[type]) {
      removeOverrides(state, key);
    }
    const changed: Flag = {
      name,
      description,
      type: TYPES[type],
      value,
      overrideLevel,
    };
    state.flags[key] = changed;
    return ok({});
  },
  remove({ feature_flag_key: key }, state) {
    if (!Object.hasOwn(state.flags, key)) {
      return notFound('FEATURE_FLAG');
    }
    delete state.flags[key];
    removeOverrides(state, key);
    return ok({});
  },
};

function mismatch(type: string): Response {
  return invalidField('default_value', `must be of type ${type}`);
}

/** Nobody has a value of their own any more. */
function removeOverrides({ environmentFlags, organizations, people }: State, key: string): void {
  delete environmentFlags[key];
  for (const { flags } of [...Object.values(organizations), ...people]) {
    delete flags?.[key];
  }
}
