import { createCheck, type Check, type Loose } from './check.js';
import type { Seed } from './seed.js';

const TYPES: readonly string[] = ['s', 'b', 'i', 'j'];
const FIELDS = {
  seed: [
    '$schema',
    'permissions',
    'roles',
    'flags',
    'organizations',
    'people',
    'applications',
    'apis',
  ],
  role: ['name', 'permissions', 'isDefault'],
  flag: ['type', 'value', 'values'],
  organization:
    'name flags entitlements allowRegistrations isDefault handle properties isSuspended'.split(' '),
  entitlement: ['name', 'max'],
  person:
    'id email givenName familyName password picture phone username organizations flags properties isSuspended'.split(
      ' ',
    ),
  membership: ['roles', 'permissions'],
  application:
    'name clientId clientSecret type redirectUris logoutUris audiences scopes management tokens'.split(
      ' ',
    ),
  tokens:
    'accessTokenLifetime idTokenLifetime refreshTokenLifetime sessionLifetime claims hasuraMapping persistent'.split(
      ' ',
    ),
  api: ['audience', 'name', 'scopes'],
} as const;

/**
 * Everything that is wrong with a seed, at once, each with the word that was probably meant.
 * @throws Error listing all problems.
 */
export function checkSeed(seed: Seed): void {
  const problems: string[] = [];
  const check = createCheck(problems);
  const parts = check.object('seed', seed, FIELDS.seed);
  checkCatalog(check, parts);
  checkPeople(check, parts);
  checkApplications(check, parts);
  if (problems.length > 0) {
    throw new Error(
      `The seed does not fit together:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    );
  }
}

function checkCatalog(
  check: Check,
  { permissions, roles, flags, organizations }: Loose,
): void {
  check.object('permissions', permissions);
  for (const [key, role] of check.entries('roles', roles, FIELDS.role)) {
    check.words(`role ${key}`, role['permissions'], permissions);
  }
  for (const [code, { type, value, values }] of check.entries('flags', flags, FIELDS.flag)) {
    if (check.word(`flag ${code}`, type, TYPES) && !isOfType(value, type)) {
      check.problem(`flag ${code}`, `its value is not of type ${String(type)}.`);
    }
    if (values !== undefined && !(Array.isArray(values) && values.includes(value))) {
      check.problem(`flag ${code}`, 'its value is not one of its values.');
    }
  }
  for (const [code, organization] of check.entries(
    'organizations',
    organizations,
    FIELDS.organization,
  )) {
    if (!/^org_[A-Za-z0-9]+$/.test(code)) {
      check.problem(`organization ${code}`, 'codes look like org_ and letters or digits.');
    }
    checkFlags(check, {
      where: `organization ${code}`,
      values: organization['flags'],
      flags,
    });
    checkDetails(check, `organization ${code}`, organization);
    for (const [key, { name, max }] of check.entries(
      `organization ${code}, entitlements`,
      organization['entitlements'] ?? {},
      FIELDS.entitlement,
    )) {
      if (typeof name !== 'string' || !(max === undefined || Number.isSafeInteger(max))) {
        check.problem(`entitlement ${key}`, 'a name, and a whole number as max, are needed.');
      }
    }
  }
}

function checkPeople(
  check: Check,
  { people, organizations, roles, permissions, flags }: Loose,
): void {
  const list = check.list('people', people, FIELDS.person);
  for (const [index, person] of list.entries()) {
    const where = `person ${String(person['email'] ?? index + 1)}`;
    if (!/^[^\s@]+@[^\s@]+$/.test(String(person['email'] ?? ''))) {
      check.problem(where, 'an e-mail address is needed.');
    }
    checkFlags(check, {
      where,
      values: person['flags'],
      flags,
    });
    checkDetails(check, where, person);
    for (const [code, membership] of check.entries(
      `${where}, organizations`,
      person['organizations'],
      FIELDS.membership,
    )) {
      check.word(where, code, Object.keys(organizations ?? {}));
      check.words(`${where} in ${code}`, membership['roles'] ?? [], roles);
      check.words(`${where} in ${code}`, membership['permissions'] ?? [], permissions);
    }
  }
  for (const field of ['email', 'id', 'username', 'phone']) {
    check.unique('people', list, field);
  }
  const own = check
    .entries('organizations', organizations ?? {})
    .map(([, organization]) => organization);
  check.unique('organizations', own, 'handle');
  const keys = new Set(own.flatMap(({ properties }) => Object.keys((properties ?? {}) as object)));
  const shared = list.flatMap(({ properties }) =>
    Object.keys((properties ?? {}) as object).filter((key) => keys.has(key)),
  );
  for (const key of new Set(shared)) {
    check.problem(`property ${key}`, 'it is either of people or of organizations.');
  }
}

function checkApplications(check: Check, { applications = [], apis = [] }: Loose): void {
  const scopesOf = new Map<string, unknown>();
  for (const { audience, scopes } of check.list('apis', apis, FIELDS.api)) {
    scopesOf.set(String(audience), scopes);
  }
  const list = check.list('applications', applications, FIELDS.application);
  for (const [index, application] of list.entries()) {
    const where = `application ${String(application['name'] ?? index + 1)}`;
    if (!application['clientId'] || typeof application['clientId'] !== 'string') {
      check.problem(where, 'a clientId is needed.');
    }
    check.word(where, application['type'], ['reg', 'spa', 'm2m', 'device']);
    for (const part of ['redirectUris', 'logoutUris']) {
      check.words(`${where}, ${part}`, application[part]);
    }
    check.words(`${where}, audiences`, application['audiences'] ?? [], [...scopesOf.keys()]);
    for (const [audience, scopes] of Object.entries(
      check.object(`${where}, scopes`, application['scopes'] ?? {}),
    )) {
      check.word(`${where}, scopes`, audience, [...scopesOf.keys()]);
      check.words(`${where}, scopes of ${audience}`, scopes, scopesOf.get(audience));
    }
    const tokens = check.object(`${where}, tokens`, application['tokens'] ?? {}, FIELDS.tokens);
    check.words(`${where}, claims`, tokens['claims'] ?? [], [
      'roles',
      'email',
      'org_name',
      'organizations',
    ]);
    for (const [name, value] of Object.entries(tokens)) {
      if (name.endsWith('Lifetime') && !(Number.isSafeInteger(value) && Number(value) > 0)) {
        check.problem(`${where}, ${name}`, 'a whole number of seconds is needed.');
      }
    }
  }
  check.unique('applications', list, 'clientId');
}

function checkFlags(
  check: Check,
  {
    where,
    values,
    flags,
  }: {
    where: string;
    values: unknown;
    flags: unknown;
  },
): void {
  const declared = (flags ?? {}) as Record<string, { type?: unknown } | null>;
  for (const [code, value] of Object.entries(check.object(`${where}, flags`, values ?? {}))) {
    const type = check.word(where, code, Object.keys(declared)) ? declared[code]?.type : undefined;
    if (TYPES.includes(String(type)) && !isOfType(value, type)) {
      check.problem(where, `the value of "${code}" is not of type ${String(type)}.`);
    }
  }
}

function checkDetails(
  check: Check,
  where: string,
  { properties, isSuspended = false }: Loose,
): void {
  for (const [key, value] of Object.entries(
    check.object(`${where}, properties`, properties ?? {}),
  )) {
    if (typeof value !== 'string') {
      check.problem(`${where}, property ${key}`, 'a text is needed.');
    }
  }
  if (typeof isSuspended !== 'boolean') {
    check.problem(`${where}, isSuspended`, 'true or false is needed.');
  }
}

function isOfType(value: unknown, type: unknown): boolean {
  if (type === 's') {
    return typeof value === 'string';
  }
  if (type === 'b') {
    return typeof value === 'boolean';
  }
  if (type === 'i') {
    return Number.isSafeInteger(value);
  }
  return type === 'j' && typeof value === 'object' && value !== null;
}
