import type { Server } from 'node:http';
import {
  createKinde,
  memoryStore,
  type Kinde,
  type KindeOptions,
  type SessionOptions,
  type SessionStore,
} from '@kindling/core';
import { createEmulator } from '@kindling/emulator';
import { frameworks, optionsFor, SITE } from './apps.js';
import { createBrowser, type Browser } from './browser.js';
import { send } from './http.js';

export const ADA = 'ada@example.com';
export const GRACE = 'grace@example.com';
export const ACME = 'org_acme0rockets';

/** How sessions can be kept with a store. */
export const keeping: Record<string, (store: SessionStore) => SessionOptions> = {
  cookie: () => ({}),
  coordination: (store) => ({ coordination: store as Required<SessionStore> }),
  store: (store) => ({ store }),
};

/** Both frameworks with the ways to keep sessions that are given. */
export const rows = (...kinds: readonly string[]) =>
  Object.keys(frameworks).flatMap((framework) => kinds.map((kind) => [framework, kind] as const));

/** A store whose calls are counted and can be made to fail, and which can lose what it holds. */
export function createFragileStore() {
  let inner = memoryStore();
  const calls: string[] = [];
  const faults: {
    around: (work: () => Promise<unknown>, method: string, first: unknown) => Promise<unknown>;
  } = {
    around: (work) => work(),
  };
  const store = Object.fromEntries(
    Object.keys(inner).map((method) => [
      method,
      (...given: unknown[]) => {
        calls.push(method);
        const work = inner[method as 'get'] as (...given: unknown[]) => Promise<unknown>;
        return faults.around(() => work(...given), method, given[0]);
      },
    ]),
  ) as unknown as Required<SessionStore>;
  return {
    store,
    calls,
    faults,
    inner: () => inner,
    flush: () => void (inner = memoryStore()),
    down: () => void (faults.around = () => Promise.reject(new Error('down'))),
    up: () => void (faults.around = (work) => work()),
  };
}

/** An emulator, and as many processes of one app as are asked for. */
export async function createShop() {
  const emulator = await createEmulator({ strict: true, siteUrl: SITE });
  const open: Server[] = [];
  const options = (session: SessionOptions, more: Partial<KindeOptions> = {}) =>
    optionsFor(emulator, { session: { idle: 3 * 86_400, ...session }, ...more });
  return {
    emulator,
    async start(
      framework: string,
      session: SessionOptions,
      more?: Partial<KindeOptions>,
    ): Promise<Server> {
      const app = await frameworks[framework]!(options(session, more));
      open.push(app);
      return app;
    },
    kinde: (session: SessionOptions, more?: Partial<KindeOptions>): Kinde =>
      createKinde(options(session, more)),
    async signIn(app: Server, email: string, organization?: string): Promise<Browser> {
      const browser = createBrowser(app, emulator);
      await browser.signIn(email, '/login', organization);
      return browser;
    },
    idOf: (email: string) => emulator.state.people.find((person) => person.email === email)!.id,
    close() {
      for (const app of open.splice(0)) {
        app.closeAllConnections();
        app.close();
      }
      return emulator.close();
    },
  };
}

export const cookieOf = ({ jar }: Browser) =>
  [...jar].map(([name, value]) => `${name}=${value}`).join('; ');

/** What an app answers to these cookies: who it is for everybody, and the status of a page that needs somebody. */
export async function visit(app: Server, cookie: string) {
  const me = await send(app, '/me', { headers: { cookie } });
  const page = await send(app, '/private', { headers: { cookie, accept: 'application/json' } });
  const { isAuthenticated, reason } = me.json() as {
    isAuthenticated: boolean;
    reason: string | null;
  };
  return { isSignedIn: isAuthenticated, reason, status: page.status, cookies: me.setCookies };
}

export type Shop = Awaited<ReturnType<typeof createShop>>;
