import { decodeJwt } from 'jose';
import { beforeEach, describe, expect, test } from 'vitest';
import { createEmulator, type Emulator } from '../src/index.js';
import { callerOf, managementToken, type Call } from './kit.js';

const ACME = 'org_acme0rockets';

let emulator: Emulator;
let call: Call;
beforeEach(async () => {
  emulator = await createEmulator({ siteUrl: 'https://app.example' });
  call = callerOf(emulator, await managementToken(emulator));
});

const codeOf = ({ body }: { body: any }) => [body.errors].flat()[0].code;
const personOf = (email: string) => emulator.state.people.find((person) => person.email === email)!;

describe('properties', () => {
  const define = async (key: string, context: 'org' | 'usr' | 'app') => {
    const { id: category_id } = (
      await call('propertyCategories.create', { name: 'About', context })
    ).body.category;
    const about = {
      name: key,
      key,
      type: 'single_line_text',
      context,
      is_private: false,
      category_id,
    };
    return {
      category_id,
      property_id: (await call('properties.create', about)).body.property.id,
      about,
    };
  };

  test('are defined in a category, changed and found again by what they belong to', async () => {
    const { category_id, property_id, about } = await define('city', 'usr');
    await define('size', 'org');
    expect(codeOf(await call('properties.create', about))).toBe('PROPERTY_ALREADY_EXISTS');
    const elsewhere = { ...about, key: 'town', context: 'org' };
    expect(codeOf(await call('properties.create', elsewhere))).toBe('CATEGORY_NOT_FOUND');
    await call('properties.update', { property_id, name: 'City', is_private: true, category_id });
    expect((await call('properties.list', { context: 'usr' })).body.properties).toEqual([
      {
        id: property_id,
        key: 'city',
        name: 'City',
        is_private: true,
        description: '',
        is_kinde_property: false,
      },
    ]);
    await call('propertyCategories.update', { category_id, name: 'Places' });
    const { categories, has_more } = (await call('propertyCategories.list', { page_size: 1 })).body;
    expect([categories, has_more]).toEqual([[{ id: category_id, name: 'Places' }], true]);
    const rest = await call('propertyCategories.list', { starting_after: category_id });
    expect([rest.body.categories.length, rest.body.has_more]).toEqual([1, false]);
  });

  test('have values at applications, people and organizations, which go when the property goes', async () => {
    const application_id = emulator.env['KINDE_CLIENT_ID']!;
    const { property_id } = await define('tier', 'app');
    expect(
      (await call('applications.listProperties', { application_id })).body.properties,
    ).toMatchObject([{ key: 'tier', value: null }]);
    await call('applications.setProperty', { application_id, property_key: 'tier', value: 'gold' });
    expect(
      (await call('applications.listProperties', { application_id })).body.properties,
    ).toMatchObject([{ key: 'tier', value: 'gold' }]);
    const foreign = {
      user_id: personOf('ada@example.com').id,
      property_key: 'tier',
      value: 'gold',
    };
    expect(codeOf(await call('users.setProperty', foreign))).toBe('PROPERTY_NOT_FOUND');
    await call('properties.remove', { property_id });
    expect((await call('applications.listProperties', { application_id })).body.properties).toEqual(
      [],
    );
    expect(emulator.state.applications[0]!.properties).toEqual({});
  });
});

