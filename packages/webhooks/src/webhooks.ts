import { own } from '@kindling/internal';
import { createDeliveries, memorySeen, type Outcome, type SeenStore } from './deliveries.js';
import { readBody } from './body.js';
import { followEvent, type SessionEffects } from './effects.js';
import { KindeWebhookError } from './errors.js';
import type { OtherEvent } from './events.js';
import { hash } from './hash.js';
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
import { createPublisher, reportOf, type Reporter, type WebhookReport } from './report.js';
import { TOLERANCE, verify } from './verify.js';

/** The app that webhooks are mounted in. `kinde()` passes it. */
export interface WebhookHost {
  /** The Kinde domain of the app. */
  readonly issuer: string;
  /** Name of the app among all that share its store: its client ID and the URL at which its webhooks arrive. */
  readonly app?: string;
  /** Fetches the signing keys. */
  readonly fetch: typeof globalThis.fetch;
  /** Store that remembers which events were handled; `undefined` for an app without one. */
  readonly store: SeenStore | undefined;
  /** Whether webhooks that a local Kinde signed are accepted. @default outside of production only */
  readonly acceptsLocal?: boolean;
  /** Sessions that follow the events; `undefined` for an app whose sessions cannot. */
  readonly sessions: SessionEffects | undefined;
  /**
   * Told what became of each webhook, to log it and publish it as an event. Without it, the receiver publishes the event on the
   * channels of `kinde:webhook`.
   */
  readonly report?: (report: WebhookReport) => void;
}

/** A receiver of the webhooks of a Kinde tenant. Frozen. */
export interface Webhooks {
  /** The path at which webhooks arrive. */
  readonly path: string;
  /**
   * Handles a request and returns the complete response. 200: handled, now or before. 400, 405, 413, 415: refused, no handler
   * was called. 500, 503, 504: Kinde delivers it again.
   * @throws KindeWebhookError for mistakes in the set-up
   */
  handle(request: WebhookRequest, host?: WebhookHost): Promise<Reply>;
}

/**
 * Creates a receiver that verifies Kinde's webhooks and calls your handlers, once per event.
 * @throws KindeWebhookError `config_invalid`, listing every problem with the options.
 * @example app.use(kinde({ webhooks: createWebhooks({ on: { 'user.created': ({ data }) => welcome(data.user) } }) }))
 */
export function createWebhooks(options: WebhookOptions): Webhooks {
  const settings = resolveOptions(options);
  const { path, window } = settings;
  const deliver = createDeliveries(settings.timeout);
  const keysOf = createKeys();
  const memory = memorySeen();
  const publish = createPublisher();
  const receive = async (request: WebhookRequest, host?: WebhookHost): Promise<Answer> => {
    const context = contextOf(settings, host ?? {});
    const { issuer, fetch, store = memory, acceptsLocal } = context;
    const body = await readRequest(request);
    if (typeof body !== 'string') {
      return body;
    }
    const verified = await verify(body, {
      issuer,
      keys: keysOf({ issuer, fetch, acceptsPublished: acceptsLocal && !settings.production }),
      maxAge: window,
      acceptsLocal,
    });
    if ('refused' in verified) {
      return refusal(verified);
    }
    const { event } = verified;
    const outcome = await deliver({
      ...(await idsOf(event, context)),
      store,
      remember: window + 2 * TOLERANCE,
      follow: async () => {
        if (host?.sessions && settings.followSessions) {
          await followEvent(event, host.sessions);
        }
      },
      work: (signal) => dispatch(event, signal, settings),
    });
    return conclusion(event, outcome);
  };
  return Object.freeze({
    path,
    handle(request: WebhookRequest, host?: WebhookHost) {
      const reportToHost = host?.report?.bind(host);
      const work = async (report: Reporter) => {
        const { reply, ...details } = await receive(request, host).catch((error: unknown) => {
          // The framework logs the error; the event names it only.
          const reason = error instanceof KindeWebhookError ? error.code : 'unknown';
          report(reportOf({ status: 500, reason }));
          throw error;
        });
        const { status } = reply;
        if (status !== 200) {
          tellApp(settings, { reason: 'unknown', ...details, status }, reportToHost);
        }
        report(reportOf({ status, ...details }));
        return reply;
      };
      return reportToHost ? work(reportToHost) : publish(work);
    },
  });
}

