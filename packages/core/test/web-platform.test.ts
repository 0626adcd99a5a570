import { readdirSync, readFileSync } from 'node:fs';
import { createContext, Script } from 'node:vm';
import { memoryStore, type createKinde } from '@kindling/core';
import { createEmulator } from '@kindling/emulator';
import { build } from 'esbuild';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { optionsFor, SITE } from '../../../test/kit/apps.js';
import { keep as keepCookies } from '../../../test/kit/browser.js';
import { calls, DAY, later, TOKEN } from '../../../test/kit/provider.js';
import { ADA } from '../../../test/kit/shop.js';

afterEach(() => void vi.useRealTimers());

describe('where there is nothing of Node', () => {
  const entry = new URL('../src/index.ts', import.meta.url).pathname;
  const folder = new URL('../src/', import.meta.url);

  test('no module of Node is loaded before it is used', () => {
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((one) =>
      one.endsWith('.ts'),
    );
    // Entries of their own: for servers that have Node's requests, and for tests of adapters.
    const ofNode = /^adapter\/(node|conformance)\b/;
    for (const file of files.filter((one) => !ofNode.test(one))) {
      expect(
        readFileSync(new URL(file, folder), 'utf8').replace(/^import type .*$/gm, ''),
        file,
      ).not.toMatch(/\bfrom 'node:|^import 'node:|\brequire\(/m);
    }
  });

  test('people sign in, are renewed in agreement and sign out, with what the web platform has', async () => {
    const emulator = await createEmulator({ strict: true, siteUrl: SITE });
    const store = memoryStore();
    const { outputFiles } = await build({
      entryPoints: [entry],
      bundle: true,
      write: false,
      format: 'iife',
      globalName: 'kindling',
      platform: 'neutral',
      mainFields: ['module', 'main'],
      conditions: ['import', 'workerd'],
      external: ['node:*'],
      logLevel: 'error',
    });
    // Timers are numbers, and `fetch` is only ever called as a function of its own, as on Cloudflare's workers.
    const timers = new Map<number, ReturnType<typeof setTimeout>>();
    const keep = (timer: ReturnType<typeof setTimeout>) => timers.set(timers.size + 1, timer).size;
    const web = {
      ...{
        AbortController,
        AbortSignal,
        Blob,
        CompressionStream,
        DecompressionStream,
        Headers,
        Request,
        Response,
        TextDecoder,
        TextEncoder,
        URL,
        URLSearchParams,
      },
      ...{
        Uint8Array,
        ArrayBuffer,
        CryptoKey,
        ReadableStream,
        atob,
        btoa,
        crypto,
        performance,
        queueMicrotask,
        structuredClone,
      },
      get Date() {
        return Date;
      },
      setTimeout: (work: () => void, time: number) => keep(setTimeout(work, time)),
      setInterval: (work: () => void, time: number) => keep(setInterval(work, time)),
      clearTimeout: (id: number) => clearTimeout(timers.get(id)),
      clearInterval: (id: number) => clearInterval(timers.get(id)),
      fetch(this: unknown, ...asked: Parameters<typeof fetch>) {
        if (this !== undefined && this !== world) {
          throw new TypeError('Illegal invocation');
        }
        return emulator.fetch(...asked);
      },
    };
    const world = createContext(web);
    new Script(`${outputFiles[0]!.text}; this.kindling = kindling`).runInContext(world);
    const { createKinde: create } = (
      world as unknown as { kindling: { createKinde: typeof createKinde } }
    ).kindling;
    let isDown = false;
    const coordination = {
      ...store,
      compareAndSet: async (...given: Parameters<typeof store.compareAndSet>) => {
        if (isDown) {
          throw new Error('down');
        }
        return store.compareAndSet(...given);
      },
    };
    const { fetch: _own, ...options } = optionsFor(emulator, {
      session: { coordination, idle: 3 * DAY },
    });
    const kinde = create(options);
    const jar = new Map<string, string>();
    const request = (url: string) => {
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
      return { method: 'GET', url, headers: new Headers({ cookie }) };
    };
    const { location, cookies } = await kinde.login(request('/login'));
    keepCookies(jar, cookies);
    const back = await emulator.signIn(location, { email: ADA });
    keepCookies(jar, (await kinde.callback(request(back.pathname + back.search))).cookies);
    const seen = async () => {
      const { auth, cookies } = await kinde.authenticate(request('/'));
      keepCookies(jar, cookies);
      return auth.isAuthenticated;
    };
    expect([await seen(), await seen()]).toEqual([true, true]);
    later(DAY + 1);
    // What Kinde has given is kept for later without Node's timers, too.
    emulator.faults.once('/oauth2/token', async (_request, next) => {
      isDown = true;
      return next();
    });
    expect(await seen()).toBe(true);
    isDown = false;
    expect(await seen()).toBe(true);
    expect([calls(emulator, TOKEN), emulator.state.reuse]).toEqual([2, 0]);
    keepCookies(jar, (await kinde.logout(request('/logout'))).cookies);
    expect(await seen()).toBe(false);
  });
});
