import fc from 'fast-check';
import { decodeJwt, type JWTPayload } from 'jose';
import { expect, test } from 'vitest';
import { createEmulator, type Emulator } from '../src/index.js';
import type { State, TenantData } from '../src/state/state.js';
import { appOf, callerOf, managementToken, type Call } from './kit.js';

const site = 'http://localhost:3000';
const ACME = 'org_acme0rockets';
const PEOPLE = ['ada@example.com', 'grace@example.com', 'alan@example.com'];

/** Adds something to a part of the tenant; `count` makes its name another one each time. */
const ADD: Record<string, (call: Call, count: number) => Promise<unknown>> = {
  user: (call, count) => {
    const identity = { type: 'email', details: { email: `user${count}@example.com` } };
    const profile = { given_name: `User ${count}` };
    return call('users.create', { profile, identities: [identity] });
  },
  webhook: (call, count) =>
    call('webhooks.create', {
      endpoint: `http://localhost:9/${count}`,
      name: 'Hook',
      event_types: ['user.created', 'role.created'],
    }),
  role: (call, count) => call('roles.create', { name: 'Role', key: `role-${count}` }),
  permission: (call, count) => call('permissions.create', { name: 'Do', key: `do:${count}` }),
  flag: (call, count) =>
    call('featureFlags.create', {
      key: `flag_${count}`,
      name: 'Flag',
      type: 'int',
      default_value: '1',
    }),
  'flag of the environment': (call, count) =>
    call('environment.setFlag', { feature_flag_key: 'theme', value: `theme-${count}` }),
  'variable of the environment': (call, count) =>
    call('environmentVariables.create', { key: `KEY_${count}`, value: 'x' }),
  organization: (call) => call('organizations.create', { name: 'Initech' }),
  application: (call, count) => call('applications.create', { name: `App ${count}`, type: 'reg' }),
  api: (call, count) =>
    call('apis.create', { name: 'API', audience: `https://${count}.api.example` }),
  'API key': async (call, count) => {
    const audience = `https://${count}.keys.example`;
    const { id: api_id } = (await call('apis.create', { name: 'API', audience })).body.api;
    await call('apiKeys.create', { name: 'Key', type: 'environment', api_id, scope_ids: [] });
  },
  property: async (call, count) => {
    const about = { name: 'About', context: 'usr' };
    const { id: category_id } = (await call('propertyCategories.create', about)).body.category;
    const type = { type: 'single_line_text', is_private: false };
    await call('properties.create', { ...about, ...type, key: `about_${count}`, category_id });
  },
  connection: (call, count) =>
    call('connections.create', {
      name: `okta-${count}`,
      display_name: 'Okta',
      strategy: 'saml:okta',
      options: {},
    }),
  subscriber: (call, count) =>
    call('subscribers.create', {
      first_name: 'Zoe',
      last_name: 'Example',
      email: `zoe${count}@example.com`,
    }),
  invitation: (call, count) =>
    call('invites.create', {
      org_code: ACME,
      email: `new${count}@example.com`,
      roles: [],
    }),
  usage: async (call) => {
    const found = await call('organizations.get', { code: ACME, expand: 'billing' });
    await call('billing.recordUsage', {
      customer_agreement_id: found.body.billing.agreements[0].agreement_id,
      billing_feature_code: 'exports',
      meter_value: '3',
    });
  },
};

const step = fc.oneof(
  fc.record({ kind: fc.constant('sign-in' as const), who: fc.nat(2) }),
  fc.record({ kind: fc.constant('refresh' as const) }),
  fc.record({ kind: fc.constant('revoke' as const) }),
  fc.record({ kind: fc.constant('portal' as const) }),
  fc.record({ kind: fc.constant('open' as const) }),
  fc.record({ kind: fc.constant('limit' as const) }),
  fc.record({ kind: fc.constant('advance' as const), by: fc.integer({ min: 1, max: 90_000 }) }),
  fc.record({ kind: fc.constant('freeze' as const), stands: fc.boolean() }),
  fc.record({ kind: fc.constant('speed' as const), times: fc.constantFrom(1, 2, 60) }),
  fc.record({ kind: fc.constant('add' as const), what: fc.constantFrom(...Object.keys(ADD)) }),
);
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

/** What steps work on. */
interface Life {
  readonly emulator: Emulator;
  readonly app: ReturnType<typeof appOf>;
  readonly call: Call;
  readonly tokens: Awaited<ReturnType<ReturnType<typeof appOf>['signIn']>>[];
  count: number;
}

