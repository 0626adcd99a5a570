import { base64url } from 'jose';
import { createDeliveries, memorySeen, type Outcome, type SeenStore } from './deliveries.js';
import { readBody } from './body.js';
import { followEvent, type SessionEffects } from './effects.js';
import { KindeWebhookError } from './errors.js';
import type { OtherEvent } from './events.js';
import { replyWith, type Reply, type WebhookRequest } from './http.js';
import { createKeys } from './keys.js';
import {
  resolveOptions,
  RETRIES_NEED_STORE,
  warn,
  type Settings,
  type WebhookOptions,
  type WebhookProblem,
} from './options.js';
import { TOLERANCE, verify } from './verify.js';

/** What the app that this is mounted in knows; `kinde()` passes it. */
export interface WebhookHost {
  readonly issuer: string;
  /** The name of the app among all that share its store: its client and the address at which its webhooks arrive. */
  readonly app?: string;
  readonly fetch: typeof globalThis.fetch;
  readonly store: SeenStore | undefined;
  readonly sessions: SessionEffects | undefined;
}

/** Receives the webhooks of a Kinde tenant. Frozen. */
export interface Webhooks {
  /** Where they arrive. */
  readonly path: string;
  /**
   * From request to complete answer. 200: handled, now or before. 400, 405, 413, 415: refused, nothing was called.
   * 500, 503, 504: Kinde shall send it again.
   * @throws KindeWebhookError for mistakes in how this is set up.
   */
  handle(request: WebhookRequest, host?: WebhookHost): Promise<Reply>;
}

/**
 * Verifies Kinde's webhooks and calls your handlers, once per event.
 * @throws KindeWebhookError `config_invalid`, listing every problem with the options.
 * @example app.use(kinde({ webhooks: createWebhooks({ on: { 'user.created': ({ data }) => welcome(data.user) } }) }))
 */
export function createWebhooks(options: WebhookOptions): Webhooks {
  const settings = resolveOptions(options);
  const { path, window, timeout, fetch } = settings;
  const deliver = createDeliveries(timeout);
  const keysOf = createKeys();
  const memory = memorySeen();
  const handle = async (request: WebhookRequest, host?: WebhookHost): Promise<Answer> => {
    const issuer = settings.issuer ?? host?.issuer;
    if (!issuer) {
      throw new KindeWebhookError(
        'config_invalid',
        'Pass `issuer`, your Kinde domain, or mount this with kinde().',
      );
    }
    const store = settings.seen ?? host?.store;
    if (settings.acceptRetries && !store) {
      throw new KindeWebhookError('config_invalid', RETRIES_NEED_STORE);
    }
    const body = await readRequest(request);
    if (typeof body !== 'string') {
      return body;
    }
    const keys = keysOf(issuer, fetch ?? host?.fetch ?? globalThis.fetch);
    const verified = await verify(body, {
      issuer,
      keys,
      maxAge: window,
    });
    if ('refused' in verified) {
      return refusal(verified.refused);
    }
    const { event } = verified;
    const app = settings.app ?? host?.app;
    // Versions that knew no names kept every app's events under this id, which may be theirs still.
    const unnamed = await hash(`webhook ${issuer} ${event.event_id}`);
    const outcome = await deliver({
      id:
        app === undefined
          ? unnamed
          : await hash(JSON.stringify(['webhook', issuer, app, event.event_id])),
      formerId: unnamed,
      store: store ?? memory,
      remember: window + 2 * TOLERANCE,
      work: (signal) => dispatch(event, signal, { settings, sessions: host?.sessions }),
    });
    return conclusion(event, outcome);
  };
  return Object.freeze({
    path,
    async handle(request: WebhookRequest, host?: WebhookHost) {
      const { reply, ...problem } = await handle(request, host);
      if (reply.status !== 200) {
        report(settings, {
          reason: 'unknown',
          ...problem,
          status: reply.status,
        });
      }
      return reply;
    },
  });
}

/** What is answered, and why it is not 200. */
type Answer = { readonly reply: Reply } & Partial<Omit<WebhookProblem, 'status'>>;

/** The body of a request that has the form of a webhook. The signature decides; this keeps everything else cheap. */
async function readRequest(request: WebhookRequest): Promise<string | Answer> {
  const { method, headers } = request;
  if (method !== 'POST') {
    return { reply: replyWith(405, { allow: 'POST' }), reason: 'method' };
  }
  if (!/^(application\/(jwt|json)|text\/plain) *(;|$)/i.test(headers.get('content-type') ?? '')) {
    return { reply: replyWith(415), reason: 'content_type' };
  }
  const id: unknown = headers.get('webhook-id');
  if (typeof id !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(id)) {
    return { reply: replyWith(400), reason: 'webhook_id' };
  }
  try {
    // The rest of a large body is on its way, so the connection cannot carry another request.
    return (
      (await readBody(request)) ?? {
        reply: replyWith(413, { connection: 'close' }),
        reason: 'too_large',
      }
    );
  } catch (error) {
    if (error instanceof KindeWebhookError) {
      throw error;
    }
    return { reply: replyWith(400), reason: 'body' };
  }
}

function refusal(reason: string): Answer {
  return { reply: UNDECIDED.includes(reason) ? again(503, 5) : replyWith(400), reason };
}

/** What may be true later: the keys did not arrive, or Kinde signs with one that it publishes only now. */
const UNDECIDED: readonly string[] = ['keys_unavailable', 'key_unknown'];

/** Sessions first: when your handler tells the person, what it tells is true already. */
async function dispatch(
  event: OtherEvent,
  signal: AbortSignal,
  { settings, sessions }: { settings: Settings; sessions: SessionEffects | undefined },
): Promise<void> {
  const { on, otherwise, followSessions } = settings;
  if (sessions && followSessions) {
    await followEvent(event, sessions);
  }
  // `verify` has looked at the data of the types that have a handler of their own.
  const handlers = on as Readonly<Record<string, Settings['otherwise']>>;
  const handler =
    (Object.hasOwn(handlers, event.type) ? handlers[event.type] : undefined) ?? otherwise;
  await handler?.(event, Object.freeze({ signal }));
}

function conclusion({ type, event_id: eventId }: OtherEvent, outcome: Outcome): Answer {
  switch (outcome.kind) {
    case 'done':
    case 'duplicate':
      return { reply: replyWith(200) };
    case 'failed':
      return {
        reply: replyWith(500),
        reason: 'handler',
        type,
        eventId,
        error: outcome.error,
      };
    case 'unavailable':
      return {
        reply: again(503, 5),
        reason: 'store',
        type,
        eventId,
        error: outcome.error,
      };
    case 'busy':
      return {
        reply: again(503, 5),
        reason: 'busy',
        type,
        eventId,
      };
    case 'late':
      return {
        reply: replyWith(504),
        reason: 'timeout',
        type,
        eventId,
      };
  }
}

/** Who watches must not stop what is watched. */
function report({ onProblem }: Settings, problem: WebhookProblem): void {
  try {
    onProblem(problem);
  } catch (error) {
    warn({
      ...problem,
      status: 500,
      reason: 'onProblem',
      error,
    });
  }
}

function again(status: number, seconds: number): Reply {
  return replyWith(status, { 'retry-after': String(seconds) });
}

/** A store gets ids of one length and one alphabet, whatever Kinde's look like. */
async function hash(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return base64url.encode(new Uint8Array(digest));
}
