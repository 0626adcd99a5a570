import { createEmulator, type Emulator } from '@kindling/emulator';
import { beforeAll, expect, test } from 'vitest';
import { createClient, failure, json, status, type Client } from '../../../test/kit/management.js';

const ROLES = '/api/v1/roles';
const KEYS = '/api/v1/api_keys';
const SEARCH = '/api/v1/search/users';

let emulator: Emulator;
beforeAll(async () => {
  emulator = await createEmulator({ strict: true });
});

const client = () => createClient(emulator);
const asked = ({ sent }: Client) =>
  sent.map(({ url }) => Object.fromEntries(new URL(url).searchParams));
const ids = (...names: string[]) => names.map((id) => ({ id }));
const roles = (next: string | null, ...names: string[]) =>
  json({ code: 'OK', message: '', roles: ids(...names), next_token: next });

test('nothing is sent before a list is awaited or iterated', async () => {
  const { management, sent } = client();
  management.roles.list();
  management.roles.list().pages();
  await new Promise((resolve) => setImmediate(resolve));
  expect(sent).toEqual([]);
});

test('a list that goes on with a token is read to its end, a hundred at a time, with the same filters', async () => {
  const one = client();
  one.answer(ROLES, roles('t1', 'a', 'b'), roles('t2', 'c'), roles(null, 'd'));
  const found: string[] = [];
  for await (const { id } of one.management.roles.list({ sort: 'name_asc' })) {
    found.push(id);
  }
  expect(found).toEqual(['a', 'b', 'c', 'd']);
  expect(asked(one)).toEqual([
    { page_size: '100', sort: 'name_asc' },
    { page_size: '100', sort: 'name_asc', next_token: 't1' },
    { page_size: '100', sort: 'name_asc', next_token: 't2' },
  ]);
});

test('a list that goes on after an id is read to its end', async () => {
  const one = client();
  const page = (more: boolean, ...names: string[]) =>
    json({ has_more: more, api_keys: ids(...names) });
  one.answer(KEYS, page(true, 'a', 'b'), page(false, 'c'));
  expect(await one.management.apiKeys.list({ page_size: 2 }).all()).toEqual(ids('a', 'b', 'c'));
  expect(asked(one)).toEqual([{ page_size: '2' }, { page_size: '2', starting_after: 'b' }]);
});

test('a list without a page size is not asked for one', async () => {
  const one = client();
  one.answer('/api/v1/users/kp_1/identities', json({ has_more: false, identities: [] }));
  await one.management.users.listIdentities({ user_id: 'kp_1' }).all();
  expect(asked(one)).toEqual([{}]);
});

test('a search goes on until a page is short, even where Kinde gives less at a time than was asked for', async () => {
  const one = client();
  const hundred = Array.from({ length: 100 }, (_, index) => `u${index}`);
  const page = (...names: string[]) => json({ results: ids(...names) });
  one.answer(SEARCH, page(...hundred), page('last'));
  expect(await one.management.users.search({ query: '*', page_size: 500 }).all()).toHaveLength(101);
  expect(asked(one)).toEqual([
    { query: '*', page_size: '500' },
    { query: '*', page_size: '500', starting_after: 'u99' },
  ]);
  one.answer(SEARCH, page('a', 'b'), page());
  expect(await one.management.users.search({ page_size: 2 }).all()).toEqual(ids('a', 'b'));
});

test('awaiting a list asks for one page, as it was asked for, once', async () => {
  const one = client();
  one.answer(ROLES, roles('t1', 'a'));
  const list = one.management.roles.list();
  expect([await list, (await list.withResponse()).httpStatus]).toMatchObject([
    { next_token: 't1' },
    200,
  ]);
  await one.management.roles.list({ next_token: 't1', page_size: 3 });
  expect(asked(one)).toEqual([{}, { next_token: 't1', page_size: '3' }]);
});

test('whoever stops stops the asking: break, a limit, pages', async () => {
  const one = client();
  let count = 0;
  one.answer(ROLES, () => roles(`t${(count += 1)}`, `${count}a`, `${count}b`)());
  for await (const role of one.management.roles.list()) {
    if (role.id === '2a') {
      break;
    }
  }
  expect(one.sent).toHaveLength(2);
  expect(await one.management.roles.list().all(3)).toHaveLength(3);
  expect(one.sent).toHaveLength(4);
  expect(await one.management.roles.list().all(2)).toHaveLength(2);
  expect(one.sent).toHaveLength(5);
  expect(await one.management.roles.list().all(0)).toEqual([]);
  for await (const page of one.management.roles.list().pages()) {
    expect(page.roles).toHaveLength(2);
    break;
  }
  expect(one.sent).toHaveLength(6);
});

