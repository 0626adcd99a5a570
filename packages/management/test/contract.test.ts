import { readFileSync } from 'node:fs';
import * as contract from '@kindling/management/contract';
import { describe, expect, test } from 'vitest';

/** The API as its description has it: names only. See `facts/README.md`. */
const [head, ...lines] = readFileSync('test/facts/management.tsv', 'utf8').trimEnd().split('\n');
const columns = head!.split('\t');
const facts = lines.map((line) =>
  Object.fromEntries(line.split('\t').map((cell, index) => [columns[index]!, cell])),
);

interface Schema {
  type: string;
  entries?: Record<string, Schema>;
  wrapped?: Schema;
  item?: Schema;
  value?: Schema;
  pipe?: Schema[];
  options?: (Schema | string)[];
}
interface Operation {
  route: string;
  scope: string | null;
  status?: number;
  params?: Record<string, Schema>;
  query?: Record<string, Schema>;
  body?: Record<string, Schema>;
  multipart?: true;
  returns: Schema;
  paging?: { by: string; items: string };
}
const operations = new Map<string, Operation>(
  Object.entries(contract).flatMap(([resource, all]) =>
    Object.entries(all).map(
      ([name, operation]) => [`${resource}.${name}`, operation as unknown as Operation] as const,
    ),
  ),
);

/** What is inside of optional, nullable and checked. */
const bare = (schema: Schema): Schema => {
  if (schema.wrapped) {
    return bare(schema.wrapped);
  }
  return schema.pipe && schema.pipe[0] !== schema ? bare(schema.pipe[0]!) : schema;
};

/** The names in a schema as the facts write them: `a!` is required, `a=b|c` takes these values, `a.b` is inside. */
const namesOf = (entries: Record<string, Schema> = {}, prefix = ''): string[] =>
  Object.entries(entries).flatMap(([name, schema]) => {
    const inner = bare(schema);
    const element =
      inner.type === 'array'
        ? bare(inner.item!)
        : inner.type === 'record'
          ? bare(inner.value!)
          : inner;
    const values = element.type === 'picklist' ? `=${element.options!.join('|')}` : '';
    const below = inner.type === 'record' ? `${prefix}${name}.*.` : `${prefix}${name}.`;
    return [
      `${prefix}${name}${schema.type === 'optional' ? '' : '!'}${values}`,
      ...(element.entries ? namesOf(element.entries, below) : []),
    ];
  });

const list = (cell = '') => cell.split(', ').filter(Boolean);
const nameOf = (entry: string) => entry.replace(/[!=].*/, '');
const valuesOf = (entry: string) =>
  entry.includes('=')
    ? entry
        .replace(/^[^=]*=/, '')
        .split('|')
        .sort()
    : undefined;
const sorted = (entries: string[]) => [...new Set(entries.map(nameOf))].sort();

/** Connections of lists are described in an envelope of their own, which they do not come in, or lose here. */
const withoutEnvelope = (entry: string) =>
  /^connections\.(code|message|connection)$/.test(entry)
    ? []
    : [entry.replace('connections.connection.', 'connections.')];

/** Where the contract knows better than the description; each with its reason. */
const SAME_OPTIONS = 'the options of a connection are the same, whatever is done to it';
const PROSE = 'the description says it in prose only';
const known: Record<string, string> = {
  'organizations.create feature_flags.*': 'described as a type; it is the value of the flag',
  'connections.update options.is_auto_join_organization_enabled': SAME_OPTIONS,
  'connections.replace options.is_auto_join_organization_enabled': SAME_OPTIONS,
  'connections.replace options.saml_sign_in_url': SAME_OPTIONS,
  'apis.setApplications applications.operation': PROSE,
  'members.update users.operation': PROSE,
  'roles.setPermissions permissions.operation': PROSE,
  'roles.setSystemPermissions system_permissions.operation': PROSE,
  'permissions.create permission': 'sent by the service, missing in the description',
  'permissions.create permission.id': 'sent by the service, missing in the description',
  'users.addIdentity identity.identity_id': 'sent by the service for identities that exist',
};
/** Without the entries that the description does not have, or has differently, for a known reason. */
const unknown = (operation: string, entries: string[]) =>
  entries.filter((entry) => !known[`${operation} ${nameOf(entry)}`]);
/** What both sides have after that, for comparison. */
const same = (operation: string, entries: string[]) => sorted(unknown(operation, entries));

test('the contract has the 184 operations of the API, under names of their own', () => {
  expect(facts).toHaveLength(184);
  expect([...operations.keys()].sort()).toEqual(facts.map(({ operation }) => operation).sort());
});

describe.each(facts.map((fact) => [fact['operation']!, fact] as const))('%s', (name, fact) => {
  const operation = operations.get(name)!;
  const { route, scope, status, paging, params, query, body, multipart, returns } = operation ?? {};

  test('has the route, scope, status and paging of the description', () => {
    expect([route, scope ?? '', String(status ?? 200), paging?.by ?? '']).toEqual([
      fact['route'],
      fact['scope'],
      fact['status'],
      fact['paging'],
    ]);
    const inPath = [...route.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!);
    expect(inPath).toEqual(list(fact['path']).map(nameOf));
    expect(Object.keys(params ?? {}).every((param) => inPath.includes(param))).toBe(true);
  });

  test('takes the parameters and fields of the description, with their values', () => {
    const described = list(fact['body']).filter((entry) => entry !== 'multipart');
    expect(multipart ?? false).toBe(list(fact['body']).includes('multipart'));
    for (const [ours, theirs] of [
      [namesOf(params), list(fact['path']).filter((entry) => valuesOf(entry))],
      [namesOf(query), list(fact['query'])],
      [namesOf(body), described],
    ] as const) {
      const wanted = unknown(name, theirs);
      expect(same(name, ours)).toEqual(same(name, wanted));
      for (const entry of wanted) {
        const own = ours.find((one) => nameOf(one) === nameOf(entry))!;
        expect(valuesOf(own), nameOf(entry)).toEqual(valuesOf(entry));
        if (entry.includes('!')) {
          expect(own, `${nameOf(entry)} is required`).toContain('!');
        }
      }
    }
    expect(
      new Set([...list(fact['path']), ...list(fact['query']), ...described].map(nameOf)).size,
    ).toBe(list(fact['path']).length + list(fact['query']).length + described.length);
  });

  test('answers the fields of the description', () => {
    const ours = sorted(namesOf(bare(returns).entries));
    const theirs = sorted(list(fact['answer']).flatMap(withoutEnvelope));
    expect(
      unknown(
        name,
        ours.filter((entry) => !theirs.includes(entry)),
      ),
    ).toEqual([]);
    expect(theirs.filter((entry) => !ours.includes(entry))).toEqual([]);
    if (paging) {
      expect(ours).toContain(paging.items);
    }
  });
});
