export * from '@kindling/claims';
export { createKinde, type Kinde } from './kinde.js';
export {
  isProduction,
  optionsFromEnv,
  type KindeOptions,
  type Paths,
  type SessionOptions,
} from './options.js';
export type { SessionEffects, WebhookReceiver } from './webhook-receiver.js';
export { KindeError, type KindeErrorCode } from './errors.js';
export type { Guard, Rule } from './guard.js';
export type { Entitlement, Live } from './account.js';
export type { PortalOptions } from './portal.js';
export { filesystemStore } from './filesystem.js';
export { memoryStore } from './memory.js';
export {
  assertSignedIn,
  type Auth,
  type RequestAuth,
  type SignedIn,
  type SignedOut,
  type SignedOutReason,
} from './auth.js';
export type { Authentication, AuthenticateOptions } from './authenticate.js';
export type { Entered, Outlet } from './enter.js';
export type { HttpRequest, Problem, Redirect, Reply, Route } from './http.js';
export type { LoginOptions } from './login.js';
export type { LogoutOptions } from './logout.js';
export type { AuthorizationParameters } from './parameters.js';
export type { SessionInfo, Sessions } from './sessions.js';
export type { SessionStore } from './store.js';
