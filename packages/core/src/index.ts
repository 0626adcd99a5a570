export * from '@kindling/claims';
export { createKinde, type Kinde } from './kinde.js';
export {
  environmentVariables,
  isProduction,
  optionsFromEnv,
  type OptionVariables,
} from './options/env.js';
export type { KindeOptions, Paths, SessionOptions } from './options/options.js';
export type { SessionEffects, WebhookReceiver, WebhookReport } from './options/webhook-receiver.js';
export type {
  AuditEvent,
  Endpoint,
  EventDetails,
  EventFacts,
  EventName,
  KindeEvent,
  RevocationMeans,
} from './diagnostics/events.js';
export type { Logger } from './diagnostics/log.js';
export { KindeError, type KindeErrorCode } from './errors.js';
export type { Guard, Rule } from './entrance/guard.js';
export type { Entitlement, Live } from './oauth/account-api.js';
export type { PortalOptions } from './entrance/portal.js';
export { filesystemStore } from './store/filesystem.js';
export { memoryStore } from './store/memory.js';
export {
  assertSignedIn,
  type Auth,
  type RequestAuth,
  type SignedIn,
  type SignedOut,
  type SignedOutReason,
} from './caller/auth.js';
export type { AuthenticateOptions } from './caller/authenticate.js';
export type { Authentication } from './caller/continue.js';
export type { Entered, Outlet } from './entrance/enter.js';
export type { HttpRequest, Problem, Redirect, Reply, Route } from './http/http.js';
export type { LoginOptions } from './login/login.js';
export type { LogoutOptions } from './logout/logout.js';
export type { AuthorizationParameters } from './login/parameters.js';
export type { SessionInfo, Sessions } from './session/sessions.js';
export type { SessionStore } from './store/session-store.js';
