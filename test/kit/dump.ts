import type { SessionStore } from '@kindling/core';
import { createEmulator } from '@kindling/emulator';
import { expect } from 'vitest';
import { frameworks, optionsFor, SITE } from './apps.js';
import { createBrowser } from './browser.js';

/** Signs Ada in, and looks for her in everything that the store holds. */
export async function signInAndDump(
  framework: string,
  store: SessionStore,
  dump: () => Promise<string[]>,
): Promise<void> {
  const emulator = await createEmulator({ strict: true, siteUrl: SITE });
  const server = await frameworks[framework]!({ ...optionsFor(emulator), session: { store } });
  const browser = createBrowser(server, emulator);
  await browser.signIn('ada@example.com');
  expect((await browser.open('/me')).json().email).toBe('ada@example.com');
  const kept = await dump();
  expect(kept.join().length).toBeGreaterThan(1000);
  const ada = emulator.state.people.find(({ email }) => email === 'ada@example.com')!;
  const secrets = [
    'ada@example.com',
    'Ada',
    ada.id,
    'org_acme0rockets',
    'eyJhbGciOiJSUzI1NiI',
    'refresh_token',
    ...browser.jar.values(),
  ];
  for (const secret of secrets) {
    for (const text of kept) {
      expect(text).not.toContain(secret);
    }
  }
  server.close();
}
