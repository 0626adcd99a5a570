import type { Server } from 'node:http';
import { memoryStore, type KindeOptions, type SessionStore } from '@kindling/core';
import { createEmulator, type Emulator, type FaultHandler } from '@kindling/emulator';
import { vi } from 'vitest';
import { frameworks, optionsFor, SITE } from './apps.js';
import { send, type Answer } from './http.js';

const AUDIENCE = 'https://api.app.example';
export const ADA = 'ada@example.com';
export const DAY = 86_400;
export const TOKEN = '/oauth2/token';
export const JWKS = '/.well-known/jwks';
export const DISCOVERY = '/.well-known/openid-configuration';

const sessions: Record<string, (store: SessionStore) => KindeOptions['session']> = {
  'in the cookie': () => ({}),
  'in the cookie, with a store to coordinate by': (coordination) => ({ coordination }),
  'in a store': (store) => ({ store }),
};

/** Every framework with every way to keep sessions. */
export const rows = Object.keys(frameworks).flatMap((framework) =>
  Object.keys(sessions).map((way) => [framework, way] as const),
);

/** A Kinde for the apps of the rows. */
export async function startKinde(): Promise<Emulator> {
  const emulator = await createEmulator({
    strict: true,
    siteUrl: SITE,
    issuer: 'https://acme.kinde.example',
  });
  emulator.state.applications[0]!.audiences = [AUDIENCE];
  return emulator;
}

/** The app of a row, which gives Kinde a second. Several with one store are processes of one app. */
export function startRow(
  [framework, way]: readonly [string, string],
  emulator: Emulator,
  store: SessionStore = memoryStore(),
): Promise<Server> {
  const session = { idle: 3 * DAY, ...sessions[way]!(store) };
  return frameworks[framework]!(optionsFor(emulator, { timeout: 1, audience: AUDIENCE, session }));
}

/** Ends an app with the connections that its visitors left open. */
export function stop(app: Server): void {
  app.closeAllConnections();
  app.close();
}

/** Takes the connection and never answers. */
export const hang: FaultHandler = () => new Promise<never>(() => {});

/** The clock on the wall, so many seconds on. Give it back with `vi.useRealTimers()`. */
export function later(seconds: number): void {
  vi.useFakeTimers({ now: Date.now() + seconds * 1000, toFake: ['Date'] });
}

/** How often the emulator was asked for something. */
export function calls(emulator: Emulator, path: string): number {
  return emulator.requests.filter((request) => request.path === path).length;
}

/** Claims of a bearer token that the apps of the rows take. */
export function bearerClaims(emulator: Emulator): Record<string, unknown> {
  const time = Math.floor(Date.now() / 1000);
  return {
    iss: emulator.issuer,
    sub: 'kp_a',
    aud: [AUDIENCE],
    iat: time,
    exp: time + DAY,
    scp: [],
  };
}

/** Asks with a bearer token. */
export function sendBearer(app: Server, token: string): Promise<Answer> {
  return send(app, '/private', {
    headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
  });
}
