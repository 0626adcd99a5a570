import type { Organization, State } from '../../state/state.js';
import { invalidField, notFound, ok, refused, type Handlers } from '../envelope.js';
import { flagText, flagWord, mayOverride, readFlag } from '../flag-values.js';
import { organizationByCode } from '../lookup.js';
import { propertyValues, writeProperties } from '../property-values.js';

/** Feature flags and properties of one organization. */
export const organizationSettings: Handlers<'organizations'> = {
  listFlags({ org_code: code }, state) {
    const organization = organizationByCode(state, code);
    if (!organization) {
      return notFound('ORGANIZATION');
    }
    const values = Object.entries(organization.flags ?? {}).flatMap(([key, value]) => {
      const flag = Object.hasOwn(state.flags, key) ? state.flags[key] : undefined;
      if (flag) {
        return [[key, { type: flagWord(flag.type), value: flagText(value) }] as const];
      }
      return [];
    });
    return ok({ feature_flags: Object.fromEntries(values) });
  },
  setFlag({ org_code: code, feature_flag_key: key, value: text }, state) {
    const organization = organizationByCode(state, code);
    if (!organization) {
      return notFound('ORGANIZATION');
    }
    const flag = Object.hasOwn(state.flags, key) ? state.flags[key] : undefined;
    if (!flag) {
      return notFound('FEATURE_FLAG');
    }
    if (!mayOverride(flag, 'org')) {
      return refused(400, 'OVERRIDE_NOT_ALLOWED', 'Organizations have no value of this flag.');
    }
    const value = readFlag(flag.type, text);
    if (value === undefined) {
      return invalidField('value', 'is not of the type of the flag');
    }
    organization.flags = { ...organization.flags, [key]: value };
    return ok({});
  },
  clearFlag({ org_code: code, feature_flag_key: key }, state) {
    const organization = organizationByCode(state, code);
    if (!organization) {
      return notFound('ORGANIZATION');
    }
    if (!Object.hasOwn(state.flags, key)) {
      return notFound('FEATURE_FLAG');
    }
    delete organization.flags?.[key];
    return ok({});
  },
  clearFlags({ org_code: code }, state) {
    const organization = organizationByCode(state, code);
    if (!organization) {
      return notFound('ORGANIZATION');
    }
    delete organization.flags;
    return ok({});
  },
  listProperties({ org_code: code }, state) {
    const organization = organizationByCode(state, code);
    if (!organization) {
      return notFound('ORGANIZATION');
    }
    return ok({
      properties: propertyValues(state, 'org', organization.properties),
      next_token: null,
    });
  },
  setProperty({ org_code: code, property_key: key, value }, state) {
    return writeTo(state, organizationByCode(state, code), { [key]: value });
  },
  setProperties({ org_code: code, properties }, state) {
    return writeTo(state, organizationByCode(state, code), properties);
  },
};

function writeTo(
  state: State,
  owner: Organization | undefined,
  values: Readonly<Record<string, unknown>>,
) {
  if (!owner) {
    return notFound('ORGANIZATION');
  }
  return writeProperties(state, 'org', { owner, values }) ?? ok({});
}
