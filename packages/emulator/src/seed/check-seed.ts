// The seed of a tenant: types, schema and checks.
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
  throw new Error(`The seed is invalid. Correct these:\n${lines.join('\n')}`);
}

function checkRelations(parts: Parts): Problem[] {
  return [
    ...checkRoles(parts),
    ...checkFlags(parts),
    ...checkOrganizations(parts),
    ...checkPeople(parts),
    ...checkProperties(parts),
    ...checkApplications(parts),
    ...checkInvitations(parts),
    ...checkKeysAndWebhooks(parts),
  ];
}

function* checkRoles(parts: Parts): Iterable<Problem> {
  const known = declaredIn(parts, 'permissions', 'permission');
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
  const declared = flagsIn(parts);
  for (const [code, { flags }] of organizations) {
    yield* checkFlagValues(['organizations', code, 'flags'], flags, declared);
  }
  yield* checkUnique('organizations', 'handle', organizations);
}

function* checkPeople(parts: Parts): Iterable<Problem> {
  const organizations = declaredIn(parts, 'organizations', 'organization');
  const roles = declaredIn(parts, 'roles', 'role');
  const permissions = declaredIn(parts, 'permissions', 'permission');
  const flags = flagsIn(parts);
  const people = parts.entries('people');
  for (const [index, person] of people) {
    yield* checkFlagValues(['people', index, 'flags'], person.flags, flags);
    for (const [code, membership] of Object.entries(person.organizations ?? {})) {
      const path = ['people', index, 'organizations', code];
      yield* checkName(path, code, organizations);
      yield* checkNames([...path, 'roles'], membership.roles, roles);
      yield* checkNames([...path, 'permissions'], membership.permissions, permissions);
    }
  }
  for (const field of ['email', 'id', 'username', 'phone', 'externalId', 'key'] as const) {
    yield* checkUnique('people', field, people);
  }
}

function* checkInvitations(parts: Parts): Iterable<Problem> {
  const organizations = declaredIn(parts, 'organizations', 'organization');
  const roles = declaredIn(parts, 'roles', 'role');
  for (const [index, invitation] of parts.entries('invitations')) {
    const path = ['invitations', index];
    yield* checkName([...path, 'organization'], invitation.organization, organizations);
    yield* checkNames([...path, 'roles'], invitation.roles, roles);
  }
}

function* checkKeysAndWebhooks(parts: Parts): Iterable<Problem> {
  const apis = parts.entries('apis').map(([, api]) => api);
  const keys = parts.entries('apiKeys');
  for (const [index, { audience, scopes }] of keys) {
    const path = ['apiKeys', index];
    const api = apis.find((one) => one.audience === audience);
    yield* checkName(
      [...path, 'audience'],
      audience,
      named(
        'API',
        apis.map((one) => one.audience),
      ),
    );
    yield* checkNames([...path, 'scopes'], api && scopes, named('scope', api?.scopes));
  }
  yield* checkUnique('apiKeys', 'key', keys);
  yield* checkUnique('webhooks', 'endpoint', parts.entries('webhooks'));
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
  const audiences = named(
    'API',
    apis.map(({ audience }) => audience),
  );
  const applications = parts.entries('applications');
  for (const [index, application] of applications) {
    const path = ['applications', index];
    yield* checkNames([...path, 'audiences'], application.audiences, audiences);
    for (const [audience, scopes] of Object.entries(application.scopes ?? {})) {
      const own = [...path, 'scopes', audience];
      const api = apis.find((one) => one.audience === audience);
      yield* checkName(own, audience, audiences);
      yield* checkNames(own, api && scopes, named('scope', api?.scopes));
    }
  }
  yield* checkUnique('applications', 'clientId', applications);
  // Credentials follow from the name where none are given.
  const nameless = applications.filter(([, { clientId }]) => clientId === undefined);
  yield* checkUnique('applications', 'name', nameless);
}

/** Names of one kind that the seed declares; without names where nobody can tell, as the part is malformed. */
interface Declared {
  readonly kind: string;
  readonly names: ReadonlySet<string> | undefined;
}

function named(kind: string, names: readonly string[] = []): Declared {
  return {
    kind,
    names: new Set(names),
  };
}

function declaredIn(parts: Parts, part: Part, kind: string): Declared {
  const names = parts.keys(part);
  return names
    ? named(kind, names)
    : {
        kind,
        names,
      };
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
  if (names && !names.has(name)) {
    yield { path, message: `"${name}" is not a declared ${kind}; ${suggest(name, [...names])}` };
  }
}

/** Flags that the seed declares. */
interface DeclaredFlags extends Declared {
  readonly types: ReadonlyMap<string, SeedFlag['type']>;
}

function flagsIn(parts: Parts): DeclaredFlags {
  const types = new Map(parts.entries('flags').map(([code, { type }]) => [code, type]));
  return {
    ...declaredIn(parts, 'flags', 'flag'),
    types,
  };
}

function* checkFlagValues(
  path: Path,
  values: Readonly<Record<string, FlagValue>> = {},
  declared: DeclaredFlags,
): Iterable<Problem> {
  for (const [code, value] of Object.entries(values)) {
    const own = [...path, code];
    yield* checkName(own, code, declared);
    const type = declared.types.get(code);
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
