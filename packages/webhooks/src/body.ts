import { readBytes } from '@kindling/internal';
import { KindeWebhookError } from './errors.js';
import type { WebhookRequest } from './http.js';

/** Bytes of a body: the rest of a larger one is not read. */
const LARGEST = 256 * 1024;

/**
 * Reads the body as text; `undefined` when it is too large, and then the rest of it is left unread.
 * @throws KindeWebhookError `body_consumed` when something else has read or parsed it
 */
export async function readBody(request: WebhookRequest): Promise<string | undefined> {
  const { body, bodyUsed, headers } = request;
  const announced = Number(headers.get('content-length') ?? 0);
  if (announced > LARGEST) {
    return undefined;
  }
  if (bodyUsed === true || isParsed(body)) {
    throw consumed();
  }
  if (typeof body === 'string') {
    return new TextEncoder().encode(body).length > LARGEST ? undefined : body;
  }
  const bytes = await bytesOf(body);
  // The server has checked the length that it announced: bytes that are missing here were read by something else.
  if (bytes?.byteLength === 0 && announced > 0 && !(body instanceof Uint8Array)) {
    throw consumed();
  }
  return bytes && new TextDecoder().decode(bytes);
}

/** Checks for an object in place of the body. It is never turned back into text, which would not be what was signed. */
function isParsed(body: WebhookRequest['body']): boolean {
  if (typeof body !== 'object' || body === null || body instanceof Uint8Array) {
    return false;
  }
  return !(Symbol.asyncIterator in body);
}

async function bytesOf(
  body: Exclude<WebhookRequest['body'], string>,
): Promise<Uint8Array | undefined> {
  if (body instanceof Uint8Array) {
    return body.byteLength > LARGEST ? undefined : body;
  }
  return readBytes(body, LARGEST);
}

function consumed(): KindeWebhookError {
  return new KindeWebhookError(
    'body_consumed',
    'The body of this webhook was read or parsed by something else, so its signature cannot be verified. ' +
      'Mount the webhook route before body parsers such as express.json() or express.text(), ' +
      'or pass the body as the text that was sent.',
  );
}