test('one list can be iterated by several at once, each from its beginning', async () => {
  const one = client();
  emulator.faults.always(ROLES, (request) =>
    new URL(request.url).searchParams.has('next_token') ? roles(null, 'b')() : roles('t', 'a')(),
  );
  const list = one.management.roles.list();
  expect(await Promise.all([list.all(), list.all(), list.all(1)])).toEqual([
    ids('a', 'b'),
    ids('a', 'b'),
    ids('a'),
  ]);
});

test('MG-17 pages without an entry are passed over, but not for ever', async () => {
  const one = client();
  one.answer(ROLES, roles('t1'), roles('t2'), roles(null, 'a'));
  expect(await one.management.roles.list().all()).toEqual(ids('a'));
  let count = 0;
  one.answer(ROLES, () => roles(`t${(count += 1)}`)());
  const error = await failure(one.management.roles.list().all());
  expect([error.code, count]).toEqual(['answer_unexpected', 20]);
});

test.each([
  ['that answers the same page again', ROLES, [roles('t', 'a')], 'roles'],
  ['whose tokens come back', ROLES, [roles('t', 'a'), roles('u', 'b'), roles('t', 'c')], 'roles'],
  ['whose token is no text', ROLES, [json({ roles: [], next_token: 7 })], 'roles'],
  ['that ignores where to go on', KEYS, [json({ has_more: true, api_keys: ids('a') })], 'apiKeys'],
  ['that has more, but no id', KEYS, [json({ has_more: true, api_keys: [{}] })], 'apiKeys'],
  ['that has more, but no entry', KEYS, [json({ has_more: true, api_keys: [] })], 'apiKeys'],
] as const)(
  'MG-17 a list %s ends with an error, not never',
  async (_title, path, pages, resource) => {
    const one = client();
    one.answer(path, ...pages);
    const error = await failure(one.management[resource].list().all());
    expect(error.code).toBe('answer_unexpected');
    expect(one.sent.length).toBeLessThanOrEqual(4);
  },
);

test.each([[''], [null], [undefined]])('a list ends where the token is %j', async (token) => {
  const one = client();
  one.answer(ROLES, json({ roles: ids('a'), next_token: token }));
  expect(await one.management.roles.list().all()).toEqual(ids('a'));
});

test('an error on a later page ends the iteration; what was there before is delivered', async () => {
  const one = client();
  one.answer(ROLES, roles('t1', 'a'), status(400));
  const found: string[] = [];
  const error = await failure(
    (async () => {
      for await (const { id } of one.management.roles.list()) {
        found.push(id);
      }
    })(),
  );
  expect([error.httpStatus, found]).toEqual([400, ['a']]);
});

test('MG-18 a list that is given up asks for no further page', async () => {
  const one = client();
  let count = 0;
  one.answer(ROLES, () => roles(`t${(count += 1)}`, 'a')());
  const controller = new AbortController();
  const reading = (async () => {
    for await (const { id } of one.management.roles.list({}, { signal: controller.signal })) {
      expect(id).toBe('a');
      controller.abort(new Error('enough'));
    }
  })();
  await expect(reading).rejects.toThrow('enough');
  expect(one.sent).toHaveLength(1);
});

test('a page before an entry can be had, but not iterated', async () => {
  const one = client();
  one.answer(SEARCH, json({ results: [] }));
  await one.management.users.search({ ending_before: 'a' });
  const error = await failure(one.management.users.search({ ending_before: 'a' }).all());
  expect([error.code, error.errors[0]?.field, one.sent.length]).toEqual([
    'input_invalid',
    'ending_before',
    1,
  ]);
});

test('envelopes around connections are taken off, where there are any', async () => {
  const one = client();
  const connection = {
    id: 'conn_1',
    name: 'google',
    display_name: 'Google',
    strategy: 'oauth2:google',
  };
  one.answer(
    '/api/v1/connections',
    json({ has_more: false, connections: [{ code: 'OK', connection }, connection] }),
  );
  expect(await one.management.connections.list().all()).toEqual([connection, connection]);
  one.answer(
    '/api/v1/identities/i',
    json({ code: 'OK', identity: { id: 'i' } }),
    json({ id: 'i' }),
  );
  expect(await one.management.identities.get({ identity_id: 'i' })).toEqual({ id: 'i' });
  expect(await one.management.identities.get({ identity_id: 'i' })).toEqual({ id: 'i' });
});
