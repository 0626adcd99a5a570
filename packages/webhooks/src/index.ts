export { createWebhooks, type WebhookHost, type Webhooks } from './webhooks.js';
export type { HandlerContext, WebhookHandlers, WebhookOptions, WebhookProblem } from './options.js';
export type { WebhookReport } from './report.js';
export type { SeenStore } from './deliveries.js';
export type { SessionEffects } from './effects.js';
export { KindeWebhookError, type KindeWebhookErrorCode } from './errors.js';
export type { Reply, WebhookRequest } from './http.js';
export { EVENT_TYPES } from './events.js';
export type {
  OtherEvent,
  UnknownData,
  WebhookData,
  WebhookEnvelope,
  WebhookEvent,
  WebhookEventType,
  WebhookKey,
  WebhookOrganization,
  WebhookPermission,
  WebhookRole,
  WebhookUser,
} from './events.js';
