import type { Operation } from '@kindling/management';
import * as v from 'valibot';
import { refused, type Fault } from './envelope.js';

/** More than any body of the API needs, but for pictures. */
const MOST_BYTES = 5 * 1024 * 1024;

/** Path, query and body as one object that the contract has checked, or what Kinde would say to it. */
export async function readInput(
  request: Request,
  { params = {}, query = {}, body = {}, multipart }: Operation,
  path: Readonly<Record<string, string>>,
): Promise<object | Response> {
  const { searchParams } = new URL(request.url);
  const sent = Object.keys(body).length > 0 ? await readBody(request, multipart === true) : {};
  if (sent instanceof Response) {
    return sent;
  }
  const names = Object.fromEntries(
    Object.entries(path).map(([name, value]) => [name, decoded(value)]),
  );
  const given = {
    ...names,
    ...readQuery(searchParams, query),
    ...sent,
  };
  const schema = v.strictObject({
    ...mapped(names, () => v.string()),
    ...params,
    ...query,
    ...body,
  });
  const { success, output, issues } = v.safeParse(schema, given);
  return success ? output : refused(400, issues.map(fault));
}

/** A part of a path; what is not encoded as it should be is the name of nothing. */
function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

async function readBody(request: Request, multipart: boolean): Promise<object | Response> {
  if (multipart) {
    const form = await request.formData().catch(() => undefined);
    return form
      ? Object.fromEntries(form)
      : refused(400, 'INVALID_BODY', 'The body must be multipart/form-data.');
  }
  const bytes = await request.arrayBuffer();
  if (bytes.byteLength > MOST_BYTES) {
    return refused(413, 'BODY_TOO_LARGE', 'The body is too large.');
  }
  if (bytes.byteLength === 0) {
    return {};
  }
  try {
    const body: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) {
      return body;
    }
  } catch {
    // Said below.
  }
  return refused(400, 'INVALID_BODY', 'The body must be a JSON object.');
}

/** A query is text: numbers and booleans are made of it where the contract has them, `a[b]=c` becomes an object. */
function readQuery(search: URLSearchParams, fields: v.ObjectEntries): Record<string, unknown> {
  const found: Record<string, unknown> = Object.create(null) as object as Record<string, unknown>;
  for (const [name, value] of search) {
    const [, outer, inner] = /^(\w+)\[([^\]]+)\]$/.exec(name) ?? [];
    if (outer && inner && Object.hasOwn(fields, outer)) {
      found[outer] = { ...(found[outer] as object | undefined), [inner]: value };
    } else {
      const schema = Object.hasOwn(fields, name) ? fields[name] : undefined;
      found[name] = schema ? read(value, schema) : value;
    }
  }
  return found;
}

/** Reads a text as the schema wants it: as string, boolean or number; as text where it accepts none of them. */
function read(value: string, schema: v.GenericSchema): unknown {
  const readings = [value, value === 'true', Number(value)];
  const fits = (reading: unknown) =>
    v.is(schema, reading) && (typeof reading !== 'boolean' || String(reading) === value);
  return readings.find(fits) ?? value;
}

function fault(issue: v.BaseIssue<unknown>): Fault {
  const field = v.getDotPath(issue) ?? '';
  const word = field.toUpperCase().replaceAll(/\W+/g, '_');
  if (issue.expected === 'never') {
    return {
      code: 'UNKNOWN_FIELD',
      message: `${field} is not a field of this operation`,
      field,
    };
  }
  if (issue.input === undefined) {
    return {
      code: `${word}_REQUIRED`,
      message: `${field} is required`,
      field,
    };
  }
  return {
    code: `${word}_INVALID`,
    message: `${field} must be ${issue.expected ?? 'valid'}`,
    field,
  };
}

function mapped<Value>(names: object, of: () => Value): Record<string, Value> {
  return Object.fromEntries(Object.keys(names).map((name) => [name, of()]));
}