describe('connections', () => {
  const okta = {
    name: 'okta',
    display_name: 'Okta',
    strategy: 'saml:okta',
    options: { home_realm_domains: ['acme.example'], saml_signing_private_key: 'hidden' },
  };

  test('are told without their options, changed, found by domain and removed', async () => {
    const { id } = (await call('connections.create', okta)).body.connection;
    await call('connections.create', { ...okta, name: 'other', options: {} });
    const shown = { id, name: 'okta', display_name: 'Okta', strategy: 'saml:okta' };
    expect((await call('connections.get', { connection_id: id })).body.connection).toEqual(shown);
    const found = await call('connections.list', { home_realm_domain: 'acme.example' });
    expect(found.body.connections.map((item: any) => item.connection)).toEqual([shown]);
    expect(JSON.stringify(found.body)).not.toContain('hidden');
    await call('connections.update', {
      connection_id: id,
      display_name: 'Sign in',
      options: { saml_entity_id: 'x' },
    });
    expect(emulator.state.connections[0]!.options).toEqual({
      ...okta.options,
      saml_entity_id: 'x',
    });
    await call('connections.replace', { connection_id: id, options: { saml_entity_id: 'y' } });
    expect(emulator.state.connections[0]).toMatchObject({
      displayName: 'Sign in',
      options: { saml_entity_id: 'y' },
    });
    await call('connections.remove', { connection_id: id });
    expect((await call('connections.get', { connection_id: id })).status).toBe(404);
  });

  test.each([
    ['applications', () => ({ application_id: emulator.env['KINDE_CLIENT_ID'] })],
    ['organizations', () => ({ organization_code: ACME })],
  ])('are offered by %s, one by one', async (where, whose) => {
    const { id: connection_id } = (await call('connections.create', okta)).body.connection;
    const offered = async () => (await call(`${where}.listConnections`, whose())).body.connections;
    expect(await offered()).toEqual([]);
    for (let twice = 0; twice < 2; twice += 1) {
      await call(`${where}.enableConnection`, { ...whose(), connection_id });
    }
    expect(await offered()).toMatchObject([{ connection: { id: connection_id } }]);
    await call(`${where}.disableConnection`, { ...whose(), connection_id });
    expect(await offered()).toEqual([]);
    expect((await call(`${where}.disableConnection`, { ...whose(), connection_id })).status).toBe(
      404,
    );
  });
});

describe('API keys', () => {
  const create = async (more: object = {}) => {
    const api = (await call('apis.list', { expand: 'scopes' })).body.apis[1];
    const asked = {
      name: 'Reports',
      type: 'environment',
      api_id: api.id,
      scope_ids: [api.scopes[0].id],
      ...more,
    };
    return { api, ...(await call('apiKeys.create', asked)).body.api_key } as {
      api: any;
      id: string;
      key: string;
    };
  };
  const verify = (api_key: string) => call('apiKeys.verify', { api_key });

  test('are shown once, kept as a hash, and verified without credentials', async () => {
    const { api, id, key } = await create();
    expect(key).toMatch(/^k_live_[0-9a-f]{48}$/);
    expect(JSON.stringify(emulator.state.apiKeys)).not.toContain(key);
    const response = await emulator.fetch(`${emulator.issuer}/api/v1/api_keys/verify`, {
      method: 'POST',
      body: JSON.stringify({ api_key: key }),
    });
    expect(await response.json()).toMatchObject({
      is_valid: true,
      key_id: id,
      verification_count: 1,
    });
    expect((await verify(key)).body).toMatchObject({
      scopes: [api.scopes[0].key],
      verification_count: 2,
    });
    const { api_key: shown } = (await call('apiKeys.get', { key_id: id })).body;
    expect(shown).toMatchObject({
      key_prefix: 'k_live_',
      key_suffix: key.slice(-4),
      api_ids: [api.id],
    });
    expect(codeOf(await verify(`${key}0`))).toBe('INVALID_KEY');
  });

  test('are replaced and revoked, after which the old one says nothing any more', async () => {
    const { id, key } = await create();
    const { key: next } = (await call('apiKeys.rotate', { key_id: id })).body.api_key;
    expect([(await verify(key)).status, (await verify(next)).status]).toEqual([401, 200]);
    await call('apiKeys.remove', { key_id: id });
    expect(codeOf(await verify(next))).toBe('KEY_REVOKED');
    expect(codeOf(await call('apiKeys.rotate', { key_id: id }))).toBe('KEY_REVOKED');
    expect((await call('apiKeys.list', { status: 'active' })).body.api_keys).toEqual([]);
    expect((await call('apiKeys.list', { status: 'revoked' })).body.api_keys).toHaveLength(1);
    expect((await call('apiKeys.get', { key_id: 'api_key_0' })).status).toBe(404);
  });

  test('belong to a person or an organization, and go with them, with their API and its scopes', async () => {
    const alan = personOf('alan@example.com');
    expect(
      codeOf(await call('apiKeys.create', { name: 'A', type: 'user', api_id: 'unknown' })),
    ).toBe('API_NOT_FOUND');
    const { api, key } = await create({ type: 'user', user_id: alan.id });
    expect(
      codeOf(
        await call('apiKeys.create', {
          name: 'A',
          type: 'organization',
          api_id: api.id,
          scope_ids: [],
        }),
      ),
    ).toBe('ORG_CODE_REQUIRED');
    expect((await verify(key)).body.user_id).toBe(alan.id);
    await call('apis.removeScope', { api_id: api.id, scope_id: api.scopes[0].id });
    expect((await verify(key)).body.scopes).toEqual([]);
    await call('users.update', { id: alan.id, is_suspended: true });
    expect(codeOf(await verify(key))).toBe('INVALID_KEY');
    const own = await create({ type: 'organization', org_code: ACME, scope_ids: null });
    expect((await call('apiKeys.list', { org_code: ACME })).body.api_keys).toMatchObject([
      { id: own.id },
    ]);
    await call('apis.remove', { api_id: api.id });
    expect(codeOf(await verify(own.key))).toBe('KEY_REVOKED');
  });
});

