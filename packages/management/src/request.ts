import { bare, nearest } from '@kindling/internal';
import * as v from 'valibot';
import { KindeApiError, type Problem } from './errors.js';
import type { Operation } from './op.js';
import { id, isSeveral } from './schema.js';

/** A checked request without its token. */
export interface Prepared {
  readonly operation: string;
  readonly method: string;
  readonly url: string;
  readonly body: string | FormData | undefined;
  readonly repeatable: boolean;
}

/** Members of the input with their values, those that are left out excepted. */
type Entries = readonly (readonly [name: string, value: unknown])[];

const IDEMPOTENT = ['GET', 'PUT', 'DELETE'];
const PARAMETER = /\{(\w+)\}/g;
const SEGMENT = /\/[\w~!$&'()*+,;=:@%.-]+/;
const ROUTE = new RegExp(`^(GET|POST|PUT|PATCH|DELETE) ((?:${SEGMENT.source})+)$`);

/**
 * Checks the input and puts each member where the operation expects it: path, query or body.
 * @throws KindeApiError `input_invalid`, listing everything that is wrong. Nothing was sent.
 */
export function prepare(origin: string, operation: Operation, input: unknown): Prepared {
  const { route, query = {}, body = {} } = operation;
  const values = checked(operation, input);
  const [method = '', template = ''] = route.split(' ');
  const path = template.replace(PARAMETER, (_, name: string) => encode(values[name], route));
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  const search = given.flatMap(([name, value]) => {
    const schema = Object.hasOwn(query, name) ? query[name] : undefined;
    if (!schema) {
      return [];
    }
    if (isSeveral(schema)) {
      checkSeveral(name, value, route);
    }
    return pairs(name, value, route);
  });
  const content = given.filter(([name]) => Object.hasOwn(body, name));
  return {
    operation: route,
    method,
    url: origin + path + queryOf(search),
    body: bodyOf(operation, content),
    repeatable: operation.repeatable ?? IDEMPOTENT.includes(method),
  };
}

/** The members of the input as the schemas of the operation have them. */
function checked(operation: Operation, input: unknown): Readonly<Record<string, unknown>> {
  const { route, params, query = {}, body = {} } = operation;
  const names = Array.from(route.matchAll(PARAMETER), ([, name = '']) => name);
  const path = Object.fromEntries(names.map((name) => [name, params?.[name] ?? id]));
  const fields: v.ObjectEntries = { ...path, ...query, ...body };
  const isObject = typeof input === 'object' && input !== null && !Array.isArray(input);
  const result = v.safeParse(v.strictObject(fields), isObject ? bare(input) : input);
  if (!result.success) {
    throw invalid(route, result.issues, Object.keys(fields));
  }
  return result.output;
}

function queryOf(search: readonly string[]): string {
  return search.length > 0 ? `?${search.join('&')}` : '';
}

function bodyOf(
  { body, multipart, route }: Operation,
  entries: Entries,
): string | FormData | undefined {
  if (!body) {
    return undefined;
  }
  if (multipart) {
    return form(entries);
  }
  return json(Object.fromEntries(entries), route);
}

/** Input of a request that the contract does not contain. */
interface Untyped {
  readonly query?: object | undefined;
  readonly body?: unknown;
  readonly repeatable?: boolean | undefined;
}

/** Prepares a request that the contract does not contain, to this origin only. */
export function prepareUntyped(
  origin: string,
  route: string,
  { query = {}, body, repeatable }: Untyped,
): Prepared {
  const [, method, path] = ROUTE.exec(route) ?? [];
  const isSafe =
    method && path && URL.canParse(path, origin) && new URL(path, origin).href === origin + path;
  if (!isSafe) {
    throw refuse(route, [
      { code: 'ROUTE_INVALID', message: 'A route looks like "GET /api/v1/things".' },
    ]);
  }
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const search = given.flatMap(([name, value]) => pairs(name, value, route));
  return {
    operation: route,
    method,
    url: origin + path + queryOf(search),
    body: body instanceof FormData ? body : json(body, route),
    repeatable: repeatable ?? IDEMPOTENT.includes(method),
  };
}

/**
 * Refuses values that would change what a filter means: an empty one is no filter, and a comma makes two values of one.
 * @throws KindeApiError `input_invalid`
 */
function checkSeveral(field: string, value: unknown, route: string): void {
  const isMap = typeof value === 'object' && !Array.isArray(value);
  const lists = isMap ? Object.values(value as object) : [value];
  const isFilter = (one: unknown) => typeof one === 'string' && one !== '' && !one.includes(',');
  const isValid = lists.every((list) => {
    const values = [list].flat();
    return values.length > 0 && values.every(isFilter);
  });
  if (isValid) {
    return;
  }
  const message = `${field} must be one value or a list of values, each without commas and not empty.`;
  throw refuse(route, [
    {
      code: 'INVALID',
      message,
      field,
    },
  ]);
}

/** One parameter; `a,b` for a list, with commas inside its entries encoded; `name[key]` for each member of an object. */
function pairs(name: string, value: unknown, route: string): string[] {
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
    return Object.entries(value).flatMap(([key, entry]) => pairs(`${name}[${key}]`, entry, route));
  }
  const list = [value].flat();
  const encoded = list.map((entry) => encode(entry, route));
  return [`${encode(name, route)}=${encoded.join(',')}`];
}

