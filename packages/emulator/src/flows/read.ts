import { readText } from '@kindling/internal';
import { isForm } from '../oauth/client-auth.js';
import { parseObject, type Sent } from './sighting.js';

/** Bytes of a body that are read: forms and token answers are shorter. */
const MOST_BYTES = 65_536;

/** Milliseconds after which an answer that does not end is not waited for. */
const LONGEST_ANSWER = 500;

/** Reads a copy of what a request carries; the request can be read again. */
export async function readSent(request: Request): Promise<Sent> {
  if (request.body === null) {
    return { params: new URLSearchParams(), as: 'nothing' };
  }
  const text = await start(request.clone());
  if (isForm(request)) {
    return { params: new URLSearchParams(text), as: 'form' };
  }
  const object = parseObject(text);
  if (!object) {
    return { params: new URLSearchParams(), as: 'other' };
  }
  const texts = Object.entries(object).filter(([, value]) => typeof value === 'string');
  return { params: new URLSearchParams(texts as [string, string][]), as: 'json' };
}

/** Answers that say nothing about a sign-in where all is well. */
const PLAIN = /^\/(?:\.well-known|account_api|oauth2\/(?:v2\/)?user_profile)/;

/** Reads a copy of a short text that was answered; the answer can be read again. */
export async function readAnswer(request: Request, response: Response): Promise<string> {
  const type = response.headers.get('content-type') ?? '';
  const isText = /^(?:text\/html|application\/json)/.test(type);
  const isPlain = response.status < 300 && PLAIN.test(new URL(request.url).pathname);
  if (response.body === null || response.bodyUsed || !isText || isPlain) {
    return '';
  }
  return start(response.clone());
}

/** The text of a copy; empty where it is too long, breaks off, or takes too long. */
async function start({ body }: Request | Response): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), LONGEST_ANSWER);
  });
  const text = await Promise.race([readText(body, MOST_BYTES).catch(() => undefined), late]);
  clearTimeout(timer);
  return text ?? '';
}
