/** A request that may carry a webhook: a web `Request` is one, and so is a small object with the body as text or bytes. */
export interface WebhookRequest {
  /** HTTP method in upper case. */
  readonly method: string;
  /** The headers. */
  readonly headers: WebhookHeaders;
  /** The body exactly as it was sent: not parsed, and not read yet. */
  readonly body?:
    AsyncIterable<Uint8Array> | ReadableStream<Uint8Array> | Uint8Array | string | null;
  /** Whether something has read the body, as a web `Request` says. */
  readonly bodyUsed?: boolean;
}

interface WebhookHeaders {
  /** Reads a header by its name in lower case; null for none. */
  get(name: string): string | null;
}

/** A complete response: `new Response(reply.body, reply)`, or the same with the methods of your server. */
export interface Reply {
  /** HTTP status. */
  readonly status: number;
  /** Response headers. */
  readonly headers: Readonly<Record<string, string>>;
  /** `Set-Cookie` lines: always none, so that adapters can write every reply in the same way. */
  readonly cookies: readonly string[];
  /** A problem document; empty with status 200. */
  readonly body: string;
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'This is not a webhook that is accepted here.',
  405: 'Webhooks are posted.',
  413: 'This is too large for a webhook.',
  415: 'Webhooks are sent as application/jwt.',
  500: 'The webhook could not be handled. Send it again.',
  503: 'The webhook cannot be handled now. Send it again.',
  504: 'The webhook is still being handled. Send it again.',
};

/** Creates a reply. Every status but 200 comes with a problem document (RFC 9457), without details for attackers. */
export function replyWith(status: number, headers: Readonly<Record<string, string>> = {}): Reply {
  const common = {
    ...headers,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  };
  const cookies: readonly string[] = [];
  if (status === 200) {
    return {
      status,
      headers: common,
      cookies,
      body: '',
    };
  }
  const body = JSON.stringify({ title: TITLES[status], status });
  return {
    status,
    headers: { ...common, 'content-type': 'application/problem+json' },
    cookies,
    body,
  };
}
