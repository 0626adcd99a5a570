import { createEmulator, type Emulator } from '@kindling/emulator';
import { managementFromEnv, type Management, type ManagementEvent } from '@kindling/management';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { failure, until } from '../../../test/kit/management.js';

const ACME = 'org_acme0rockets';

let emulator: Emulator;
let management: Management;
let wire: string[];
let events: ManagementEvent[];

/** A client that takes nothing that its contract does not promise; `wire` is what it was answered. */
const clientOf = (tenant: Emulator): Management => {
  [wire, events] = [[], []];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const response = await tenant.fetch(input, init);
    if (!String(input).endsWith('/oauth2/token')) {
      wire.push(await response.clone().text());
    }
    return response;
  };
  return managementFromEnv(tenant.env, {
    fetch,
    validate: 'throw',
    onEvent: (event) => void events.push(event),
  });
};
const answered = () => JSON.parse(wire.at(-1)!);

describe.each(['strict', 'observed'] as const)(
  'the client and a Kinde that answers as %s',
  (mode) => {
    const isObserved = mode === 'observed';
    beforeAll(async () => {
      emulator = await createEmulator({ strict: true, management: { mode } });
    });
    beforeEach(() => {
      management = clientOf(emulator);
    });

    test('an empty list is an empty list', async () => {
      const lists = {
        subscribers: () => management.subscribers.list().all(),
        invites: () => management.invites.list({ org_code: ACME }).all(),
        connections: () => management.connections.list().all(),
        categories: () => management.propertyCategories.list().all(),
        api_keys: () => management.apiKeys.list().all(),
        webhooks: async () => (await management.webhooks.list()).webhooks,
        environment_variables: async () =>
          (await management.environmentVariables.list()).environment_variables,
      };
      for (const [name, list] of Object.entries(lists)) {
        expect(await list(), name).toEqual([]);
        expect(answered()[name], name).toEqual(isObserved ? null : []);
      }
    });

    test('an identity is an identity, with an envelope or without', async () => {
      const [ada] = (await management.users.list({ email: 'ada@example.com' })).users;
      const [listed] = (await management.users.listIdentities({ user_id: ada!.id })).identities;
      const identity = await management.identities.get({ identity_id: listed!.id });
      expect(identity).toMatchObject({ id: listed!.id, type: 'email', name: 'ada@example.com' });
      expect('identity' in answered()).toBe(isObserved);
    });

    test('a connection is a connection, wherever it is listed', async () => {
      const { connection } = await management.connections.create({
        name: 'okta',
        display_name: 'Okta',
        strategy: 'saml:okta',
        options: { saml_signing_private_key: 'hidden' },
        enabled_applications: [emulator.env['KINDE_CLIENT_ID']!],
      });
      const { id } = connection;
      await management.organizations.enableConnection({
        organization_code: ACME,
        connection_id: id,
      });
      const application_id = emulator.env['KINDE_CLIENT_ID']!;
      const lists = [
        () => management.connections.list().all(),
        async () =>
          (await management.organizations.listConnections({ organization_code: ACME })).connections,
        async () => (await management.applications.listConnections({ application_id })).connections,
      ];
      for (const list of lists) {
        expect(await list()).toEqual([
          { id, name: 'okta', display_name: 'Okta', strategy: 'saml:okta' },
        ]);
        expect('connection' in answered().connections[0]).toBe(!isObserved);
      }
      expect(wire.join()).not.toContain('hidden');
      await management.connections.remove({ connection_id: id });
    });

    test('a new permission may come without its id, as it is described', async () => {
      const route = '/api/v1/permissions';
      const { permission } = await management.permissions.create({
        key: `fly:${mode}`,
        name: 'Fly',
      });
      expect(permission!.id).toBe(emulator.state.permissions[`fly:${mode}`]!.id);
      emulator.faults.once(route, async (_request, next) => {
        const { status } = await next();
        return Response.json({ code: 'OK', message: 'Success' }, { status });
      });
      expect(
        (await management.permissions.create({ key: `dive:${mode}`, name: 'Dive' })).permission,
      ).toBeUndefined();
    });

    test('an API key is made, verified by whoever it is shown to, rotated and revoked', async () => {
      const { apis } = await management.apis.list();
      const api_id = apis.find(({ name }) => name === 'Todos API')!.id;
      const { api_key: made } = await management.apiKeys.create({
        name: 'Key',
        type: 'environment',
        api_id,
      });
      expect(await management.apiKeys.verify({ api_key: made.key })).toMatchObject({
        is_valid: true,
        key_id: made.id,
      });
      const { api_key: rotated } = await management.apiKeys.rotate({ key_id: made.id });
      expect((await failure(management.apiKeys.verify({ api_key: made.key }))).httpStatus).toBe(
        401,
      );
      expect((await management.apiKeys.verify({ api_key: rotated.key })).scopes).toEqual([]);
      await management.apiKeys.remove({ key_id: made.id });
      expect((await failure(management.apiKeys.verify({ api_key: rotated.key }))).httpStatus).toBe(
        401,
      );
      expect(JSON.stringify(emulator.state)).not.toContain(rotated.key);
    });

    test('what an organization is entitled to is read, and its usage recorded', async () => {
      const { billing } = await management.organizations.get({ code: ACME, expand: 'billing' });
      const customer_id = billing!.billing_customer_id!;
      const entitlements = await management.billing.listEntitlements({ customer_id }).all();
      expect(entitlements.map((one) => [one.feature_code, one.entitlement_limit_max])).toEqual([
        ['exports', 100],
        ['support', null],
      ]);
      const [agreement] = await management.billing.listAgreements({ customer_id }).all();
      const usage = {
        customer_agreement_id: agreement!.id,
        billing_feature_code: 'exports',
        meter_value: '3',
      };
      await management.billing.recordUsage(usage);
      expect(emulator.state.usage.at(-1)).toMatchObject({ featureCode: 'exports', value: 3 });
    });
  },
);

