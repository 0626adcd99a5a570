import { createEmulator } from '@kindling/emulator';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { frameworks, optionsFor } from '../kit/apps.js';
import { NAVIGATION, send } from '../kit/http.js';
import { createServers } from '../kit/servers.js';

const SITE = 'http://localhost:4999';

const servers = createServers();
const warnings: string[] = [];
const note = (warning: Error) => void warnings.push(warning.message);
beforeEach(() => void process.on('warning', note));
afterEach(() => {
  process.off('warning', note);
  warnings.length = 0;
  servers.close();
});

/** Warnings after somebody opened these paths at these hosts. */
async function warningsOf(
  framework: string,
  visits: readonly Record<string, string>[],
  options = {},
) {
  const emulator = await createEmulator({ strict: true, siteUrl: SITE });
  const server = await servers.start(
    framework,
    optionsFor(emulator, { siteUrl: SITE, ...options }),
  );
  for (const { path = '/login', ...headers } of visits) {
    await send(server, path, { headers: { ...NAVIGATION, ...headers } });
  }
  await new Promise(setImmediate);
  return warnings.splice(0);
}

describe.each(Object.keys(frameworks))(
  'an app at another address than its site, on %s',
  (framework) => {
    test.each(['/login', '/private'])(
      'the first sign-in at another port, by %s, warns once and names both',
      async (path) => {
        const [warning, ...others] = await warningsOf(framework, [
          { path, host: 'localhost:3000' },
          { path, host: 'localhost:3000' },
        ]);
        expect(warning).toContain('opened at localhost:3000');
        expect(warning).toMatch(/KINDE_SITE_URL.* http:\/\/localhost:4999/);
        expect(others).toEqual([]);
      },
    );

    test('the first sign-in at 127.0.0.1 warns, too', async () => {
      expect(await warningsOf(framework, [{ host: '127.0.0.1:4999' }])).toEqual([
        expect.stringContaining('opened at 127.0.0.1:4999'),
      ]);
    });

    test('nothing is said of the site itself, of proxies, of hosts elsewhere, and in production', async () => {
      const quiet = [
        { host: 'localhost:4999' },
        { host: 'app.example' },
        { host: 'localhost:3000', 'x-forwarded-host': 'app.example' },
      ];
      expect(await warningsOf(framework, quiet)).toEqual([]);
      const options = {
        production: true,
        allowPrivateIssuer: true,
        issuer: 'https://acme.kinde.com',
      };
      expect(await warningsOf(framework, [{ host: 'localhost:3000' }], options)).toEqual([]);
    });
  },
);
