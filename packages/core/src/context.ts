// Puts the state of one app together; each room says in its own context.ts what it keeps.

import { createMemoryBudgets } from './cache/bounded.js';
import { createCallerContext } from './caller/context.js';
import { createCookieContext } from './cookies.js';
import { createLoginContext, type LoginContext } from './login/context.js';
import { createLogoutContext, type LogoutContext } from './logout/context.js';
import type { Config } from './options/config.js';
import { createSessionContext } from './session/context.js';

/**
 * State of one app, to which each room's `context.ts` adds its part. Created once and frozen. Values of a user are cached in it
 * only under that user's own token or cookie.
 */
export type Context = LoginContext & LogoutContext;

/** Creates the state of all rooms. */
export function createContext(config: Config): Context {
  const memory = createMemoryBudgets();
  const session = createSessionContext(createCookieContext(config, memory), memory);
  const login = createLoginContext(createCallerContext(session, memory), memory);
  return Object.freeze({ ...login, ...createLogoutContext(session, memory) });
}
