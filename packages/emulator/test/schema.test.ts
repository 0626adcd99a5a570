import { readFileSync } from 'node:fs';
import { toJsonSchema, type JSONSchema7 } from '@valibot/to-json-schema';
import { Ajv } from 'ajv';
import { format } from 'prettier';
import type * as v from 'valibot';
import { expect, expectTypeOf, test } from 'vitest';
import { createEmulator, defaultSeed, type Seed } from '../src/index.js';
import {
  JsonValueSchema,
  OrganizationCodeSchema,
  PeopleListSchema,
  PeopleRecordSchema,
  PeopleSchema,
  SeedSchema,
} from '../src/seed/schema.js';

const schema = JSON.parse(readFileSync(new URL('../seed.schema.json', import.meta.url), 'utf8'));

/** The schema for editors. What JSON schema says otherwise than Valibot is said here. */
function jsonSchemaOf(schema: v.GenericSchema): JSONSchema7 {
  return toJsonSchema(schema, {
    // A record is a plain object that is then looked at more closely: the second says it all.
    typeMode: 'output',
    ignoreActions: ['safe_integer'],
    errorMode: 'ignore',
    overrideSchema({ valibotSchema, jsonSchema }) {
      if (valibotSchema === JsonValueSchema) {
        return { type: ['object', 'array'] };
      }
      if ((valibotSchema as unknown) === PeopleSchema) {
        return { anyOf: [PeopleListSchema, PeopleRecordSchema].map(partOf) };
      }
      if (valibotSchema.type === 'number') {
        return { type: 'integer' };
      }
      if ('key' in valibotSchema && valibotSchema.key === OrganizationCodeSchema) {
        const pattern = OrganizationCodeSchema.pipe[1].requirement.source;
        return { ...jsonSchema, propertyNames: { pattern } };
      }
      return undefined;
    },
  });
}

function partOf(schema: v.GenericSchema): JSONSchema7 {
  const { $schema: _, ...part } = jsonSchemaOf(schema);
  return part;
}

test('the schema for editors is generated from the checks (write it anew: vitest run -u)', async () => {
  const { $schema, ...parts } = jsonSchemaOf(SeedSchema);
  const text = JSON.stringify({ $schema, title: 'A tenant of the Kinde emulator', ...parts });
  await expect(await format(text, { parser: 'json', printWidth: 100 })).toMatchFileSnapshot(
    '../seed.schema.json',
  );
});

test('the documented types and the schema describe the same object', () => {
  expectTypeOf<v.InferOutput<typeof SeedSchema>>().branded.toEqualTypeOf<Seed>();
});

const accepts = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(schema);
const seedWith = (change: object) => ({ ...structuredClone(defaultSeed), ...change });

test('the schema for editors accepts the default seed, and one that names the schema', async () => {
  expect(accepts(defaultSeed), JSON.stringify(accepts.errors)).toBe(true);
  const named = seedWith({ $schema: './seed.schema.json' });
  expect(accepts(named)).toBe(true);
  expect((await createEmulator({ seed: named as Seed })).state.people).toHaveLength(3);
});

test('properties, handles and suspensions can be part of the seed', async () => {
  const seed = seedWith({
    organizations: {
      org_a: { name: 'A', handle: 'a', isSuspended: true, properties: { size: 'small' } },
    },
    people: [
      {
        email: 'a@b.c',
        organizations: { org_a: {} },
        isSuspended: true,
        properties: { city: 'London' },
      },
    ],
  });
  expect(accepts(seed), JSON.stringify(accepts.errors)).toBe(true);
  const { state } = await createEmulator({ seed: seed as Seed });
  expect(Object.entries(state.properties).map(([key, { context }]) => [key, context])).toEqual([
    ['city', 'usr'],
    ['size', 'org'],
  ]);
});

test.each([
  ['an unknown part', { rolls: {} }],
  ['a role without permissions', { roles: { admin: { name: 'A' } } }],
  ['a flag of an unknown type', { flags: { theme: { type: 'x', value: 'a' } } }],
  ['an organization code of another form', { organizations: { acme: { name: 'A' } } }],
  ['a person without address', { people: [{ organizations: {} }] }],
  [
    'a person who is suspended by a word',
    { people: [{ email: 'a@b.c', organizations: {}, isSuspended: 'no' }] },
  ],
  [
    'a property that is no text',
    { organizations: { org_a: { name: 'A', properties: { size: 1 } } } },
  ],
  [
    'a misspelt word of a person',
    { people: [{ email: 'a@b.c', organizations: {}, givenname: 'A' }] },
  ],
])('the schema and the emulator both refuse %s', async (_name, change) => {
  const seed = seedWith(change);
  expect(accepts(seed)).toBe(false);
  await expect(createEmulator({ seed: seed as Seed })).rejects.toThrow('The seed is invalid');
});