function encode(value: unknown, route: string): string {
  try {
    return encodeURIComponent(String(value));
  } catch {
    throw refuse(route, [{ code: 'VALUE_INVALID', message: 'A value is not well-formed text.' }]);
  }
}

/** @throws KindeApiError `input_invalid` for values that JSON does not have, such as a bigint or a circular reference */
function json(value: unknown, route: string): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    throw refuse(route, [{ code: 'VALUE_INVALID', message: 'A value cannot be written as JSON.' }]);
  }
}

function form(entries: Entries): FormData {
  const data = new FormData();
  for (const [name, value] of entries) {
    data.set(name, value as Blob);
  }
  return data;
}

/** @throws KindeApiError `input_invalid` for headers that HTTP cannot carry; their values are not repeated */
export function headersOf(
  { operation, body }: Prepared,
  given: Readonly<Record<string, string>> | undefined,
): Headers {
  const problem = {
    code: 'VALUE_INVALID',
    message: 'headers must be names and values that HTTP can carry.',
    field: 'headers',
  };
  let headers: Headers;
  try {
    headers = new Headers(given);
  } catch {
    throw refuse(operation, [problem]);
  }
  headers.set('accept', 'application/json');
  if (typeof body === 'string') {
    headers.set('content-type', 'application/json');
  } else {
    // `fetch` sets the type of a form, since only it knows the boundary between the parts.
    headers.delete('content-type');
  }
  return headers;
}

/** Turns valibot's issues into problems. Its messages quote the input, which may be a secret, so they are not used. */
function invalid(
  route: string,
  issues: readonly v.BaseIssue<unknown>[],
  known: readonly string[],
): KindeApiError {
  return refuse(
    route,
    issues.map((issue) => problemOf(issue, known)),
  );
}

function problemOf(issue: v.BaseIssue<unknown>, known: readonly string[]): Problem {
  const field = v.getDotPath(issue) ?? '';
  if (issue.expected === 'never') {
    const guess = nearest(field, known);
    const hint = guess ? ` (did you mean \`${guess}\`?)` : '';
    return {
      code: 'UNKNOWN_KEY',
      message: `Unknown field \`${field}\`${hint}.`,
      field,
    };
  }
  const name = field || 'input';
  const location = field && { field };
  if (issue.input === undefined) {
    return { code: 'REQUIRED', message: `${name} is missing.`, ...location };
  }
  const message = `${name} must be ${issue.expected ?? 'valid'}.`;
  return { code: 'INVALID', message, ...location };
}

/** Makes the error for input that is refused before anything is sent. */
export function refuse(operation: string, errors: readonly Problem[]): KindeApiError {
  const messages = errors.map(({ message }) => message);
  return new KindeApiError('input_invalid', `${operation}: ${messages.join(' ')}`, {
    operation,
    errors,
  });
}
