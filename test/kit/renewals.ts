import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import { memoryStore, type KindeOptions, type SessionStore } from '@kindling/core';
import { createEmulator, type Emulator } from '@kindling/emulator';
import { vi } from 'vitest';
import { hash } from '../../packages/core/src/crypto/hash.js';
import { createSeal } from '../../packages/core/src/crypto/seal.js';
import { frameworks, optionsFor, SECRET, SITE } from './apps.js';
import { createBrowser, type Browser } from './browser.js';
import { NAVIGATION, send, type Answer } from './http.js';

export const ADA = 'ada@example.com';
export const DAY = 86_400;
/** Seconds that access tokens live in these tests. */
export const TOKEN_LIFE = 7200;

export type Mode = 'cookie' | 'coordination' | 'store';
const MODES: readonly Mode[] = ['cookie', 'coordination', 'store'];

/** Every framework with every way to keep sessions. */
export const rows = Object.keys(frameworks).flatMap((framework) =>
  MODES.map((mode) => [framework, mode] as const),
);

/** Time that passes when the test says so, and a wall clock that can be wrong about it. */
export interface Clock {
  /** The true time, in Unix seconds. */
  now(): number;
  /** Lets so many seconds pass. */
  pass(seconds: number): void;
  /** From now on the machine's clock is ahead of the true time by so many seconds; negative: behind. */
  isOff(seconds: number): void;
}

/** Takes the clock over. Timers stay real. */
export function takeClock(): Clock {
  vi.useFakeTimers({ now: Date.now(), toFake: ['Date', 'performance'] });
  const start = Date.now() - performance.now();
  const time = () => start + performance.now();
  let off = 0;
  return {
    now: () => Math.floor(time() / 1000),
    pass: (seconds) => void vi.advanceTimersByTime(seconds * 1000),
    isOff(seconds) {
      off = seconds * 1000;
      vi.setSystemTime(time() + off);
    },
  };
}

/** One app, or several processes' worth of it, in front of a Kinde whose clock is right. */
export interface Place {
  readonly emulator: Emulator;
  readonly store: Required<SessionStore>;
  readonly browser: Browser;
  readonly app: Server;
  /** One more process. Where the mode has a store, it shares it. */
  start(more?: Partial<KindeOptions>): Promise<Server>;
  /** Requests to the token endpoint so far. */
  calls(): number;
  cookie(): string;
  /** Opens a page with this cookie, at any process. */
  ask(server: Server, path?: string, cookie?: string): Promise<Answer>;
  close(): Promise<void>;
}

/** A place where Ada has signed in. */
export async function openPlace(
  [framework, mode]: readonly [string, Mode],
  { now }: Pick<Clock, 'now'> = { now: () => Math.floor(Date.now() / 1000) },
  options: Partial<KindeOptions> = {},
): Promise<Place> {
  const emulator = await createEmulator({ strict: true, siteUrl: SITE, clock: { now } });
  const [app] = emulator.state.applications;
  app!.tokens = { ...app!.tokens, accessTokenLifetime: TOKEN_LIFE };
  const store = memoryStore();
  const servers: Server[] = [];
  const start = async (more: Partial<KindeOptions> = {}) => {
    const kept = {
      ...(mode === 'coordination' && { coordination: store }),
      ...(mode === 'store' && { store }),
    };
    const session = { ...kept, ...options.session, ...more.session };
    const server = await frameworks[framework]!(
      optionsFor(emulator, { timeout: 5, ...options, ...more, session }),
    );
    servers.push(server);
    return server;
  };
  const server = await start();
  const browser = createBrowser(server, emulator);
  await browser.signIn(ADA);
  emulator.state.reuse = 0;
  const cookie = () => [...browser.jar].map(([name, value]) => `${name}=${value}`).join('; ');
  return {
    emulator,
    store,
    browser,
    app: server,
    start,
    cookie,
    calls: () => emulator.requests.filter(({ path }) => path === '/oauth2/token').length,
    ask: (to, path = '/private', jar = cookie()) =>
      send(to, path, { headers: { ...NAVIGATION, cookie: jar } }),
    async close() {
      vi.useRealTimers();
      for (const one of servers) {
        one.closeAllConnections();
        one.close();
      }
      await emulator.close();
    },
  };
}

/** `Cookie` headers of so many people whose tokens are Ada's, each with a session and a refresh token of their own. */
export async function multiply(place: Place, mode: Mode, count: number): Promise<string[]> {
  const options = optionsFor(place.emulator);
  const seal = createSeal([SECRET], `${options.issuer} ${options.clientId}`);
  const [[name, value]] = [...place.browser.jar] as [[string, string]];
  const cookie = { ...(await seal.open(value, 'session'))!.payload };
  const id = String(cookie['id']);
  const record =
    mode === 'store'
      ? (await seal.open((await place.store.get(await hash(id)))!, 'store'))!.payload
      : {};
  return Promise.all(
    Array.from({ length: count }, async () => {
      const own = {
        id: randomBytes(32).toString('base64url'),
        refreshToken: randomBytes(32).toString('base64url'),
      };
      if (mode === 'store') {
        await place.store.set(
          await hash(own.id),
          await seal.seal({ ...record, ...own }, 'store', DAY),
          DAY,
        );
      }
      const kept = mode === 'store' ? { ...cookie, id: own.id } : { ...cookie, ...own };
      return `${name}=${await seal.seal(kept, 'session', DAY)}`;
    }),
  );
}
