import { createEmulator, type Emulator } from '@kindling/emulator';
import {
  createManagement,
  managementFromEnv,
  managementOptionsFromEnv,
  type Operation,
} from '@kindling/management';
import * as contract from '@kindling/management/contract';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { createClient, failure, json } from '../../../test/kit/management.js';

const ok = json({ code: 'OK', message: '' });
const operations = Object.entries(contract).flatMap(([resource, all]) =>
  Object.entries(all).map(
    ([verb, operation]) => [`${resource}.${verb}`, operation as Operation] as const,
  ),
);
type Call = (input?: unknown) => PromiseLike<unknown>;

let emulator: Emulator;
beforeAll(async () => {
  emulator = await createEmulator({ strict: true });
});
/** A client whose Kinde says yes to everything, and a call by the name of its operation. */
const client = () => {
  const one = createClient(emulator, {
    fetch: async (url, init) => {
      const path = new URL(String(url)).pathname;
      if (path === '/oauth2/token') {
        return json({ access_token: 'a.b.c', expires_in: 3600 })();
      }
      sent.push({ url: String(url), init: init! });
      return ok();
    },
  });
  const sent: { url: string; init: RequestInit }[] = [];
  const call = (name: string, input?: unknown) => {
    const [resource, verb] = name.split('.') as [string, string];
    const methods = one.management[resource as 'users'] as unknown as Record<string, Call>;
    return methods[verb]!(input);
  };
  return { ...one, sent, call };
};

