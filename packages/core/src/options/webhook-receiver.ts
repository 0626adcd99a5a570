import type { HttpRequest, Reply } from '../http/http.js';
import type { SessionStore } from '../store/session-store.js';

/** Structural type of a webhook handler, so that core does not depend on `@kindling/webhooks`. */
export interface WebhookReceiver {
  /** Where the webhooks arrive, below the path of `siteUrl`. */
  readonly path: string;
  /** Answers one request to `path`. `host` is what the receiver may use of the app it is mounted in. */
  handle(
    request: HttpRequest,
    host: {
      issuer: string;
      app: string;
      fetch: typeof fetch;
      store: SessionStore | undefined;
      sessions: SessionEffects | undefined;
    },
  ): Promise<Reply>;
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
