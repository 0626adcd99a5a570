import { readFileSync } from 'node:fs';
import { createEmulator, type Emulator } from '@kindling/emulator';
import {
  KindeApiError,
  managementFromEnv,
  type Management,
  type Operation,
} from '@kindling/management';
import * as contract from '@kindling/management/contract';
import { beforeAll, describe, expect, test } from 'vitest';

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
/** Reading first, removing last, and what things hang on after what hangs on them. */
const operations = Object.entries(contract)
  .flatMap(([resource, all]) =>
    Object.entries(all).map(([verb, operation]) => ({
      resource,
      verb,
      operation: operation as unknown as Operation,
    })),
  )
  .sort((a, b) => rank(a.operation) - rank(b.operation));

function rank({ route }: Operation): number {
  const [method, path] = route.split(' ') as [string, string];
  return (
    methods.indexOf(method) * 100 +
    (method === 'DELETE' ? -path.split('/').length : path.split('/').length)
  );
}

interface Schema {
  type: string;
  entries?: Record<string, Schema>;
  wrapped?: Schema;
  item?: Schema;
  options?: (string | Schema)[];
  pipe?: Schema[];
}

let emulator: Emulator;
let management: Management;
let known: Record<string, unknown>;

/** A tenant in which there is one of everything. */
beforeAll(async () => {
  emulator = await createEmulator({ strict: true });
  management = managementFromEnv(emulator.env, {
    fetch: emulator.fetch,
    validate: 'throw',
    maxAttempts: 1,
  });
  const org = { org_code: 'org_acme0rockets', organization_code: 'org_acme0rockets' };
  const id = async (list: PromiseLike<Record<string, any>>, name: string) =>
    (await list)[name][0].id as string;
  const user_id = await id(management.users.list({ email: 'ada@example.com' }), 'users');
  const application = (await management.applications.create({ name: 'Extra', type: 'reg' }))
    .application.id;
  const { api } = await management.apis.create({
    name: 'Extra',
    audience: 'https://extra.example',
  });
  const { scope } = await management.apis.createScope({ api_id: api.id, key: 'read:extra' });
  const { category } = await management.propertyCategories.create({
    name: 'Extra',
    context: 'usr',
  });
  const { property } = await management.properties.create({
    ...{ name: 'Team', key: 'team', type: 'single_line_text', context: 'usr', is_private: false },
    category_id: category.id,
  });
  const { connection } = await management.connections.create({
    ...{ name: 'google', display_name: 'Google', strategy: 'oauth2:google' },
  });
  const { environment_variable: variable } = await management.environmentVariables.create({
    key: 'A',
    value: 'b',
  });
  const { webhook } = await management.webhooks.create({
    ...{ name: 'Hook', endpoint: 'https://hook.example/', event_types: ['user.created'] },
  });
  const { invite } = await management.invites.create({
    org_code: org.org_code,
    email: 'lin@example.com',
    roles: ['member'],
  });
  const { api_key: key } = await management.apiKeys.create({
    name: 'Key',
    type: 'environment',
    api_id: api.id,
  });
  known = {
    ...org,
    id: user_id,
    code: org.org_code,
    user_id,
    role_id: await id(management.roles.list(), 'roles'),
    permission_id: await id(management.permissions.list(), 'permissions'),
    app_id: application,
    application_id: application,
    api_id: api.id,
    scope_id: scope.id,
    category_id: category.id,
    property_id: property.id,
    connection_id: connection.id,
    variable_id: variable.id,
    webhook_id: webhook.id,
    invite_code: invite.code,
    key_id: key.id,
    api_key: key.key,
    identity_id: await id(management.users.listIdentities({ user_id }), 'identities'),
    property_key: 'team',
    feature_flag_key: 'todo_limit',
    value: '7',
    default_value: '7',
    email: 'new@example.com',
    urls: ['https://extra.example/callback'],
    redirect_uris: ['https://extra.example/callback'],
    properties: { team: 'blue' },
    endpoint: 'https://hook.example/again',
    event_types: ['user.created'],
    roles: ['member'],
    users: [{ id: user_id }],
    hashed_password: '$2b$10$abcdefghijklmnopqrstuuOQxNHZ0oqRwX0sX0nGgNqzPqzTqPqzO',
    hashing_method: 'bcrypt',
    customer_id: 'customer_1',
    date_time_from: '2026-01-01T00:00:00Z',
    date_time_to: '2026-01-02T00:00:00Z',
  };
});

/** An input with everything that is needed, from what there is in the tenant. */
function inputFor({ route, params, query, body }: Operation): object {
  const names = [...route.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!);
  const needed = Object.entries({ ...query, ...body } as unknown as Record<string, Schema>)
    .filter(([, schema]) => schema.type !== 'optional')
    .map(([name, schema]) => [name, known[name] ?? sample(name, schema)]);
  const inPath = names.map((name) => [
    name,
    params?.[name] ? sample(name, params[name] as unknown as Schema) : (known[name] ?? 'unknown_1'),
  ]);
  return Object.fromEntries([...inPath, ...needed]);
}

