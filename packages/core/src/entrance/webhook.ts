import { fetchReachable } from '@kindling/internal';
import type { Context } from '../context.js';
import type { Note } from '../diagnostics/diagnostics.js';
import { hookFailed } from '../diagnostics/hook.js';
import type { EventName } from '../diagnostics/events.js';
import { KindeError, type KindeErrorDetails } from '../errors.js';
import type { HttpRequest, Reply } from '../http/http.js';
import type { WebhookReceiver, WebhookReport } from '../options/webhook-receiver.js';
import { createSessions } from '../session/sessions.js';
import { storeUnavailable } from '../store/timeout.js';

/** The receiver of webhooks with what it may use of this app. What it reports is noted and logged. */
export function receiverOf(
  webhooks: WebhookReceiver,
  context: Context,
): (request: HttpRequest, query: unknown, note: Note<EventName>) => Promise<Reply> {
  const { config } = context;
  const { paths, issuer, clientId, siteUrl, session, diagnostics } = config;
  const store = session.store ?? session.coordination;
  const app = `${clientId} ${siteUrl}${paths.webhooks}`;
  const acceptsLocal = config.localRefusal === undefined;
  const fetch = fetchReachable(config.fetch, config);
  const sessions = session.groups && createSessions(context, 'webhook');
  return (request, _query, note) => {
    const report = (given: WebhookReport) => {
      const { error: _, ...facts } = given;
      const error = errorOf(given);
      note({ ...facts, ...(error && { code: error.code }) });
      if (error) {
        diagnostics.tell(error, request);
      }
    };
    const host = { issuer, app, fetch, store, sessions, acceptsLocal, report };
    return webhooks.handle(request, host);
  };
}

/** A report as an error for the log; none where another process handles the event, or the framework gets the error. */
function errorOf({ outcome, reason = '', error }: WebhookReport): KindeError | undefined {
  if (outcome === 'refused') {
    return refusal(reason);
  }
  switch (reason) {
    case 'keys_unavailable':
      return keysUnavailable({ cause: error });
    case 'key_unknown':
      return keysUnavailable({ reason });
    case 'store':
    case 'sessions':
      return error instanceof KindeError ? error : storeUnavailable(STORE_FAILED, { cause: error });
    case 'timeout':
      return new KindeError('hook_failed', 'A handler of webhooks exceeded its `timeout`.', {
        reason: 'webhooks.on',
        fix: 'Put long work into a queue, or pass a longer `timeout` to `createWebhooks`.',
      });
    case 'handler':
      return hookFailed('webhooks.on', error);
    case 'onProblem':
      return hookFailed('webhooks.onProblem', error);
    default:
      return undefined;
  }
}

function keysUnavailable(details: KindeErrorDetails): KindeError {
  return new KindeError(
    'keys_unavailable',
    'The signing key of a webhook is unavailable.',
    details,
  );
}

const STORE_FAILED = 'The store of handled webhooks does not answer.';

const SENDER =
  'Only webhooks of your Kinde domain are accepted: compare `issuer` (KINDE_ISSUER_URL) with it.';
const PROXY = 'If Kinde sent it, a proxy on the way changes or drops its headers.';

/** What to do about a refusal that should not have been one. */
const FIXES: Readonly<Record<string, string>> = {
  signature: SENDER,
  alg: SENDER,
  kid: SENDER,
  key_insecure: SENDER,
  iss: SENDER,
  stale: 'Correct the clock of this machine; or pass `acceptRetries` to `createWebhooks`.',
  timestamp: 'Correct the clock of this machine.',
  webhook_id: PROXY,
  content_type: PROXY,
};

function refusal(reason: string): KindeError {
  const code = reason === 'too_large' ? 'body_too_large' : 'param_invalid';
  return new KindeError(code, 'A webhook was refused.', { reason, fix: FIXES[reason] });
}
