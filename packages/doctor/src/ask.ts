import { readText, withDeadline } from '@kindling/internal';

/** A complete HTTP response. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The body as JSON; absent where it is something else. */
  readonly json: Readonly<Record<string, unknown>> | undefined;
}

/** Seconds for one exchange. */
const TIMEOUT = 10;
/** Bytes of one body. */
const LARGEST = 256 * 1024;

/** Sends one request, never redirected, bounded in time and size. A failure is described in a few words. */
export async function ask(
  fetch: typeof globalThis.fetch,
  url: string | URL,
  init: RequestInit = {},
): Promise<Answer | string> {
  const controller = new AbortController();
  const response = fetch(url, {
    ...init,
    redirect: 'manual',
    signal: controller.signal,
  });
  try {
    return await withDeadline(read(response).catch(reasonOf), {
      milliseconds: TIMEOUT * 1000,
      onTimeout: () => `no answer within ${TIMEOUT} seconds`,
    });
  } finally {
    controller.abort();
  }
}

async function read(pending: Promise<Response>): Promise<Answer | string> {
  const { status, headers, body } = await pending;
  const text = await readText(body, LARGEST);
  if (text === undefined) {
    return `more than ${LARGEST} bytes`;
  }
  return {
    status,
    headers,
    json: parse(text),
  };
}

function parse(text: string): Answer['json'] {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) {
      return undefined;
    }
    return value as Answer['json'];
  } catch {
    return undefined;
  }
}

/** The code of an error of the system or of a database, such as `ECONNREFUSED`. Messages may quote what was sent. */
export function reasonOf(error: unknown): string {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: { code?: unknown } | null };
  return [cause?.code, code].find(isSystemCode) ?? 'the network failed';
}

/** Checks whether Node does not trust a certificate; that of a proxy or of development may be known to browsers only. */
export function isUntrusted(reason: string): boolean {
  return /CERT|SIGNED|LEAF_SIGNATURE/.test(reason);
}

function isSystemCode(code: unknown): code is string {
  return typeof code === 'string' && /^[A-Z0-9_]{1,60}$/.test(code);
}
