import { createKinde, type Kinde, type KindeOptions } from '@kindling/core';
import { createEmulator, type Emulator } from '@kindling/emulator';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { optionsFor, SITE } from '../../../../test/kit/apps.js';

/** The longest text of a request that may be told: the longest error code that is registered for OAuth has as many characters. */
const LONGEST = 33;

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const base64url = (length: number) =>
  fc.string({ unit: fc.constantFrom(...BASE64URL), minLength: length, maxLength: length + 30 });
/** Anything that can travel in a header. */
const visible = fc
  .string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)) })
  .map((text) => text.padEnd(LONGEST + 1, text || 'x'));
const jwt = fc
  .tuple(base64url(20), base64url(40), base64url(43))
  .map((parts) => `eyJ${parts.join('.')}`);
const words = fc
  .array(fc.constantFrom('a', 'login', 'x-y', '{"id":1}', '/', ':'), { minLength: 20 })
  .map((parts) => parts.join('.'));
const strange = fc.oneof(base64url(43), jwt, visible, words);

/** Parameters and headers that are read somewhere, and one that is not. */
const PARAMETERS = [
  ...['state', 'code', 'iss', 'error', 'error_description', 'scope', 'id_token', 'reauth_state'],
  ...['return_to', 'org_code', 'prompt', 'login_hint', 'max_age', 'invitation_code', 'page', 'x'],
];
const HEADERS = ['authorization', 'cookie', 'accept', 'origin', 'referer', 'user-agent', 'x-other'];

/** Each of these names with a text, or not. */
const someOf = (names: readonly string[]) =>
  fc.record(Object.fromEntries(names.map((name) => [name, strange])), { requiredKeys: [] });

const request = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT'),
  path: fc.constantFrom('/callback', '/login', '/register', '/logout', '/portal', '/user', '/'),
  query: someOf(PARAMETERS),
  /** A parameter with a name of the stranger's own, given twice. */
  twice: fc.option(base64url(LONGEST + 1), { freq: 1 }),
  headers: someOf(HEADERS),
});

describe('texts of strangers', () => {
  let emulator: Emulator;
  let kinde: Kinde;
  let told: unknown[];
  /** The cookies of a login and of the session. */
  let names: string[];
  beforeAll(async () => {
    emulator = await createEmulator({ strict: true, siteUrl: SITE });
    const tell = (...line: unknown[]) => void told.push(...line);
    const options: Partial<KindeOptions> = {
      audience: 'https://api.example',
      onEvent: tell,
      onAudit: tell,
      logger: { error: tell, warn: tell, info: tell, debug: tell },
    };
    kinde = createKinde(optionsFor(emulator, options));
    told = [];
    const { cookies } = await kinde.login({ method: 'GET', url: '/', headers: new Headers() });
    const [login] = cookies.map((line) => line.split('=')[0]!);
    names = [login!, login!.replace(/-login-.*/, '')];
  });
  afterAll(() => emulator.close());

  const answer = async (path: string, asked: Parameters<Kinde['authenticate']>[0]) => {
    const route = kinde.routes.find((one) => one.path === path);
    if (route) {
      await route.handle(asked);
      return;
    }
    const { auth } = await kinde.authenticate(asked);
    await kinde.guard(asked, auth, { allow: {} });
  };

  test('LK-06 are in no event, audit event or log line, wherever they are in a request', async () => {
    await fc.assert(
      fc.asyncProperty(request, async ({ method, path, query, twice, headers }) => {
        told = [];
        const params = new URLSearchParams(query as Record<string, string>);
        if (twice !== null) {
          params.append(twice, 'a');
          params.append(twice, 'b');
        }
        const cookie = names.map((name) => `${name}=${headers['cookie'] ?? ''}`).join('; ');
        const sent = new Headers({ ...headers, cookie });
        await answer(path, { method, url: `${path}?${params}`, headers: sent });
        expect(told.length).toBeGreaterThan(0);
        const shown = JSON.stringify(told, (_name, value: unknown) =>
          value instanceof Error ? [value.message, value.stack, value.cause, { ...value }] : value,
        );
        for (const text of [...Object.values(query), ...Object.values(headers), twice ?? '']) {
          const escaped = JSON.stringify(text).slice(1, -1);
          expect(text !== '' && shown.includes(escaped), text).toBe(false);
        }
      }),
      { numRuns: 500 },
    );
  });
});
