import { createEmulator, type Emulator } from '@kindling/emulator';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { frameworks, optionsFor, SITE } from '../kit/apps.js';
import { createBrowser } from '../kit/browser.js';
import { createServers } from '../kit/servers.js';

const ALAN = 'alan@example.com';

let emulator: Emulator;
const servers = createServers();
beforeAll(async () => {
  emulator = await createEmulator({
    strict: true,
    siteUrl: SITE,
    issuer: 'https://acme.kinde.com',
  });
});
afterEach(servers.close);

/** The page of a user who signed in in development and lacks the permission `never:granted`. */
async function pageOf(framework: string, production: boolean): Promise<string> {
  const signedIn = createBrowser(await servers.start(framework, optionsFor(emulator)), emulator);
  await signedIn.signIn(ALAN);
  const server = await servers.start(framework, optionsFor(emulator, { production }));
  const browser = createBrowser(server, emulator);
  signedIn.jar.forEach((value, name) => browser.jar.set(name, value));
  const { status, body } = await browser.open('/admin');
  expect(status).toBe(403);
  return body.replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));
}

describe.each(Object.keys(frameworks))(
  'a permission that is not in the token, on %s',
  (framework) => {
    test('the page names the requirement, the organization, what is granted, and the way on', async () => {
      const page = await pageOf(framework, false);
      expect(page).toContain('never:granted');
      expect(page).toMatch(/organization org_\w+/);
      expect(page).toContain('read:todos');
      expect(page).toContain('sign in again');
      expect(page).toContain('refresh()');
    });

    test('in production it names none of this', async () => {
      expect(await pageOf(framework, true)).not.toMatch(/never:granted|org_|read:todos/);
    });
  },
);
