import { inspect } from 'node:util';
import { createEmulator, type Emulator } from '@kindling/emulator';
import { createTransport, type ManagementEvent } from '@kindling/management';
import { beforeAll, describe, expect, test } from 'vitest';
import { createClient, json, status } from '../../../test/kit/management.js';

const SECRET = 'hunter2/+& secret';
const TOKEN = 'opaque-token-0123456789';
const KEY = 'k_live_0123456789abcdef';
const ROLES = '/api/v1/roles';

let emulator: Emulator;
beforeAll(async () => {
  emulator = await createEmulator({ strict: true });
});

/** Everything that a value shows to whoever logs it. */
const shown = (value: unknown): string =>
  [
    inspect(value, { depth: 20, showHidden: true, getters: true }),
    String(value),
    JSON.stringify(value),
    (value as Error | undefined)?.stack,
  ].join('\n');

const everything = [
  SECRET,
  encodeURIComponent(SECRET),
  TOKEN,
  `Bearer ${TOKEN}`,
  KEY,
  'eyJhbGciOi.eyJzdWIi.c2ln',
];
const echo = everything.join(' ');

const troubles: Record<string, () => Response | Promise<Response>> = {
  'an error that repeats the request': json(
    { errors: [{ code: echo, message: echo, field: echo }], authorization: `Bearer ${TOKEN}` },
    { status: 400, headers: { 'x-echo': encodeURIComponent(echo) } },
  ),
  'errors inside of a 200': json({ errors: { code: 'X', message: echo } }),
  'an OAuth error': json({ error: echo, error_description: echo }, { status: 403 }),
  'the token is refused': json(
    { errors: [{ code: 'TOKEN_INVALID', message: echo }] },
    { status: 403 },
  ),
  text: status(400, {}, echo),
  html: status(200, {}, `<p>${echo}</p>`),
  'html 500': status(500, {}, `<p>${echo}</p>`),
  '429': json(
    { errors: [{ code: 'TOO_MANY', message: echo }] },
    { status: 429, headers: { 'retry-after': '0' } },
  ),
  redirect: status(302, { location: `https://evil.example/?${TOKEN}` }),
  'a failed connection': () =>
    Promise.reject(
      Object.assign(new TypeError(`failed to send ${echo}`), {
        cause: Object.assign(new Error(echo), {
          code: echo,
          request: { headers: { authorization: `Bearer ${TOKEN}` } },
        }),
      }),
    ),
  'an answer that is not as promised': json({
    code: 'OK',
    message: echo,
    roles: echo,
    next_token: null,
  }),
};

describe.each(Object.entries(troubles))(
  'MG-15 nothing secret shows when there is %s',
  (_title, trouble) => {
    test.each([
      ['for an operation', ROLES],
      ['for the token', '/oauth2/token'],
    ])('%s', async (_where, path) => {
      const events: ManagementEvent[] = [];
      const one = createClient(emulator, {
        clientSecret: SECRET,
        validate: 'throw',
        maxAttempts: 2,
        onEvent: (event) => void events.push(event),
      });
      one.answer(
        '/oauth2/token',
        json({ access_token: TOKEN, token_type: 'bearer', expires_in: 3600 }),
      );
      one.answer(path, trouble);
      const errors: unknown[] = [];
      await one.management.roles.list().then(undefined, (error: unknown) => errors.push(error));
      await one.management.apiKeys
        .verify({ api_key: KEY })
        .catch((error: unknown) => errors.push(error));
      expect(errors.length).toBeGreaterThan(0);
      // An opaque token that was never sent or received as one cannot be told from a word.
      for (const secret of path === ROLES
        ? everything
        : everything.filter((one) => !one.endsWith(TOKEN))) {
        for (const thing of [...errors, events, one.management]) {
          expect(shown(thing).includes(secret), `${secret} in ${shown(thing).slice(0, 1000)}`).toBe(
            false,
          );
        }
      }
    });
  },
);

test('MG-15 neither a client nor its transport shows the secret, the token or what is in the store', async () => {
  const kept = new Map<string, string>();
  const tokenStore = {
    kept,
    get: async (key: string) => kept.get(key),
    set: async (key: string, value: string) => void kept.set(key, value),
  };
  const one = createClient(emulator, { tokenStore });
  await one.management.permissions.list();
  const secret = emulator.env['KINDE_MANAGEMENT_CLIENT_SECRET']!;
  const token = one.sent[0]!.headers.get('authorization')!.slice(7);
  const transport = createTransport({
    issuer: emulator.issuer,
    clientId: emulator.env['KINDE_MANAGEMENT_CLIENT_ID']!,
    clientSecret: secret,
    fetch: emulator.fetch,
    tokenStore,
  });
  await transport.tokens();
  expect([...kept.values()].join('')).toContain(token);
  for (const thing of [
    one.management,
    one.management.roles,
    transport,
    one.management.roles.list(),
  ]) {
    for (const hidden of [secret, token]) {
      expect(shown(thing).includes(hidden)).toBe(false);
    }
  }
});
