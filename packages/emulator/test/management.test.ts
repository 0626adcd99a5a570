import { beforeEach, describe, expect, test } from 'vitest';
import { createEmulator, type Emulator } from '../src/index.js';
import { managementToken } from './kit.js';

let emulator: Emulator;
let token: string;

async function ask(route: string, body?: object, authorization: string | null = `Bearer ${token}`) {
  const [method, path] = route.split(' ') as [string, string];
  const response = await emulator.fetch(`${emulator.issuer}/api/v1${path}`, {
    method,
    headers: {
      ...(authorization && { authorization }),
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as any };
}

beforeEach(async () => {
  emulator = await createEmulator();
  token = await managementToken(emulator);
});

describe('before anything else, the Management API checks', () => {
  test('credentials, which it refuses with 403 as Kinde does, before it looks at the route', async () => {
    const invalid = {
      code: 'INVALID_CREDENTIALS',
      message: 'Invalid credentials used to access API',
    };
    for (const route of ['GET /roles', 'GET /nowhere', 'TRACE /roles'.replace('TRACE', 'PATCH')]) {
      expect(await ask(route, undefined, null)).toEqual({
        status: 403,
        body: {
          errors: [
            invalid,
            { code: 'INVALID_AUTHORIZATION_HEADER', message: 'Invaild authorization header' },
          ],
        },
      });
    }
    expect((await ask('GET /permissions', undefined, 'Bearer word')).body.errors[1].code).toBe(
      'TOKEN_INVALID',
    );
    const foreign = await emulator.sign(
      { aud: [`${emulator.issuer}/api`] },
      { key: 'unpublished' },
    );
    expect((await ask('GET /permissions', undefined, `Bearer ${foreign}`)).status).toBe(403);
    emulator.clock.advance(90_000);
    expect((await ask('GET /permissions')).body.errors[1].message).toBe('token is expired');
  });

  test('paths and bodies of another form, which are the mistake of who asks', async () => {
    expect(await ask('GET /roles/%ff')).toEqual(await ask('GET /roles/none'));
    const logo = await ask('PUT /environment/logos/light', { logo: 'text' });
    expect([logo.status, logo.body.errors[0].code]).toEqual([400, 'INVALID_BODY']);
  });

  test('that the token is of an application, for this API', async () => {
    const claims = {
      iss: emulator.issuer,
      exp: emulator.clock.now() + 60,
      jti: 'one',
      scp: ['read:permissions'],
    };
    const audience = [`${emulator.issuer}/api`];
    const application = { ...claims, gty: ['client_credentials'] };
    const statusOf = async (of: object) =>
      (await ask('GET /permissions', undefined, `Bearer ${await emulator.sign({ ...of })}`)).status;
    expect(await statusOf({ ...application, aud: audience })).toBe(200);
    expect(await statusOf({ ...claims, sub: 'kp_1', aud: audience })).toBe(403);
    expect(await statusOf({ ...application, aud: ['https://api.todos.example'] })).toBe(403);
  });

  test('the route, the scope and the input, in this order', async () => {
    token = await managementToken(emulator, 'read:permissions');
    expect(await ask('GET /nowhere')).toMatchObject({
      status: 404,
      body: { errors: { code: 'ROUTE_NOT_FOUND' } },
    });
    const scope = await ask('POST /permissions', { wrong: 1 });
    expect(scope).toMatchObject({
      status: 403,
      body: { errors: [{ code: 'INSUFFICIENT_SCOPE' }] },
    });
    expect(scope.body.errors[0].message).toContain('create:permissions');
    token = await managementToken(emulator);
    expect(await ask('POST /permissions', { name: 'Fly', keys: 'fly' })).toMatchObject({
      status: 400,
      body: {
        errors: [
          { code: 'KEY_REQUIRED', field: 'key' },
          { code: 'UNKNOWN_FIELD', field: 'keys' },
        ],
      },
    });
    expect((await ask('GET /permissions?page_size=many')).body.errors[0].code).toBe(
      'PAGE_SIZE_INVALID',
    );
  });
});

test('a permission can be added, found on a page, renamed everywhere and removed everywhere', async () => {
  const { body: created } = await ask('POST /permissions', {
    name: 'Fly',
    key: 'fly:rockets',
    description: 'Fly them',
  });
  const { id } = created.permission;
  expect(
    (await ask('POST /permissions', { name: 'Fly', key: 'fly:rockets' })).body.errors[0].code,
  ).toBe('PERMISSION_ALREADY_EXISTS');
  emulator.state.roles['viewer']!.permissions.push('fly:rockets');
  const first = await ask('GET /permissions?page_size=4&sort=name_desc');
  const second = await ask(`GET /permissions?page_size=4&next_token=${first.body.next_token}`);
  expect([first, second].flatMap(({ body }) => body.permissions)).toHaveLength(7);
  expect(second.body.next_token).toBeNull();
  await ask(`PATCH /permissions/${id}`, { key: 'steer:rockets' });
  expect(emulator.state.roles['viewer']!.permissions).toContain('steer:rockets');
  expect((await ask(`DELETE /permissions/${id}`)).status).toBe(200);
  expect(emulator.state.roles['viewer']!.permissions).toEqual(['read:todos']);
  expect((await ask(`DELETE /permissions/${id}`)).body.errors[0].code).toBe('PERMISSION_NOT_FOUND');
});

test('what is not emulated says so by its name, after everything was checked', async () => {
  expect(await ask('GET /timezones')).toMatchObject({
    status: 501,
    body: {
      errors: [
        { code: 'NOT_EMULATED', message: expect.stringContaining('business.listTimezones') },
      ],
    },
  });
});