const DO: { [Kind in Step['kind']]: (one: Extract<Step, { kind: Kind }>, life: Life) => unknown } =
  {
    'sign-in': async ({ who }, { app, tokens }) => tokens.push(await app.signIn(PEOPLE[who]!)),
    refresh: (_, { app, tokens }) => tokens.at(-1) && app.refresh(tokens.at(-1)!),
    revoke: (_, { app, tokens, emulator: { env } }) =>
      app.post('/oauth2/revoke', {
        client_id: env['KINDE_CLIENT_ID']!,
        client_secret: env['KINDE_CLIENT_SECRET']!,
        token: tokens.at(-1)?.access_token ?? '',
      }),
    portal: (_, { tokens, emulator: { issuer, fetch } }) =>
      fetch(`${issuer}/account_api/v1/portal_link`, {
        headers: { authorization: `Bearer ${tokens.at(-1)?.access_token}` },
      }),
    open: (_, { app }) => app.open(),
    limit: (_, { emulator }) => emulator.limitManagement({ requests: 1_000, seconds: 60 }),
    advance: ({ by }, { emulator }) => emulator.clock.advance(by),
    freeze: ({ stands }, { emulator: { clock } }) => (stands ? clock.freeze() : clock.unfreeze()),
    speed: ({ times }, { emulator }) => emulator.clock.speedUp(times),
    add: ({ what }, life) => ADD[what]!(life.call, (life.count += 1)),
  };

/** Does these steps, one after another. */
async function live(emulator: Emulator, steps: readonly Step[]) {
  const call = callerOf(emulator, await managementToken(emulator));
  const life: Life = { emulator, app: appOf(emulator, site), call, tokens: [], count: 0 };
  for (const one of steps) {
    await DO[one.kind](one as never, life);
  }
  return life.tokens;
}

/** Claims of a new access token, apart from its id. */
function claimsOf({ access_token: token }: Record<string, any>): JWTPayload {
  const { jti: _, ...claims }: JWTPayload = token === undefined ? {} : decodeJwt(token);
  return claims;
}

/** What is not kept in a snapshot. Everything else of the state is: the compiler demands a row here or a part there. */
const NOT_KEPT: Record<Exclude<keyof State, keyof TenantData>, true> = {
  issuer: true,
  siteUrl: true,
  callbacks: true,
  seed: true,
  managementMode: true,
  managementScopes: true,
  overlap: true,
  refreshReturnsSame: true,
  clock: true,
  journal: true,
  identity: true,
  random: true,
  directory: true,
  key: true,
  nextSignIn: true,
  listeners: true,
};

/** Every part of the tenant, as the emulator goes on with it. */
function partsOf({ state }: Emulator): Record<string, unknown> {
  const parts = Object.entries(state).filter(([name]) => !Object.hasOwn(NOT_KEPT, name));
  return structuredClone(Object.fromEntries(parts));
}

/** Webhooks that never answer: what is on its way to them stays queued. */
const deliver = () => new Promise<never>(() => undefined);
const NOW = 1_800_000_000;

/** An emulator that was made at another time and goes on with what happened to the first one, and its parts at that moment. */
async function continued(first: Emulator) {
  let now = NOW - 1_000;
  const second = await createEmulator({ clock: { now: () => now }, deliver });
  now = NOW;
  second.restore(JSON.parse(JSON.stringify(first.capture())));
  return { second, parts: partsOf(second) };
}

test('every part of the tenant that can change comes back', async () => {
  const first = await createEmulator({ clock: { now: () => NOW }, deliver });
  const fresh = partsOf(await createEmulator({ clock: { now: () => NOW - 1_000 }, deliver }));
  await live(first, [
    { kind: 'sign-in', who: 0 },
    { kind: 'portal' },
    { kind: 'revoke' },
    ...[1, 2].map(() => ({ kind: 'refresh' as const })),
    { kind: 'open' },
    { kind: 'add', what: 'webhook' },
    ...Object.keys(ADD).map((what) => ({ kind: 'add' as const, what })),
    { kind: 'limit' },
  ]);
  const parts = partsOf(first);
  for (const [name, part] of Object.entries(parts)) {
    expect(part, `${name} is changed by these steps`).not.toEqual(fresh[name]);
  }
  expect((await continued(first)).parts).toEqual(parts);
});

test('a snapshot as JSON brings back the same state and the same answers, whatever happened', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const first = await createEmulator({ clock: { now: () => NOW }, deliver });
      const tokens = await live(first, steps);
      const before = partsOf(first);
      const { second, parts } = await continued(first);
      expect(parts).toEqual(before);
      expect(second.clock.settings).toEqual(first.clock.settings);
      expect(second.clock.now()).toBe(first.clock.now());
      for (const one of tokens) {
        const answers = [];
        for (const emulator of [first, second]) {
          const app = appOf(emulator, site);
          const { status, body } = await app.refresh(one);
          answers.push([status, body['error'], claimsOf(body), await app.isActive(one)]);
        }
        expect(answers[1]).toEqual(answers[0]);
      }
    }),
    { numRuns: 25 },
  );
}, 60_000);
