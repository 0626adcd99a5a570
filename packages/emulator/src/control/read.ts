import { own, readText } from '@kindling/internal';
import * as v from 'valibot';
import { ControlError } from './error.js';
import { routeOf, type Operation } from './op.js';

/** Bytes of a body, and of one that is a snapshot or a seed. */
const MOST_BYTES = 1024 * 1024;
const MOST_WHOLE_BYTES = 64 * 1024 * 1024;

/** The input of an operation from path, query and body; what it means is checked later. */
export async function readInput(
  operation: Operation,
  request: Request,
  path: Readonly<Record<string, string | undefined>>,
): Promise<object> {
  const { method } = routeOf(operation);
  const given = Object.entries(path).filter(([, value]) => value !== undefined);
  const rest =
    method === 'GET' || method === 'DELETE'
      ? readQuery(new URL(request.url).searchParams, operation)
      : await readBody(operation, request);
  return {
    ...rest,
    ...Object.fromEntries(given),
  };
}

function readQuery(query: URLSearchParams, { input }: Operation): object {
  const repeated = [...query.keys()].find((name) => query.getAll(name).length > 1);
  if (repeated !== undefined) {
    throw new ControlError('invalid_input', `The parameter ${repeated.slice(0, 60)} is repeated.`);
  }
  const values = [...query].map(([name, text]) => {
    const schema = own(input, name);
    return [name, schema ? valueOf(text, schema as v.GenericSchema) : text] as const;
  });
  return Object.fromEntries(values);
}

/** A query is text: a number or a boolean is made of it where only that fits, or where only that is of the right type. */
function valueOf(text: string, schema: v.GenericSchema): unknown {
  const number = text.trim() === '' ? [] : [Number(text)];
  const boolean = /^(true|false)$/.test(text) ? [text === 'true'] : [];
  const readings = [text, ...number, ...boolean];
  const isTyped = (reading: unknown) => v.safeParse(schema, reading).typed;
  return readings.find((one) => v.is(schema, one)) ?? readings.find(isTyped) ?? text;
}

async function readBody(operation: Operation, request: Request): Promise<object> {
  const { content } = operation;
  const most = content === undefined ? MOST_BYTES : MOST_WHOLE_BYTES;
  const text = await readText(request.body, most);
  if (text === undefined) {
    throw new ControlError('too_large', `The body has more than ${most} bytes.`);
  }
  if (text.trim() === '') {
    return {};
  }
  const type = request.headers.get('content-type') ?? '';
  if (!/^application\/json *(;|$)/i.test(type)) {
    const why = 'Send the body as JSON, with content-type: application/json.';
    throw new ControlError('unsupported_media_type', why);
  }
  const body = parsed(text);
  return content === undefined ? body : { [content]: body };
}

function parsed(text: string): object {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) {
      return body;
    }
  } catch {
    // Said below.
  }
  throw new ControlError('invalid_input', 'The body must be a JSON object.');
}