function sample(name: string, { type, options, item, entries, wrapped }: Schema): unknown {
  if (wrapped) {
    return sample(name, wrapped);
  }
  if (type === 'picklist') {
    return name === 'type' && options!.includes('int') ? 'int' : options![0];
  }
  if (type === 'array') {
    return [sample(name, item!)];
  }
  if (type === 'strict_object') {
    return Object.fromEntries(
      Object.entries(entries!)
        .filter(([, inner]) => inner.type !== 'optional')
        .map(([field, inner]) => [field, sample(field, inner)]),
    );
  }
  const plain: Record<string, unknown> = {
    boolean: true,
    number: 3600,
    record: {},
    instance: new Blob(['x']),
  };
  return plain[type] ?? (name === 'id' ? 'unknown_1' : `extra_${name}`);
}

const ask = async ({ resource, verb, operation }: (typeof operations)[number]): Promise<string> => {
  const call = (
    management[resource as 'users'] as unknown as Record<
      string,
      (input: object) => PromiseLike<unknown>
    >
  )[verb]!;
  try {
    await call(inputFor(operation));
    return 'done';
  } catch (error) {
    if (!(error instanceof KindeApiError) || error.code !== 'refused') {
      throw error;
    }
    return error.httpStatus === 501
      ? 'not emulated'
      : `${error.httpStatus} ${error.errors.map(({ code }) => code).join()}`;
  }
};

describe('what the local Kinde answers is what the contract says', () => {
  test('also where the service was seen to answer otherwise than it is described', async () => {
    emulator.state.managementMode = 'observed';
    const reading = operations.filter(({ operation }) => operation.route.startsWith('GET'));
    const outcomes: string[] = [];
    for (const one of reading) {
      outcomes.push(await ask(one));
    }
    expect(outcomes.filter((outcome) => outcome === 'done').length).toBeGreaterThan(30);
    emulator.state.managementMode = 'strict';
  });

  test('for every operation: an answer as promised, or a refusal with a reason', async () => {
    const outcomes = new Map<string, string>();
    for (const one of operations) {
      outcomes.set(`${one.resource}.${one.verb}`, await ask(one));
    }
    const of = (pattern: RegExp) => [...outcomes].filter(([, outcome]) => pattern.test(outcome));
    expect(of(/^done/).length).toBeGreaterThanOrEqual(120);
    expect(of(/^\d/).filter(([, outcome]) => !/^(400|404|409) [A-Z_,]+$/.test(outcome))).toEqual(
      [],
    );
    const least = readFileSync('test/facts/management.tsv', 'utf8')
      .split('\n')
      .map((line) => line.split('\t'))
      .filter(([, , , , tier]) => tier === 'C')
      .map(([name]) => name!);
    expect(least).toEqual(expect.arrayContaining(of(/^not emulated/).map(([name]) => name)));
  });
});

describe('what is done through it, tokens show', () => {
  test('a member gets a role, a flag and a claim, and is suspended', async () => {
    const emulator = await createEmulator({ strict: true });
    const management = managementFromEnv(emulator.env, {
      fetch: emulator.fetch,
      validate: 'throw',
    });
    const [ada] = (await management.users.list({ email: 'ada@example.com' })).users;
    const { organization } = await management.organizations.create({ name: 'Initech' });
    const org_code = organization.code;
    const { permission } = await management.permissions.create({ name: 'Fly', key: 'fly:rockets' });
    const { role } = await management.roles.create({ name: 'Pilot', key: 'pilot' });
    await management.roles.setPermissions({
      role_id: role.id,
      permissions: [{ id: permission!.id }],
    });
    const { users_added: added } = await management.members.add({
      org_code,
      users: [{ id: ada!.id, roles: ['pilot'] }],
    });
    expect(added).toEqual([ada!.id]);
    const { permissions } = await management.members.listPermissions({
      org_code,
      user_id: ada!.id,
    });
    expect(permissions.map(({ key }) => key)).toEqual(['fly:rockets']);
    expect(await management.members.list({ org_code, roles: ['pilot'] }).all()).toMatchObject([
      { id: ada!.id, roles: ['pilot'] },
    ]);
    const again = await management.members.add({ org_code, users: [{ id: ada!.id }] });
    expect(again.users_added).toEqual([]);
    await management.members.remove({ org_code, user_id: ada!.id });
    await management.organizations.remove({ org_code });
    const gone = await management.organizations
      .get({ code: org_code })
      .catch((error: unknown) => error);
    expect(gone).toMatchObject({ isNotFound: true });
  });

  test('pages of the local Kinde are read to their end, each once', async () => {
    const emulator = await createEmulator({ strict: true });
    const management = managementFromEnv(emulator.env, {
      fetch: emulator.fetch,
      validate: 'throw',
    });
    for (let number = 0; number < 25; number += 1) {
      await management.permissions.create({ name: `P${number}`, key: `p:${number}` });
    }
    const size = (await management.permissions.list({ page_size: 500 })).permissions.length;
    emulator.requests.length = 0;
    const found = await management.permissions.list({ page_size: 10, sort: 'name_desc' }).all();
    expect([found.length, new Set(found.map(({ id }) => id)).size]).toEqual([size, size]);
    expect(emulator.requests).toHaveLength(Math.ceil(size / 10));
    const users = await management.users.search({ query: '*', page_size: 2 }).all();
    expect(users.map(({ email }) => email).sort()).toEqual(
      emulator.state.people.map(({ email }) => email).sort(),
    );
  });
});
