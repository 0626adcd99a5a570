import { KindeWebhookError } from './errors.js';
import type { WebhookRequest } from './http.js';

/** Bytes of a body: beyond this the rest is not read. */
const LARGEST = 256 * 1024;

/**
 * The body as text, or `undefined` when it is too large; then the rest of it is left unread.
 * @throws KindeWebhookError `body_consumed` when somebody else was there before.
 */
export async function readBody(request: WebhookRequest): Promise<string | undefined> {
  const { body, bodyUsed, headers } = request;
  const announced = Number(headers.get('content-length') ?? 0);
  if (announced > LARGEST) {
    return undefined;
  }
  if (bodyUsed === true) {
    throw consumed();
  }
  if (typeof body === 'string') {
    if (new TextEncoder().encode(body).length > LARGEST) {
      return undefined;
    }
    return body;
  }
  if (body instanceof Uint8Array) {
    if (body.byteLength > LARGEST) {
      return undefined;
    }
    return new TextDecoder().decode(body);
  }
  // Never turned back into text: what JSON.stringify makes of it is not what was signed.
  if (typeof body === 'object' && body !== null && !(Symbol.asyncIterator in body)) {
    throw consumed();
  }
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > LARGEST) {
      return undefined;
    }
    text += decoder.decode(chunk, { stream: true });
  }
  // The server has checked the length it announced: bytes that do not arrive here went to somebody else.
  if (size === 0 && announced > 0) {
    throw consumed();
  }
  return text + decoder.decode();
}

function consumed(): KindeWebhookError {
  return new KindeWebhookError(
    'body_consumed',
    'The body of this webhook was read or parsed by something else, so its signature cannot be checked. ' +
      'Mount the webhook route before body parsers such as express.json() or express.text(), ' +
      'or pass the body as the text that was sent.',
  );
}
