/** A request that may carry a webhook: a web `Request` is one, and so is a small object with the body as text or bytes. */
export interface WebhookRequest {
  readonly method: string;
  readonly headers: { get(name: string): string | null };
  /** Exactly as it came over the wire: not parsed, and not read yet. */
  readonly body?:
    AsyncIterable<Uint8Array> | ReadableStream<Uint8Array> | Uint8Array | string | null;
  readonly bodyUsed?: boolean;
}

/** A complete answer: `new Response(reply.body, reply)`, or what your server has for that. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Always none; adapters write every reply in the same way. */
  readonly cookies: readonly string[];
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

/** 200 tells Kinde that all is done; everything else is a problem document (RFC 9457) that explains nothing to attackers. */
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