/** Options of the receiver, completed by those of the app that it is mounted in. */
interface Context {
  readonly issuer: string;
  readonly app: string | undefined;
  readonly fetch: typeof globalThis.fetch;
  readonly store: SeenStore | undefined;
  readonly acceptsLocal: boolean;
}

/** @throws KindeWebhookError `config_invalid` for an option that neither has */
function contextOf(settings: Settings, host: Partial<WebhookHost>): Context {
  const issuer = settings.issuer ?? host.issuer;
  if (!issuer) {
    const message = 'Pass `issuer`, your Kinde domain, or mount this with kinde().';
    throw new KindeWebhookError('config_invalid', message);
  }
  const store = settings.seen ?? host.store;
  if (settings.acceptRetries && !store) {
    throw new KindeWebhookError('config_invalid', RETRIES_NEED_STORE);
  }
  return {
    issuer,
    app: settings.app ?? host.app,
    fetch: settings.fetch ?? host.fetch ?? globalThis.fetch,
    store,
    acceptsLocal: host.acceptsLocal ?? !settings.production,
  };
}

/** The ids of an event in the store. Versions without app names kept the events of every app under `formerId`. */
async function idsOf(
  { event_id: id }: OtherEvent,
  { issuer, app }: Context,
): Promise<{ id: string; formerId: string }> {
  const formerId = await hash(`webhook ${issuer} ${id}`);
  if (app === undefined) {
    return { id: formerId, formerId };
  }
  return { id: await hash(JSON.stringify(['webhook', issuer, app, id])), formerId };
}

/** A response, and how it came about. */
type Answer = { readonly reply: Reply } & Partial<Omit<WebhookProblem, 'status'>>;

/** Reads the body of a request that has the form of a webhook. Only the signature counts; this refuses others at less cost. */
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
    const body = await readBody(request);
    if (body !== undefined) {
      return body;
    }
    // The rest of a large body is on its way, so the connection cannot carry another request.
    return { reply: replyWith(413, { connection: 'close' }), reason: 'too_large' };
  } catch (error) {
    if (error instanceof KindeWebhookError) {
      throw error;
    }
    return { reply: replyWith(400), reason: 'body' };
  }
}

/** Reasons that may pass: the keys did not arrive, or Kinde signs with one that it publishes only now. */
const PASSING: readonly string[] = ['keys_unavailable', 'key_unknown'];

function refusal({ refused: reason, error }: { refused: string; error?: unknown }): Answer {
  if (PASSING.includes(reason)) {
    return { reply: again(503), reason, error };
  }
  return { reply: replyWith(400), reason };
}

/** Calls the handler of an event. */
async function dispatch(
  event: OtherEvent,
  signal: AbortSignal,
  { on, otherwise }: Settings,
): Promise<void> {
  // `verify` has checked the data of the types that may have a handler of their own.
  const handlers = on as Readonly<Record<string, Settings['otherwise']>>;
  const handler = own(handlers, event.type) ?? otherwise;
  await handler?.(event, Object.freeze({ signal }));
}

/** The response for a delivery. */
function conclusion({ type, event_id: eventId }: OtherEvent, outcome: Outcome): Answer {
  switch (outcome.kind) {
    case 'done':
      return { reply: replyWith(200), type, eventId };
    case 'duplicate':
      return { reply: replyWith(200), reason: 'duplicate', type, eventId };
    case 'failed':
      return {
        reply: replyWith(500),
        reason: outcome.step,
        type,
        eventId,
        error: outcome.error,
      };
    case 'unavailable':
      return {
        reply: again(503),
        reason: 'store',
        type,
        eventId,
        error: outcome.error,
      };
    case 'busy':
      return {
        reply: again(503),
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

/** Calls `onProblem`. Its own errors, and problems of apps without it, are warnings, unless a host logs them. */
function tellApp(
  settings: Settings,
  problem: WebhookProblem,
  reportToHost: Reporter | undefined,
): void {
  const { onProblem = reportToHost ? undefined : warn } = settings;
  try {
    onProblem?.(problem);
  } catch (error) {
    const failed = { ...problem, status: 500, reason: 'onProblem', error } as const;
    if (reportToHost) {
      // The report of the webhook itself comes after this one.
      reportToHost(reportOf(failed));
    } else {
      warn(failed);
    }
  }
}

/** A reply after which Kinde shall retry in five seconds. */
function again(status: number): Reply {
  return replyWith(status, { 'retry-after': '5' });
}
