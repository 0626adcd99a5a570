import * as v from 'valibot';
import { locate, partsOf, pathOf, type Part, type Parts, type Path } from './parts.js';
import { SeedSchema } from './schema.js';
import type { FlagValue, Seed, SeedFlag } from './seed.js';
import { suggest } from './suggest.js';

/** One thing that is wrong with a seed. */
interface Problem {
  readonly path: Path;
  readonly message: string;
}

/**
 * Checks a seed: its shape by the schema, then relations between its parts.
 * @throws Error listing all problems at once, each with its path and, for misspelt names, the one that was probably meant.
 */
export function checkSeed(value: unknown): Seed {
  const result = v.safeParse(SeedSchema, value, { abortPipeEarly: true });
  const issues = result.issues ?? [];
  const shape = issues.map((issue) => ({ path: pathOf(issue), message: issue.message }));
  const problems = [...shape, ...checkRelations(partsOf(value, issues))];
  if (result.success && problems.length === 0) {
    return result.output;
  }
  const lines = problems.map(({ path, message }) => `  - ${locate(value, path)}: ${message}`);
  throw new Error(`The seed is invalid. Correct these and start again:\n${lines.join('\n')}`);
}

function checkRelations(parts: Parts): Problem[] {
  return [
    ...checkRoles(parts),
    ...checkFlags(parts),
    ...checkOrganizations(parts),
    ...checkPeople(parts),
    ...checkProperties(parts),
    ...checkApplications(parts),
  ];
}

function* checkRoles(parts: Parts): Iterable<Problem> {
  const known = { kind: 'permission', names: parts.keys('permissions') };
  for (const [key, { permissions }] of parts.entries('roles')) {
    yield* checkNames(['roles', key, 'permissions'], permissions, known);
  }
}

function* checkFlags(parts: Parts): Iterable<Problem> {
  for (const [code, { type, value, values }] of parts.entries('flags')) {
    const path = ['flags', code, 'value'];
    if (!isOfType(value, type)) {
      yield { path, message: `must be ${TYPE_NAMES[type]}, as the type of the flag is "${type}".` };
    }
    if (values !== undefined && !values.includes(value)) {
      yield { path, message: `${JSON.stringify(value)} is not one of its values.` };
    }
  }
}

function* checkOrganizations(parts: Parts): Iterable<Problem> {
  const organizations = parts.entries('organizations');
  for (const [code, { flags }] of organizations) {
    yield* checkFlagValues(['organizations', code, 'flags'], flags, parts);
  }
  yield* checkUnique('organizations', 'handle', organizations);
}

function* checkPeople(parts: Parts): Iterable<Problem> {
  const organizations = { kind: 'organization', names: parts.keys('organizations') };
  const roles = { kind: 'role', names: parts.keys('roles') };
  const permissions = { kind: 'permission', names: parts.keys('permissions') };
  const people = parts.entries('people');
  for (const [index, person] of people) {
    yield* checkFlagValues(['people', index, 'flags'], person.flags, parts);
    for (const [code, membership] of Object.entries(person.organizations)) {
      const path = ['people', index, 'organizations', code];
      yield* checkName(path, code, organizations);
      yield* checkNames([...path, 'roles'], membership.roles, roles);
      yield* checkNames([...path, 'permissions'], membership.permissions, permissions);
    }
  }
  for (const field of ['email', 'id', 'username', 'phone'] as const) {
    yield* checkUnique('people', field, people);
  }
}

/** A property has one context, so no key may be used by both users and organizations. */
function* checkProperties(parts: Parts): Iterable<Problem> {
  const organizations = parts.entries('organizations');
  const taken = new Set(organizations.flatMap(([, one]) => Object.keys(one.properties ?? {})));
  for (const [index, { properties }] of parts.entries('people')) {
    for (const key of Object.keys(properties ?? {})) {
      if (taken.delete(key)) {
        const message = 'is a property of organizations as well; use one key for each.';
        yield { path: ['people', index, 'properties', key], message };
      }
    }
  }
}

function* checkApplications(parts: Parts): Iterable<Problem> {
  const apis = parts.entries('apis').map(([, api]) => api);
  const audiences = { kind: 'API', names: apis.map(({ audience }) => audience) };
  const applications = parts.entries('applications');
  for (const [index, application] of applications) {
    const path = ['applications', index];
    yield* checkNames([...path, 'audiences'], application.audiences, audiences);
    for (const [audience, scopes] of Object.entries(application.scopes ?? {})) {
      const own = [...path, 'scopes', audience];
      const api = apis.find((one) => one.audience === audience);
      yield* checkName(own, audience, audiences);
      yield* checkNames(own, api && scopes, { kind: 'scope', names: api?.scopes ?? [] });
    }
  }
  yield* checkUnique('applications', 'clientId', applications);
}

/** Names of one kind that the seed declares. */
interface Declared {
  readonly kind: string;
  readonly names: readonly string[] | undefined;
}

function* checkNames(
  path: Path,
  names: readonly string[] | undefined,
  declared: Declared,
): Iterable<Problem> {
  for (const [index, name] of (names ?? []).entries()) {
    yield* checkName([...path, String(index)], name, declared);
  }
}

function* checkName(path: Path, name: string, { kind, names }: Declared): Iterable<Problem> {
  if (names && !names.includes(name)) {
    yield { path, message: `"${name}" is not a declared ${kind}; ${suggest(name, names)}` };
  }
}

function* checkFlagValues(
  path: Path,
  values: Readonly<Record<string, FlagValue>> = {},
  parts: Parts,
): Iterable<Problem> {
  const declared = { kind: 'flag', names: parts.keys('flags') };
  const flags = new Map(parts.entries('flags'));
  for (const [code, value] of Object.entries(values)) {
    const own = [...path, code];
    yield* checkName(own, code, declared);
    const type = flags.get(code)?.type;
    if (type !== undefined && !isOfType(value, type)) {
      const message = `must be ${TYPE_NAMES[type]}, as the type of the flag is "${type}".`;
      yield { path: own, message };
    }
  }
}

/** Values of a field that several entries have, whatever their case. */
function* checkUnique<Field extends string>(
  part: Part,
  field: Field,
  entries: readonly [key: string, entry: { readonly [Name in Field]?: string }][],
): Iterable<Problem> {
  const seen = new Set<string>();
  for (const [key, { [field]: value }] of entries) {
    const normal = value?.toLowerCase();
    if (normal === undefined) {
      continue;
    }
    if (seen.has(normal)) {
      yield { path: [part, key, field], message: `"${normal}" is there more than once.` };
    }
    seen.add(normal);
  }
}

const TYPE_NAMES = {
  s: 'a string',
  b: 'a boolean',
  i: 'a whole number',
  j: 'an object or a list',
} as const;

function isOfType(value: FlagValue, type: SeedFlag['type']): boolean {
  switch (type) {
    case 's':
      return typeof value === 'string';
    case 'b':
      return typeof value === 'boolean';
    case 'i':
      return Number.isSafeInteger(value);
    case 'j':
      return typeof value === 'object';
  }
}
