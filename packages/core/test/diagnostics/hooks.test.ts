import { createEmulator, type Emulator } from '@kindling/emulator';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createKinde, type KindeEvent, type KindeOptions } from '../../src/index.js';

const siteUrl = 'https://app.example';
const PAGE = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };

let emulator: Emulator;
beforeAll(async () => {
  emulator = await createEmulator({ strict: true, siteUrl });
});
afterAll(() => emulator.close());

function create(options: Partial<KindeOptions>) {
  return createKinde({
    issuer: emulator.issuer,
    clientId: emulator.env['KINDE_CLIENT_ID']!,
    clientSecret: emulator.env['KINDE_CLIENT_SECRET']!,
    secret: 'a secret for tests, of 32 characters or more',
    siteUrl,
    fetch: emulator.fetch,
    ...options,
  });
}

function request(url: string) {
  return { method: 'GET', url, headers: new Headers(PAGE) };
}

const silentLogger = () => ({ error: vi.fn(), warn: vi.fn(), info: vi.fn(), debug: vi.fn() });
const outlet = { setCookies() {}, canSetCookies: true };

describe('functions of the app', () => {
  test('onEvent may use Kinde: what it does there is no event', async () => {
    const names: string[] = [];
    const kinde = create({
      async onEvent({ name }: KindeEvent) {
        names.push(name);
        await kinde.enter(request('/me'), outlet);
        await kinde.login(request('/login'));
      },
    });
    await kinde.authenticate(request('/me'));
    await vi.waitFor(() => expect(names).toEqual(['authenticate']));
  });

  test('what onError returns is told to be of no use where it is no reply, and the page is sent', async () => {
    const logger = silentLogger();
    const kinde = create({ logger, onError: () => 'a page' as never });
    const { reply } = await kinde.enter(request('/callback?code=1'), outlet);
    expect([reply?.status, reply?.body]).toEqual([400, expect.stringContaining('state_missing')]);
    expect(logger.error.mock.calls).toEqual([
      [expect.objectContaining({ code: 'hook_failed', reason: 'onError' }), expect.any(String)],
    ]);
  });

  test('an error that is its own cause, and one whose members throw, are told like all others', async () => {
    const own = new Error('broken');
    own.cause = own;
    const hostile = {
      get message() {
        throw new Error('no message');
      },
    };
    for (const thrown of [own, hostile]) {
      const logger = silentLogger();
      const onAudit = () => Promise.reject(thrown);
      const kinde = create({ logger, onAudit });
      await kinde.enter(request('/callback?code=1&state=2'), outlet);
      await vi.waitFor(() => expect(logger.error).toHaveBeenCalledTimes(1));
    }
  });

  test('visitors of a production site learn neither cause nor fix nor page of an error', async () => {
    const logger = silentLogger();
    const refused = Object.assign(new TypeError('fetch failed'), { code: 'ECONNREFUSED' });
    const kinde = create({
      logger,
      production: true,
      issuer: 'https://acme.kinde.com',
      fetch: () => Promise.reject(refused),
    });
    const { reply } = await kinde.enter(request('/login'), outlet);
    expect(reply?.problem).toMatchObject({ status: 502, code: 'kinde_unreachable' });
    expect(Object.keys(reply?.problem ?? {}).sort()).toEqual([
      'code',
      'detail',
      'retry',
      'status',
      'title',
    ]);
    expect(reply?.body).not.toMatch(/unpkg|ECONNREFUSED|acme/);
    const [details, message] = logger.warn.mock.calls[0] ?? [];
    expect([details, message]).toEqual([
      expect.objectContaining({ code: 'kinde_unreachable', cause: 'ECONNREFUSED' }),
      'Kinde could not be reached at acme.kinde.com.',
    ]);
  });
});
