/** Something that yields bytes: the body of a `Request` or `Response`, a Node stream, an async generator. */
export type Body = WebBody | AsyncIterable<Uint8Array>;

/** The part of a web `ReadableStream` that is used, whichever library declares its type. */
interface WebBody {
  getReader(): {
    read(): Promise<Chunk>;
    cancel(): Promise<unknown>;
  };
}

/** Bytes that arrived together, or the end. */
interface Chunk {
  readonly done?: boolean | undefined;
  readonly value?: Uint8Array | undefined;
}

/** Reads one chunk after the other, and can stop early. */
interface Chunks {
  next(): Promise<Chunk>;
  stop(): Promise<unknown> | undefined;
}

/**
 * Reads a body of at most `most` bytes. `undefined` when it is larger; then the rest stays unread and the source is told to
 * stop. An absent body has no bytes.
 * @throws the error of the source, such as a connection that broke off
 */
export async function readBytes(
  body: Body | null | undefined,
  most: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const parts: Uint8Array[] = [];
  if (!body) {
    return joined(parts, 0);
  }
  const chunks = chunksOf(body);
  let size = 0;
  for (;;) {
    const { done, value } = await chunks.next();
    if (done) {
      return joined(parts, size);
    }
    if (!value || !ArrayBuffer.isView(value)) {
      throw new TypeError('The body yields something that is not bytes.');
    }
    size += value.byteLength;
    if (size > most) {
      // Nobody waits for the source: one that never stops would hold up the refusal.
      chunks.stop()?.catch(() => {});
      return undefined;
    }
    parts.push(value);
  }
}

/** Reads a body like `readBytes` and decodes it as UTF-8, without a byte order mark. */
export async function readText(
  body: Body | null | undefined,
  most: number,
): Promise<string | undefined> {
  const bytes = await readBytes(body, most);
  return bytes && new TextDecoder().decode(bytes);
}

/** Web streams are read through a reader: not every runtime can iterate over them. */
function chunksOf(body: Body): Chunks {
  if ('getReader' in body) {
    const reader = body.getReader();
    return {
      next: () => reader.read(),
      stop: () => reader.cancel(),
    };
  }
  const iterator = body[Symbol.asyncIterator]();
  return {
    next: () => iterator.next(),
    stop: () => iterator.return?.(),
  };
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(size);
  let position = 0;
  for (const part of parts) {
    whole.set(part, position);
    position += part.byteLength;
  }
  return whole;
}