test('subscribers are added once, sorted, and told of with the person that they are', async () => {
  const add = (first_name: string, email: string) =>
    call('subscribers.create', { first_name, last_name: 'Example', email });
  const { subscriber_id } = (await add('Zoe', 'ada@example.com')).body.subscriber;
  await add('Bea', 'bea@example.com');
  expect(codeOf(await add('Zoe', 'ADA@example.com'))).toBe('SUBSCRIBER_ALREADY_EXISTS');
  const { subscribers } = (await call('subscribers.list', { sort: 'name_asc' })).body;
  expect(subscribers.map((one: any) => one.full_name)).toEqual(['Bea Example', 'Zoe Example']);
  expect((await call('subscribers.get', { subscriber_id })).body.subscribers).toEqual([
    {
      id: subscriber_id,
      preferred_email: 'ada@example.com',
      first_name: 'Zoe',
      last_name: 'Example',
    },
  ]);
  const event = [...emulator.state.events.values()].find(
    ({ type }) => type === 'subscriber.created',
  );
  expect(event!.data).toMatchObject({
    subscriber: { id: subscriber_id, user_id: personOf('ada@example.com').id },
  });
});

test('what an organization pays for is read from its entitlements, and usage is recorded against its agreement', async () => {
  const { billing } = (await call('organizations.get', { code: ACME, expand: 'billing' })).body;
  const customer_id = billing.billing_customer_id;
  const limits = async (input: object) =>
    (await call('billing.listEntitlements', { customer_id, ...input })).body.entitlements.map(
      (one: any) => one.entitlement_limit_max,
    );
  expect([await limits({}), await limits({ max_value: '9' })]).toEqual([
    [100, null],
    [100, 9],
  ]);
  const { entitlements, has_more, plans } = (
    await call('billing.listEntitlements', { customer_id, page_size: 1, expand: 'plans' })
  ).body;
  expect([entitlements[0].feature_code, has_more, plans[0].code]).toEqual([
    'exports',
    true,
    'local',
  ]);
  const { agreements } = (
    await call('billing.listAgreements', { customer_id, feature_code: 'exports' })
  ).body;
  expect(agreements[0].id).toBe(billing.agreements[0].agreement_id);
  expect(
    (await call('billing.listAgreements', { customer_id, feature_code: 'none' })).body.agreements,
  ).toEqual([]);
  const usage = {
    customer_agreement_id: agreements[0].id,
    billing_feature_code: 'exports',
    meter_value: '3',
  };
  await call('billing.recordUsage', usage);
  expect(emulator.state.usage).toMatchObject([{ featureCode: 'exports', value: 3, type: 'delta' }]);
  expect(codeOf(await call('billing.recordUsage', { ...usage, meter_value: 'many' }))).toBe(
    'METER_VALUE_INVALID',
  );
  expect(codeOf(await call('billing.recordUsage', { ...usage, billing_feature_code: 'x' }))).toBe(
    'FEATURE_NOT_FOUND',
  );
  expect(codeOf(await call('billing.listAgreements', { customer_id: 'customer_0' }))).toBe(
    'CUSTOMER_NOT_FOUND',
  );
});