describe('what an operation does not take is refused before anything is sent', () => {
  test.each<[string, unknown, string, string]>([
    ['users.get', { user_id: 'kp_1' }, 'UNKNOWN_KEY', 'user_id'],
    ['users.get', {}, 'REQUIRED', 'id'],
    ['users.get', undefined, 'REQUIRED', 'id'],
    ['users.get', null, 'REQUIRED', 'id'],
    ['users.get', 'kp_1', 'INVALID', ''],
    ['users.create', { profile: { email: 'a@b.c' } }, 'UNKNOWN_KEY', 'profile.email'],
    [
      'users.create',
      { identities: [{ type: 'mail', details: {} }] },
      'INVALID',
      'identities.0.type',
    ],
    ['users.create', { identities: [{ type: 'email' }] }, 'REQUIRED', 'identities.0.details'],
    ['users.update', { id: 'kp_1', is_suspended: 'yes' }, 'INVALID', 'is_suspended'],
    ['users.list', { page_size: 0 }, 'INVALID', 'page_size'],
    ['users.list', { page_size: 501 }, 'INVALID', 'page_size'],
    ['users.list', { page_size: 1.5 }, 'INVALID', 'page_size'],
    ['users.list', { page_size: '10' }, 'INVALID', 'page_size'],
    ['users.list', { email: '' }, 'INVALID', 'email'],
    ['users.list', { email: 'a@b.c,d@e.f' }, 'INVALID', 'email'],
    ['users.list', { user_id: [] }, 'INVALID', 'user_id'],
    ['users.list', { user_id: ['kp_1', ''] }, 'INVALID', 'user_id'],
    ['users.list', { user_id: ['kp_1,kp_2'] }, 'INVALID', 'user_id'],
    ['users.list', { user_id: '\ud800' }, 'VALUE_INVALID', ''],
    ['users.search', { properties: { city: 'a,b' } }, 'INVALID', 'properties'],
    ['users.setPassword', { user_id: 'kp_1', password: 'x' }, 'UNKNOWN_KEY', 'password'],
    ['roles.list', { sort: 'age_asc' }, 'INVALID', 'sort'],
    ['environment.setLogo', { type: 'grey', logo: new Blob([]) }, 'INVALID', 'type'],
    ['environment.setLogo', { type: 'dark', logo: 'path.png' }, 'INVALID', 'logo'],
  ])('%s %j: %s', async (name, input, code, field) => {
    const { call, sent } = client();
    const error = await failure(call(name, input));
    expect([error.code, sent.length]).toEqual(['input_invalid', 0]);
    expect(error.errors.find((problem) => problem.code === code)?.field ?? '').toBe(field);
    expect(error.message).not.toContain('a@b.c');
  });

  test('what JSON cannot say', async () => {
    const { management, sent } = client();
    const circle: Record<string, unknown> = {};
    circle['again'] = circle;
    for (const properties of [{ big: 1n }, circle]) {
      expect(
        (await failure(management.users.setProperties({ user_id: 'kp_1', properties }))).has(
          'VALUE_INVALID',
        ),
      ).toBe(true);
    }
    expect(sent).toEqual([]);
  });

  test('everything that is wrong is told at once', async () => {
    const { call } = client();
    const { errors } = await failure(call('featureFlags.create', { nme: 'a', type: 'json' }));
    expect(errors.map(({ field }) => field).sort()).toEqual([
      'default_value',
      'key',
      'name',
      'nme',
      'type',
    ]);
  });

  const withIds = operations.filter(([, { route }]) => route.includes('{'));
  const bad = [undefined, null, {}, [], 7, true, '', '.', '..', 'x'.repeat(1001)];
  test.each(withIds)(
    'MG-05 MG-06 MG-08 %s: an id that is none, or would lead elsewhere',
    async (name, operation) => {
      const { call, sent } = client();
      const names = [...operation.route.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!);
      const rest = Object.fromEntries(
        Object.entries({ ...operation.query, ...operation.body })
          .filter(([, schema]) => schema.type !== 'optional')
          .map(([field, schema]) => [field, fc.sample(valueOf(schema as unknown as Schema), 1)[0]]),
      );
      for (const one of names) {
        for (const id of bad) {
          const ids = Object.fromEntries(
            names.map((other) => [other, operation.params?.[other] ? 'dark' : 'good']),
          );
          expect((await failure(call(name, { ...rest, ...ids, [one]: id }))).code).toBe(
            'input_invalid',
          );
        }
      }
      expect(sent).toEqual([]);
    },
  );

  test.each(['users.get', 'users.update', 'users.remove', 'organizations.get'])(
    'MG-05 MG-06 MG-08 %s: nor in the query',
    async (name) => {
      const { call, sent } = client();
      for (const id of bad) {
        const input = name === 'organizations.get' ? { code: id } : { id };
        expect((await failure(call(name, input))).code).toBe('input_invalid');
      }
      expect((await failure(call(name, '../../oauth2/token'))).code).toBe('input_invalid');
      expect(sent).toEqual([]);
    },
  );

  test('limits and headers of a call that are none', async () => {
    const { management, sent } = client();
    for (const options of [
      { maxAttempts: 0 },
      { maxAttempts: 1.5 },
      { timeout: Number.NaN },
      { timeout: Infinity },
      { deadline: -1 },
      { timeout: '5' as unknown as number },
      { headers: { 'x y': 'z' } },
      { headers: { 'x-y': 'secret\r\nx: z' } },
    ]) {
      const error = await failure(management.roles.get({ role_id: 'a' }, options));
      expect([error.code, error.message.includes('secret')]).toEqual(['input_invalid', false]);
    }
    expect(sent).toEqual([]);
  });
});