describe('a Kinde that takes so many requests and no more', () => {
  beforeAll(async () => {
    emulator = await createEmulator({ strict: true });
  });
  beforeEach(async () => {
    management = clientOf(emulator);
    await management.subscribers.list();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  });
  afterEach(() => {
    vi.useRealTimers();
    emulator.limitManagement();
  });

  test('says when to come again, and the client comes then', async () => {
    emulator.limitManagement({ requests: 5, seconds: 2 });
    for (let count = 0; count < 5; count += 1) {
      await management.subscribers.list();
    }
    const sixth = management.subscribers.list().then(({ subscribers }) => subscribers);
    await until(() => events.some(({ type }) => type === 'retry'));
    expect(answered().errors).toEqual([{ code: 'TOO_MANY_REQUESTS', message: expect.any(String) }]);
    expect(events.find(({ type }) => type === 'retry')).toMatchObject({ httpStatus: 429, wait: 2 });
    vi.advanceTimersByTime(2_000);
    expect(await sixth).toEqual([]);
  });

  test('tells the whole wait, and what is left of it later, by the clock of the emulator', async () => {
    const again = () =>
      emulator.fetch(`${emulator.issuer}/api/v1/api_keys/verify`, { method: 'POST', body: '{}' });
    emulator.limitManagement({ requests: 1, seconds: 60 });
    expect((await again()).status).toBe(400);
    emulator.clock.advance(45);
    const refused = await again();
    expect([refused.status, refused.headers.get('ratelimit-reset')]).toEqual([429, '15']);
    expect(refused.headers.has('retry-after')).toBe(false);
    emulator.clock.advance(15);
    expect([(await again()).status, (await again()).status]).toEqual([400, 429]);
  });

  test('does what it refused not at all', async () => {
    emulator.limitManagement({ requests: 0, seconds: 600 });
    const client = managementFromEnv(emulator.env, { fetch: emulator.fetch });
    const error = await failure(client.permissions.create({ key: 'fly:kites', name: 'Fly' }));
    expect([error.httpStatus, error.mayHaveExecuted]).toEqual([429, false]);
    expect(Object.keys(emulator.state.permissions)).not.toContain('fly:kites');
  });
});
