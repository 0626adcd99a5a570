/** What came back, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The body as JSON; absent where it is something else. */
  readonly json: Readonly<Record<string, unknown>> | undefined;
}

/** Seconds for one exchange, and bytes of its body. */
const PATIENCE = 10;
const LARGEST = 256 * 1024;

/**
 * One request, never redirected, bounded in time and size. Answers why in a few words where nothing usable came back.
 */
export async function ask(
  fetch: typeof globalThis.fetch,
  url: string | URL,
  init: RequestInit = {},
): Promise<Answer | string> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${PATIENCE} seconds`), PATIENCE * 1000);
  });
  try {
    const exchange = read(
      fetch(url, {
        ...init,
        redirect: 'manual',
        signal: controller.signal,
      }),
    );
    return await Promise.race([exchange.catch(reasonOf), late]);
  } finally {
    clearTimeout(timer);
    controller.abort();
  }
}

async function read(pending: Promise<Response>): Promise<Answer | string> {
  const { status, headers, body } = await pending;
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  const reader = body?.getReader();
  for (let part = await reader?.read(); part && !part.done; part = await reader!.read()) {
    size += part.value.byteLength;
    if (size > LARGEST) {
      reader!.cancel().catch(() => {});
      return `more than ${LARGEST} bytes`;
    }
    text += decoder.decode(part.value, { stream: true });
  }
  return {
    status,
    headers,
    json: parse(text + decoder.decode()),
  };
}

function parse(text: string): Answer['json'] {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) {
      return value as Answer['json'];
    }
    return undefined;
  } catch {
    return undefined;
  }
}

/** The system's code, such as `ECONNREFUSED`. Messages may quote what was sent, so they stay behind. */
function reasonOf(error: unknown): string {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: { code?: unknown } | null };
  const found = [cause?.code, code].find(
    (one) => typeof one === 'string' && /^[A-Z0-9_]{1,60}$/.test(one),
  );
  return typeof found === 'string' ? found : 'the network failed';
}