describe('where things go', () => {
  test.each<[string, object, string]>([
    ['users.list', { email: ['a+b@c.de', 'f@g.hi'] }, '/api/v1/users?email=a%2Bb%40c.de,f%40g.hi'],
    [
      'users.list',
      { has_organization: false, phone: '+61 4' },
      '/api/v1/users?phone=%2B61%204&has_organization=false',
    ],
    [
      'users.search',
      { properties: { kp_usr_city: ['a b', 'c&d'], x: 'y' } },
      '/api/v1/search/users?properties%5Bkp_usr_city%5D=a%20b,c%26d&properties%5Bx%5D=y',
    ],
    ['users.get', { id: 'kp:1' }, '/api/v1/user?id=kp%3A1'],
    ['roles.get', { role_id: 'a:b' }, '/api/v1/roles/a%3Ab'],
    ['roles.get', { role_id: 'kp_1/roles' }, '/api/v1/roles/kp_1%2Froles'],
    ['roles.get', { role_id: 'kp_1?expand=x' }, '/api/v1/roles/kp_1%3Fexpand%3Dx'],
    ['roles.get', { role_id: 'kp_1#x' }, '/api/v1/roles/kp_1%23x'],
    ['roles.get', { role_id: 'kp_1%2froles' }, '/api/v1/roles/kp_1%252froles'],
    ['roles.get', { role_id: '%2e%2e' }, '/api/v1/roles/%252e%252e'],
    ['roles.get', { role_id: '..\\..' }, '/api/v1/roles/..%5C..'],
    ['roles.get', { role_id: '...' }, '/api/v1/roles/...'],
    [
      'organizations.setFlag',
      { org_code: 'org_1', feature_flag_key: 'a b', value: 'x,y' },
      '/api/v1/organizations/org_1/feature_flags/a%20b?value=x%2Cy',
    ],
    [
      'applications.removeRedirectUrls',
      { app_id: 'a', urls: ['https://a.b/c', 'https://d.e'] },
      '/api/v1/applications/a/auth_redirect_urls?urls=https%3A%2F%2Fa.b%2Fc,https%3A%2F%2Fd.e',
    ],
  ])('MG-07 %s %j', async (name, input, path) => {
    const { call, sent } = client();
    await call(name, input);
    expect(sent[0]!.url).toBe(emulator.issuer + path);
  });

  test('body, path and query are told apart; what is undefined is not sent, what is false or empty is', async () => {
    const { call, sent } = client();
    await call('users.update', {
      id: 'kp_1',
      given_name: '',
      is_suspended: false,
      picture: undefined,
    });
    expect([sent[0]!.url, JSON.parse(sent[0]!.init.body as string)]).toEqual([
      `${emulator.issuer}/api/v1/user?id=kp_1`,
      { given_name: '', is_suspended: false },
    ]);
    await call('users.create');
    expect(sent[1]!.init.body).toBe('{}');
    await call('users.refreshClaims', { user_id: 'kp_1' });
    expect(sent[2]!.init.body).toBeUndefined();
  });

  test('a picture travels in a form, whatever content type the caller thinks of', async () => {
    const { management, sent } = client();
    const logo = new File(['<svg/>'], 'logo.svg', { type: 'image/svg+xml' });
    await management.environment.setLogo(
      { type: 'dark', logo },
      { headers: { 'Content-Type': 'text/plain' } },
    );
    const { url, init } = sent[0]!;
    const form = await new Request(url, init).formData();
    expect([init.method, (form.get('logo') as File).name, [...form.keys()]]).toEqual([
      'PUT',
      'logo.svg',
      ['logo'],
    ]);
    expect(new Request(url, init).headers.get('content-type')).toMatch(
      /^multipart\/form-data; boundary=/,
    );
  });

  test('headers of a call are sent, but never instead of the token', async () => {
    const { management, sent } = client();
    const headers = { Authorization: 'Bearer mine', Accept: 'text/html', 'X-Trace': '7' };
    await management.roles.get({ role_id: 'a' }, { headers });
    const got = new Headers(sent[0]!.init.headers);
    expect(['authorization', 'accept', 'x-trace'].map((name) => got.get(name))).toEqual([
      'Bearer a.b.c',
      'application/json',
      '7',
    ]);
  });

  test('MG-09 what the contract does not know stays on this origin, too', async () => {
    const { management, sent } = client();
    await management.request('GET /api/v1/new_things', {
      query: { a: 1, b: ['x', 'y,z'], c: { d: 'e' }, f: undefined },
    });
    expect(sent[0]!.url).toBe(`${emulator.issuer}/api/v1/new_things?a=1&b=x,y%2Cz&c%5Bd%5D=e`);
    for (const route of [
      'GET //evil.example',
      'GET /\\evil.example',
      'GET /api/../../x',
      'GET /api/%2e%2e/x',
      'GET /api/v1/things?x=1',
      'GET /api/v1/things#x',
      'GET https://evil.example/',
      'GET @evil.example/',
      'GET /api/v1/th ings',
      'HEAD /api/v1/things',
      'get /api/v1/things',
      '/api/v1/things',
      '',
    ]) {
      expect([route, (await failure(management.request(route as 'GET /', {}))).code]).toEqual([
        route,
        'input_invalid',
      ]);
    }
    await fc.assert(
      fc.asyncProperty(fc.webPath(), fc.webQueryParameters(), async (path, query) => {
        sent.length = 0;
        const route = `GET ${path}${query && `?${query}`}` as const;
        await management.request(route as 'GET /', {}).catch(() => {});
        for (const { url } of sent) {
          expect(url).toBe(emulator.issuer + path);
        }
      }),
    );
  });

  test('MG-07 whatever the input, an operation stays on its own path, and says what it was given', async () => {
    const { call, sent } = client();
    const any = fc.constantFrom(...operations).chain(([name, operation]) =>
      fc.record({
        name: fc.constant(name),
        operation: fc.constant(operation),
        input: inputOf(operation),
      }),
    );
    await fc.assert(
      fc.asyncProperty(any, async ({ name, operation, input }) => {
        sent.length = 0;
        await call(name, input);
        const [method, template] = operation.route.split(' ') as [string, string];
        const { url, init } = sent[0]!;
        const { origin, pathname, searchParams } = new URL(url);
        expect([init.method, origin]).toEqual([method, emulator.issuer]);
        const segments = pathname.split('/');
        expect(segments).toHaveLength(template.split('/').length);
        template.split('/').forEach((segment, index) => {
          const param = /^\{(\w+)\}$/.exec(segment)?.[1];
          expect(decodeURIComponent(segments[index]!)).toBe(param ? input[param] : segment);
        });
        const fields = Object.keys(operation.query ?? {});
        for (const key of searchParams.keys()) {
          expect(fields).toContain(key.replace(/\[.*$/s, ''));
        }
        for (const field of fields) {
          const value = input[field];
          if (['string', 'number', 'boolean'].includes(typeof value)) {
            expect(searchParams.get(field)).toBe(String(value));
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  test('a key that no operation takes is refused by each of them', async () => {
    const { call, sent } = client();
    for (const [name, operation] of operations) {
      const [input] = fc.sample(inputOf(operation), 1);
      const error = await failure(call(name, { ...input, not_a_field: 1 }));
      expect([name, error.has('UNKNOWN_KEY')]).toEqual([name, true]);
    }
    expect(sent).toEqual([]);
  });
});

describe('options', () => {
  const good = { issuer: 'https://acme.kinde.com', clientId: 'a', clientSecret: 'b' };

  test.each([
    [
      'Kinde’s management client spells them',
      ['MGMT_API_CLIENT_ID', 'MGMT_API_CLIENT_SECRET', 'KINDE_DOMAIN'],
    ],
    [
      'this one spells them',
      ['KINDE_MANAGEMENT_CLIENT_ID', 'KINDE_MANAGEMENT_CLIENT_SECRET', 'KINDE_ISSUER_URL'],
    ],
  ])('come from the environment as %s', (_title, [id, secret, domain]) => {
    const env = { [id!]: ' a ', [secret!]: 'b', [domain!]: 'acme.kinde.com' };
    expect(managementOptionsFromEnv(env)).toEqual(good);
    expect(managementOptionsFromEnv(env, { clientId: 'mine', timeout: 5 })).toMatchObject({
      clientId: 'mine',
      timeout: 5,
    });
  });

  test('that are missing or wrong are all told at once, and none is repeated', () => {
    const problems = (work: () => unknown) => {
      try {
        work();
      } catch (error) {
        expect(error).toMatchObject({ name: 'KindeApiError', code: 'config_invalid' });
        expect(String(error)).not.toContain('hunter2');
        return (error as { errors: { field: string }[] }).errors.map(({ field }) => field).sort();
      }
      return [];
    };
    expect(problems(() => managementFromEnv({}))).toEqual(['clientId', 'clientSecret', 'issuer']);
    expect(
      problems(() => managementFromEnv({ KINDE_DOMAIN: 'https://a.b/hunter2' }, { timeout: -1 })),
    ).toEqual(['clientId', 'clientSecret', 'issuer', 'timeout']);
    const odd = {
      ...good,
      audience: 7,
      scope: '',
      validate: 'maybe',
      tokenStore: {},
      onEvent: 'hunter2',
      fetch: 1,
      maxAttempts: 1.5,
      timeout: Number.NaN,
      deadline: Infinity,
      maxConcurrent: 0,
      retries: 3,
    };
    expect(problems(() => managementFromEnv({}, odd as never))).toEqual(
      Object.keys(odd)
        .filter((name) => !Object.hasOwn(good, name))
        .sort(),
    );
  });

  test.each([
    'https://t.kinde.example//evil.example',
    'https://t.kinde.example/api',
    'https://t.kinde.example?x',
    'https://t.kinde.example#',
    'https://user:pass@t.kinde.example',
    'http://t.kinde.example',
    'ftp://t.kinde.example',
    'javascript:alert(1)',
    't.kinde.example',
    '//t.kinde.example',
    '',
    undefined,
    7,
  ])('MG-09 the issuer %j is refused', (issuer) => {
    expect(() => createManagement({ ...good, issuer: issuer as string })).toThrow(/issuer/);
  });

  test.each([
    'https://t.kinde.example',
    'https://t.kinde.example/',
    'http://localhost:4455',
    'http://127.0.0.1:1',
    'http://[::1]:1',
  ])('the issuer %s is fine', (issuer) => {
    expect(managementFromEnv({}, { ...good, issuer })).toBeDefined();
  });

  test('of undefined are as good as none', async () => {
    const one = createClient(emulator, {
      audience: undefined,
      scope: undefined,
      validate: undefined,
    } as never);
    await one.management.permissions.list();
    expect(one.tokens()).toBe(1);
  });
});

interface Schema {
  type: string;
  '~standard': { validate(value: unknown): { issues?: unknown } };
  entries?: Record<string, Schema>;
  wrapped?: Schema;
  item?: Schema;
  value?: Schema;
  pipe?: Schema[];
  options?: unknown[];
}

/** Values that a schema takes. */
function valueOf(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.wrapped) {
    return fc.option(valueOf(schema.wrapped), {
      nil: schema.type === 'nullable' ? null : undefined,
    });
  }
  if (schema.entries) {
    return fc.record(
      Object.fromEntries(
        Object.entries(schema.entries).map(([key, inner]) => [key, valueOf(inner)]),
      ),
    );
  }
  const found: Record<string, fc.Arbitrary<unknown>> = {
    string: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
    boolean: fc.boolean(),
    number: fc.integer({ min: 1, max: 500 }),
    unknown: fc.jsonValue(),
    instance: fc.constant(new Blob(['x'])),
  };
  const plain = found[schema.type] ?? composedOf(schema);
  return plain.filter((value) => !schema['~standard'].validate(value).issues);
}

/** Values of a schema that is made of others. */
function composedOf(schema: Schema): fc.Arbitrary<unknown> {
  switch (schema.type) {
    case 'picklist':
      return fc.constantFrom(...schema.options!);
    case 'array':
      return fc.array(valueOf(schema.item!), { minLength: 1, maxLength: 3 });
    case 'record':
      return fc.dictionary(fc.stringMatching(/^[a-z]\w{0,9}$/), valueOf(schema.value!), {
        maxKeys: 3,
      });
    default:
      return fc.oneof(...(schema.options as Schema[]).map(valueOf));
  }
}

/** Inputs that an operation takes. Filters have no commas, and ids are any text that is not a path. */
function inputOf({
  route,
  params = {},
  query = {},
  body = {},
}: Operation): fc.Arbitrary<Record<string, unknown>> {
  const noComma = (value: unknown): unknown => {
    if (typeof value === 'string') {
      return value.replaceAll(',', ';');
    }
    return Array.isArray(value) ? value.map(noComma) : value;
  };
  const ids = [...route.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!);
  const id = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    .filter((text) => !/^\.{1,2}$/.test(text));
  const fields = { ...query, ...body } as unknown as Record<string, Schema>;
  const some = Object.entries(fields).map(
    ([name, schema]) => [name, valueOf(schema).map(deep(noComma))] as const,
  );
  const filters = Object.fromEntries(some.filter(([name]) => Object.hasOwn(query, name)));
  const rest = Object.fromEntries(some.filter(([name]) => !Object.hasOwn(query, name)));
  return fc
    .record({
      ...Object.fromEntries(
        ids.map((name) => [name, params[name] ? valueOf(params[name] as unknown as Schema) : id]),
      ),
      ...filters,
      ...rest,
    })
    .map((input) => ({
      ...input,
      ...(Object.hasOwn(query, 'id') && { id: 'kp_1' }),
      ...(Object.hasOwn(query, 'code') && { code: 'org_1' }),
    }));
}

function deep(change: (value: unknown) => unknown): (value: unknown) => unknown {
  return (value) =>
    value !== null && typeof value === 'object' && !Array.isArray(value) && !(value instanceof Blob)
      ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, change(inner)]))
      : change(value);
}
