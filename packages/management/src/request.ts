import * as v from 'valibot';
import { KindeApiError, type Problem } from './errors.js';
import type { Operation } from './op.js';
import { own } from './options.js';
import { id, isSeveral } from './schema.js';

/** What goes over the wire, but for the token. */
export interface Prepared {
  readonly operation: string;
  readonly method: string;
  readonly url: string;
  readonly body: string | FormData | undefined;
  readonly repeatable: boolean;
}

const IDEMPOTENT = ['GET', 'PUT', 'DELETE'];

/**
 * Checks the input and puts each member where the operation wants it: path, query or body.
 * @throws KindeApiError `input_invalid`, listing everything that is wrong. Nothing was sent.
 */
export function prepare(origin: string, operation: Operation, input: unknown): Prepared {
  const { route, params, query = {}, body = {} } = operation;
  const [method, template] = route.split(' ') as [string, string];
  const names = [...template.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
  const path = Object.fromEntries(names.map((name) => [name, params?.[name] ?? id]));
  const members =
    typeof input === 'object' && input !== null && !Array.isArray(input) ? own(input) : input;
  const checked = v.safeParse(
    v.strictObject({
      ...path,
      ...query,
      ...body,
    }),
    members,
  );
  if (!checked.success) {
    throw invalid(route, checked.issues);
  }
  const values = Object.entries(checked.output as Record<string, unknown>).filter(
    ([, value]) => value !== undefined,
  );
  const given = (fields: object) => values.filter(([name]) => Object.hasOwn(fields, name));
  const filled = template.replace(/\{(\w+)\}/g, (_, name: string) =>
    encode((checked.output as never)[name], route),
  );
  const search = given(query).flatMap(([name, value]) => {
    if (isSeveral(query[name]!)) {
      checkSeveral(name, value, route);
    }
    return pairs(name, value, route);
  });
  const entries = given(body);
  const suffix = search.length > 0 ? `?${search.join('&')}` : '';
  return {
    operation: route,
    method,
    url: origin + filled + suffix,
    body:
      operation.body &&
      (operation.multipart ? form(entries) : json(Object.fromEntries(entries), route)),
    repeatable: operation.repeatable ?? IDEMPOTENT.includes(method),
  };
}

/** A request to what the contract does not know yet, on this origin only. */
export function prepareUntyped(
  origin: string,
  route: string,
  {
    query = {},
    body,
    repeatable,
  }: {
    query?: object | undefined;
    body?: unknown;
    repeatable?: boolean | undefined;
  },
): Prepared {
  const [, method, path] =
    /^(GET|POST|PUT|PATCH|DELETE) (\/[\w~!$&'()*+,;=:@%.-]+(?:\/[\w~!$&'()*+,;=:@%.-]+)*)$/.exec(
      route,
    ) ?? [];
  const safe =
    method && path && URL.canParse(path, origin) && new URL(path, origin).href === origin + path;
  if (!safe) {
    throw refuse(route, [
      { code: 'ROUTE_INVALID', message: 'A route looks like "GET /api/v1/things".' },
    ]);
  }
  const search = Object.entries(query).flatMap(([name, value]) => {
    if (value === undefined) {
      return [];
    }
    return pairs(name, value, route);
  });
  return {
    operation: route,
    method,
    url: origin + path + (search.length > 0 ? `?${search.join('&')}` : ''),
    body: body instanceof FormData ? body : json(body, route),
    repeatable: repeatable ?? IDEMPOTENT.includes(method),
  };
}

/**
 * An empty filter would be no filter at all, and a comma inside of a value would make it two.
 * @throws KindeApiError `input_invalid`
 */
function checkSeveral(field: string, value: unknown, route: string): void {
  const lists =
    typeof value === 'object' && !Array.isArray(value) ? Object.values(value as object) : [value];
  const fits = (one: unknown) => typeof one === 'string' && one !== '' && !one.includes(',');
  if (lists.every((list) => [list].flat().length > 0 && [list].flat().every(fits))) {
    return;
  }
  const message = `${field} must be a value, or a list of values, that are not empty and have no comma.`;
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
  const list = Array.isArray(value) ? value : [value];
  return [`${encode(name, route)}=${list.map((entry) => encode(entry, route)).join(',')}`];
}

function encode(value: unknown, route: string): string {
  try {
    return encodeURIComponent(String(value));
  } catch {
    throw refuse(route, [{ code: 'VALUE_INVALID', message: 'A value is not well-formed text.' }]);
  }
}

/** @throws KindeApiError `input_invalid` for what JSON cannot say, such as a bigint or a circle. */
function json(value: unknown, route: string): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    throw refuse(route, [{ code: 'VALUE_INVALID', message: 'A value cannot be written as JSON.' }]);
  }
}

function form(entries: readonly (readonly [string, unknown])[]): FormData {
  const data = new FormData();
  for (const [name, value] of entries) {
    data.set(name, value as Blob);
  }
  return data;
}

/** valibot's messages quote what was received, which may be anything: only fields and expectations are told. */
function invalid(route: string, issues: readonly v.BaseIssue<unknown>[]): KindeApiError {
  const errors = issues.map((issue): Problem => {
    const field = v.getDotPath(issue) ?? '';
    if (issue.expected === 'never') {
      return {
        code: 'UNKNOWN_KEY',
        message: `${field} is not something that this takes.`,
        field,
      };
    }
    const missing = issue.input === undefined;
    return {
      code: missing ? 'REQUIRED' : 'INVALID',
      message: `${field || 'input'} ${missing ? 'is missing' : `must be ${issue.expected ?? 'valid'}`}.`,
      ...(field && { field }),
    };
  });
  return refuse(route, errors);
}

/** What is wrong with what was asked for, before anything is sent. */
export function refuse(operation: string, errors: readonly Problem[]): KindeApiError {
  return new KindeApiError(
    'input_invalid',
    `${operation}: ${errors.map(({ message }) => message).join(' ')}`,
    {
      operation,
      errors,
    },
  );
}
