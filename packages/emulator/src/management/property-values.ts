import type { PropertyContext } from '../state/resources.js';
import type { State } from '../state/state.js';
import { notFound, refused } from './envelope.js';
import { listed } from './lookup.js';

/** The properties of a kind of thing, with the values that one of them has. */
export function propertyValues(
  { properties }: State,
  context: PropertyContext,
  values: Record<string, string> = {},
) {
  return listed(properties)
    .filter((property) => property.context === context)
    .map(({ id, name, description, key }) => ({
      id,
      name,
      description,
      key,
      value: values[key] ?? null,
    }));
}

/** Writes values of properties, all of them or, where one does not fit, none. `null` takes a value away. */
export function writeProperties(
  { properties }: State,
  context: PropertyContext,
  {
    owner,
    values,
  }: { owner: { properties?: Record<string, string> }; values: Readonly<Record<string, unknown>> },
): Response | undefined {
  const known = (key: string) =>
    Object.hasOwn(properties, key) && properties[key]?.context === context;
  if (!Object.keys(values).every(known)) {
    return notFound('PROPERTY');
  }
  for (const [key, value] of Object.entries(values)) {
    if (value !== null && !['string', 'number', 'boolean'].includes(typeof value)) {
      return refused(400, [
        {
          code: 'VALUE_INVALID',
          message: `${key} must be a text`,
          field: key,
        },
      ]);
    }
  }

  const all = Object.entries({ ...owner.properties, ...values }).filter(
    ([, value]) => value !== null,
  );
  owner.properties = Object.fromEntries(all.map(([key, value]) => [key, String(value)]));
  return undefined;
}
