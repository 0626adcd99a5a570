import fc from 'fast-check';
import { decodeJwt, type JWTPayload } from 'jose';
import { expect, test } from 'vitest';
import { createEmulator, type Emulator } from '../src/index.js';
import { appOf, callerOf, managementToken, type Call } from './kit.js';

const site = 'http://localhost:3000';
const PEOPLE = ['ada@example.com', 'grace@example.com', 'alan@example.com'];

const step = fc.oneof(
  fc.record({ kind: fc.constant('sign-in' as const), who: fc.nat(2) }),
  fc.record({ kind: fc.constant('refresh' as const) }),
  fc.record({ kind: fc.constant('open' as const) }),
  fc.record({ kind: fc.constant('advance' as const), by: fc.integer({ min: 1, max: 90_000 }) }),
  fc.record({ kind: fc.constant('freeze' as const), stands: fc.boolean() }),
  fc.record({ kind: fc.constant('speed' as const), times: fc.constantFrom(1, 2, 60) }),
  fc.record({
    kind: fc.constant('user' as const),
    name: fc.string({ minLength: 1, maxLength: 8 }),
  }),
  fc.record({ kind: fc.constant('webhook' as const) }),
  fc.record({
    kind: fc.constant('role' as const),
    name: fc.string({ minLength: 1, maxLength: 8 }),
  }),
);
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

/** What steps work on. */
interface Life {
  readonly emulator: Emulator;
  readonly app: ReturnType<typeof appOf>;
  readonly call: Call;
  readonly tokens: Awaited<ReturnType<ReturnType<typeof appOf>['signIn']>>[];
}

const DO: { [Kind in Step['kind']]: (one: Extract<Step, { kind: Kind }>, life: Life) => unknown } =
  {
    'sign-in': async ({ who }, { app, tokens }) => tokens.push(await app.signIn(PEOPLE[who]!)),
    refresh: (_, { app, tokens }) => tokens.at(-1) && app.refresh(tokens.at(-1)!),
    open: (_, { app }) => app.open(),
    advance: ({ by }, { emulator }) => emulator.clock.advance(by),
    freeze: ({ stands }, { emulator: { clock } }) => (stands ? clock.freeze() : clock.unfreeze()),
    speed: ({ times }, { emulator }) => emulator.clock.speedUp(times),
    user: ({ name }, { call, emulator }) =>
      call('users.create', {
        profile: { given_name: name },
        identities: [
          { type: 'email', details: { email: `user${emulator.state.people.length}@example.com` } },
        ],
      }),
    webhook: (_, { call, emulator }) =>
      call('webhooks.create', {
        endpoint: `http://localhost:9/${emulator.state.webhooks.length}`,
        name: 'Hook',
        event_types: ['user.created', 'role.created'],
      }),
    role: ({ name }, { call, emulator }) =>
      call('roles.create', { name, key: `role-${Object.keys(emulator.state.roles).length}` }),
  };

/** Does these steps, one after another. */
async function live(emulator: Emulator, steps: readonly Step[]) {
  const call = callerOf(emulator, await managementToken(emulator));
  const life: Life = { emulator, app: appOf(emulator, site), call, tokens: [] };
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

test('a snapshot as JSON brings back the same state and the same answers, whatever happened', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      // Webhooks that never answer: what is on its way to them stays queued.
      const deliver = () => new Promise<never>(() => undefined);
      const options = { clock: { now: () => 1_800_000_000 }, deliver };
      const first = await createEmulator(options);
      const tokens = await live(first, steps);
      const snapshot = first.capture();
      const second = await createEmulator(options);
      second.restore(JSON.parse(JSON.stringify(snapshot)));

      const again = second.capture();
      expect([again.clock, again.data]).toEqual([snapshot.clock, snapshot.data]);
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
