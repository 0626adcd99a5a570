import { createMemoryBudgets } from './cache/bounded.js';
import { createCallerContext } from './caller/context.js';
import { createCookieContext } from './cookies.js';
import { createLoginContext, type LoginContext } from './login/context.js';
import { createLogoutContext, type LogoutContext } from './logout/context.js';
import type { Config } from './options/config.js';
import { createSessionContext } from './session/context.js';

/**
 * State of one app, room by room: each room's `context.ts` says what it adds. Built once and frozen; holds no value of any one
 * user, except under that user's own secret.
 */
export type Context = LoginContext & LogoutContext;

/** Puts the rooms together. */
export function createContext(config: Config): Context {
  const memory = createMemoryBudgets();
  const session = createSessionContext(createCookieContext(config, memory), memory);
  const login = createLoginContext(createCallerContext(session, memory), memory);
  return Object.freeze({ ...login, ...createLogoutContext(session, memory) });
}
