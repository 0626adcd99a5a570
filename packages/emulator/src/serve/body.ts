/** Bytes that the body of a request may have. */
const LARGEST_BODY = 1_000_000;
/** Snapshots and seeds may be larger: the control API reads them, up to its own limit, once it has seen the token. */
const LARGE = /^\/emulator\/api\/v1\/(snapshots\/|seed$)/;

/** The request, unless its body is too large: refused before it is read where it says how large it is. */
export async function limitBody(request: Request): Promise<Request | undefined> {
  const { headers, method, url, body } = request;
  if (LARGE.test(new URL(url).pathname)) {
    return request;
  }
  if (Number(headers.get('content-length')) > LARGEST_BODY) {
    return undefined;
  }
  if (!body || !headers.has('transfer-encoding')) {
    return request;
  }
  const parts = await readAtMost(body, LARGEST_BODY);
  return (
    parts &&
    new Request(url, {
      method,
      headers,
      body: Buffer.concat(parts),
    })
  );
}

/** The parts of a body; `undefined` where there is more, which is not read. */
async function readAtMost(
  body: ReadableStream<Uint8Array>,
  most: number,
): Promise<Uint8Array[] | undefined> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body as AsyncIterable<Uint8Array>) {
    size += part.length;
    if (size > most) {
      return undefined;
    }
    parts.push(part);
  }
  return parts;
}