describe('an application', () => {
  test('for machines of one organization gets tokens that say which', async () => {
    const { client_id, client_secret } = (
      await call('applications.create', { name: 'Worker', type: 'm2m', org_code: ACME })
    ).body.application;
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id,
      client_secret,
    });
    const answer = await emulator.fetch(`${emulator.issuer}/oauth2/token`, {
      method: 'POST',
      body,
    });
    expect(decodeJwt(((await answer.json()) as any).access_token)).toMatchObject({
      azp: client_id,
      org_code: ACME,
    });
    const nowhere = { name: 'Worker', type: 'm2m', org_code: 'org_none' };
    expect(codeOf(await call('applications.create', nowhere))).toBe('ORGANIZATION_NOT_FOUND');
  });

  test('says how long a sign-in at Kinde lasts without another question', async () => {
    const { KINDE_CLIENT_ID: application_id, KINDE_REDIRECT_URI } = emulator.env;
    const none = { application_id, access_token_lifetime: 0 };
    expect(codeOf(await call('applications.setTokens', none))).toBe(
      'ACCESS_TOKEN_LIFETIME_INVALID',
    );
    await call('applications.setTokens', { application_id, authenticated_session_lifetime: 60 });
    const link = (more: object) =>
      `${emulator.issuer}/oauth2/auth?${new URLSearchParams({
        ...{
          client_id: application_id!,
          redirect_uri: KINDE_REDIRECT_URI!,
          response_type: 'code',
          state: 'state-of-the-app',
        },
        ...more,
      })}`;
    const page = await (await emulator.fetch(link({ scope: 'openid' }))).text();
    const request = /name="request" value="([\w-]+)"/.exec(page)![1]!;
    const form = new URLSearchParams({ request, email: 'alan@example.com' });
    const signedIn = await emulator.fetch(`${emulator.issuer}/emulator/sign-in`, {
      method: 'POST',
      body: form,
    });
    const cookie = signedIn.headers.get('set-cookie')!.split(';')[0]!;
    const silently = async () => {
      const answer = await emulator.fetch(link({ scope: 'openid', prompt: 'none' }), {
        headers: { cookie },
      });
      return new URL(answer.headers.get('location')!).searchParams.get('error');
    };
    expect(await silently()).toBeNull();
    emulator.clock.advance(60);
    expect(await silently()).toBe('login_required');
  });
});

describe('where description and service disagree', () => {
  test.each(['strict', 'observed'] as const)('the mode decides: %s', async (mode) => {
    emulator = await createEmulator({ management: { mode } });
    call = callerOf(emulator, await managementToken(emulator));
    expect((await call('subscribers.list')).body.subscribers).toEqual(
      mode === 'strict' ? [] : null,
    );
    await call('connections.create', {
      name: 'google',
      display_name: 'Google',
      strategy: 'oauth2:google',
    });
    const [item] = (await call('connections.list')).body.connections;
    expect('connection' in item).toBe(mode === 'strict');
    const [{ id: identity_id }] = (
      await call('users.listIdentities', { user_id: personOf('ada@example.com').id })
    ).body.identities;
    const { body } = await call('identities.get', { identity_id });
    expect(body.identity ?? body).toMatchObject({ id: identity_id, email: 'ada@example.com' });
    expect('identity' in body).toBe(mode === 'observed');
  });

  test('a permission’s id comes in both modes: the description leaves room for it, and seeding scripts need it', async () => {
    expect(
      (await call('permissions.create', { key: 'a', name: 'A' })).body.permission.id,
    ).toBeTruthy();
  });
});

test('with a limit, the Management API says 429 to more requests, and takes them again when the time is over', async () => {
  emulator = await createEmulator({ clock: { now: () => 1_800_000_000 } });
  emulator.limitManagement({ requests: 1, seconds: 5 });
  const url = `${emulator.issuer}/api/v1/roles`;
  const ask = async () =>
    emulator.fetch(url, {
      headers: { authorization: `Bearer ${await managementToken(emulator)}` },
    });
  expect((await ask()).status).toBe(200);
  emulator.clock.advance(2);
  const refused = await ask();
  expect([refused.status, refused.headers.get('ratelimit-reset')]).toEqual([429, '3']);
  expect(await refused.json()).toEqual({
    errors: [{ code: 'TOO_MANY_REQUESTS', message: 'Too many requests were made.' }],
  });
  emulator.clock.advance(3);
  expect([(await ask()).status, (await ask()).status]).toEqual([200, 429]);
  emulator.limitManagement();
  expect((await ask()).status).toBe(200);
});
