import type { HttpRequest, Reply } from '../http/http.js';
import type { SessionStore } from '../store/session-store.js';

/** Structural type of a webhook handler, so that core does not depend on `@kindling/webhooks`. */
export interface WebhookReceiver {
  /** Where the webhooks arrive, below the path of `siteUrl`. */
  readonly path: string;
  /** Answers one request to `path`. `host` is what the receiver may use of the app it is mounted in, which it tells by `report` what it did. */
  handle(
    request: HttpRequest,
    host: {
      issuer: string;
      app: string;
      fetch: typeof fetch;
      store: SessionStore | undefined;
      sessions: SessionEffects | undefined;
      /** Whether webhooks that a local Kinde signed are accepted. */
      acceptsLocal: boolean;
      report(report: WebhookReport): void;
    },
  ): Promise<Reply>;
}

/** What became of a webhook. No member holds its data, its body or an id. */
export interface WebhookReport {
  /** HTTP status of the answer. */
  readonly status: number;
  /** `done`; `refused` for what the sender did; `failed` where Kinde, the store or the app did not do its part. */
  readonly outcome: 'done' | 'refused' | 'failed';
  /** The check or step that decided, such as `signature`, `duplicate` or `handler`. */
  readonly reason?: string;
  /** The event type, of those that Kinde documents, once the signature is verified. */
  readonly type?: string;
  /** What was thrown, for the log. */
  readonly error?: unknown;
}

/** Effects that a webhook may have on sessions. See `Sessions`. */
export interface SessionEffects {
  /** Revokes all sessions of a user. */
  revokeUser(userId: string): Promise<unknown>;
  /** Revokes all sessions in an organization. */
  revokeOrganization(orgCode: string): Promise<unknown>;
  /** Has the tokens of a user refreshed on their next request. */
  refreshUser(userId: string): Promise<unknown>;
  /** Has all tokens refreshed on the next request of each user. */
  refreshAll(): Promise<unknown>;
}
