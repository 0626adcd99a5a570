import { inspect } from 'node:util';
import { createKinde, type Auth, type Outlet, type RequestAuth } from '@kindling/core';
import { createEmulator, type Emulator } from '@kindling/emulator';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { optionsFor, SITE } from '../../../../test/kit/apps.js';
import { createBrowser } from '../../../../test/kit/browser.js';
import { createServers } from '../../../../test/kit/servers.js';
import { ACME, ADA, cookieOf } from '../../../../test/kit/shop.js';

let emulator: Emulator;
const servers = createServers();
beforeEach(async () => {
  emulator = await createEmulator({ strict: true, siteUrl: SITE });
});
afterEach(() => servers.close());

test('a caller shows no token, however it is copied or printed, and nobody can change what others see', async () => {
  const kinde = createKinde(optionsFor(emulator));
  const app = await servers.start('express', optionsFor(emulator));
  const ada = createBrowser(app, emulator);
  await ada.signIn(ADA, '/login', ACME);
  const headers = new Headers({ cookie: cookieOf(ada) });
  const outlet: Outlet = { canSetCookies: true, setCookies: () => {}, vary: () => {} };
  const caller = async () => {
    const request = { method: 'GET', url: '/', headers };
    await kinde.authenticate(request);
    const entered = kinde.enter(request, outlet);
    expect(entered).not.toBeInstanceOf(Promise);
    return (await entered).caller!;
  };
  const one = await caller();
  const { auth } = await kinde.authenticate({ method: 'GET', url: '/', headers });
  const secret = (one as { accessToken: string }).accessToken.slice(0, 40);
  expect(secret).toMatch(/^eyJ/);
  for (const shown of [
    one,
    auth,
    { ...one },
    [one],
    new Error('x', { cause: one }),
    Object.assign({}, one),
  ]) {
    for (const text of [
      JSON.stringify(shown),
      inspect(shown, { depth: 9, showHidden: true }),
      inspect(shown, { depth: 9, getters: true }),
      String(shown),
    ]) {
      expect(text).not.toContain(secret);
    }
  }
  expect(Object.keys(one).filter((name) => /token/i.test(name))).toEqual([]);
  expect(() => structuredClone(one)).toThrow(expect.not.stringContaining(secret) as never);
  const answers = (who: Auth | RequestAuth) => [
    who,
    who.getPermissions(),
    who.getPermissions().permissions,
    who.getPermission('create:todos'),
    who.getClaims(),
    who.getClaims('id_token'),
    who.getRoles().roles,
    who.getFlags(),
    who.getFlag('theme'),
    who.getUserOrganizations().orgs,
    who.getProperties(),
    ...(who.isAuthenticated ? [who.user] : []),
  ];
  const before = answers(await caller()).map((answer) => inspect(answer, { depth: 9 }));
  const deface = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) {
      return;
    }
    Object.values(value).forEach(deface);
    for (const name of [...Object.keys(value), 'added', '0']) {
      Reflect.set(value, name, 'defaced');
    }
    if (Array.isArray(value)) {
      Reflect.apply(Reflect.set, undefined, [value, 'length', 0]);
    }
  };
  answers(one).forEach(deface);
  expect(answers(await caller()).map((answer) => inspect(answer, { depth: 9 }))).toEqual(before);
});
