import type { Operation } from '@kindling/management';
import type * as contract from '@kindling/management/contract';
import type { State } from '../state/state.js';

type Contract = typeof contract;

/** What a handler answers: a body, nothing, or a refusal. */
export type Answered = object | undefined | void | Response;

type Handler<Op> =
  Op extends Operation<infer In, infer Out, infer _Item>
    ? (input: In, state: State) => Out | Response | Promise<Out | Response>
    : never;

/** The operations of one resource that are emulated. */
export type Handlers<Resource extends keyof Contract> = {
  readonly [Verb in keyof Contract[Resource]]?: Handler<Contract[Resource][Verb]>;
};

/** One thing that is wrong, as Kinde says it. */
export interface Fault {
  readonly code: string;
  readonly message: string;
  readonly field?: string;
}

/** Success in Kinde's envelope. */
export function ok<const Fields extends object>(
  fields: Fields,
): { code: string; message: string } & Fields {
  return {
    code: 'OK',
    message: 'Success',
    ...fields,
  };
}

/** An error in the shape that most operations have: a list. */
export function refused(
  status: number,
  ...[code, message]: [string, string] | [readonly Fault[]]
): Response {
  return Response.json(
    { errors: typeof code === 'string' ? [{ code, message }] : code },
    { status },
  );
}

/** A field has a value that the operation does not take. */
export function invalidField(field: string, why: string): Response {
  const code = `${field.toUpperCase()}_INVALID`;
  return refused(400, [
    {
      code,
      message: `${field} ${why}`,
      field,
    },
  ]);
}

/** A field is missing. */
export function requiredField(field: string): Response {
  const code = `${field.toUpperCase()}_REQUIRED`;
  return refused(400, [
    {
      code,
      message: `${field} is required`,
      field,
    },
  ]);
}

/** What was named does not exist. Most resources say so with 400 and a code. */
export function notFound(entity: string): Response {
  return refused(
    400,
    `${entity}_NOT_FOUND`,
    `${entity.toLowerCase().replaceAll('_', ' ')} not found`,
  );
}

/** What was named does not exist, where the API says so with 404: one error that is not in a list. */
export function missing(entity: string): Response {
  const error = {
    code: `${entity}_NOT_FOUND`,
    message: `${entity.toLowerCase().replaceAll('_', ' ')} not found`,
  };
  return Response.json({ errors: error }, { status: 404 });
}

/** No operation has this method and path. */
export function routeNotFound(): Response {
  return Response.json(
    { errors: { code: 'ROUTE_NOT_FOUND', message: 'The requested API route does not exist' } },
    { status: 404 },
  );
}

/** A handler's answer on the wire. `observed` is how the live service was seen to differ: empty lists are null. */
export function respond(
  result: Answered,
  { status, observed }: { status: number; observed: boolean },
): Response {
  if (result instanceof Response) {
    return result;
  }
  const emptied = (body: object) =>
    Object.fromEntries(
      Object.entries(body).map(([key, value]) => [
        key,
        Array.isArray(value) && value.length === 0 ? null : value,
      ]),
    );
  return Response.json(observed && result ? emptied(result) : (result ?? {}), {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8' },
  });
}

/** Entries per page where nothing else was asked for. */
const PAGE_SIZE = 10;

/** One page of a list that goes on with a token, which also carries the order. */
export function tokenPage<Item extends object>(
  items: readonly Item[],
  { page_size: size = PAGE_SIZE, next_token: token, sort }: Asked,
): { items: Item[]; next_token: string | null } | Response {
  const [, start, order] =
    token === undefined ? ['', '0', sort ?? ''] : (/^(\d+):(\w*)$/.exec(decode(token)) ?? []);
  if (start === undefined || (sort !== undefined && order !== sort)) {
    return refused(400, 'INVALID_NEXT_TOKEN', 'next_token is not one of this list');
  }
  const end = Number(start) + size;
  const next = end < items.length ? Buffer.from(`${end}:${order}`).toString('base64url') : null;
  return { items: sorted(items, order ?? '').slice(Number(start), end), next_token: next };
}

interface Asked {
  readonly page_size?: number | undefined;
  readonly next_token?: string | undefined;
  readonly sort?: string | undefined;
}

/** One page of a list that goes on after, or before, the id of an entry. */
export function idPage<Item extends { readonly id: string }>(
  items: readonly Item[],
  {
    page_size: size = PAGE_SIZE,
    starting_after: after,
    ending_before: before,
  }: {
    page_size?: number | undefined;
    starting_after?: string | undefined;
    ending_before?: string | undefined;
  },
): { items: Item[]; has_more: boolean } | Response {
  if (after !== undefined && before !== undefined) {
    return refused(
      400,
      'TOO_MANY_PARAMETERS',
      'starting_after and ending_before cannot be used together',
    );
  }
  const index = items.findIndex(({ id }) => id === (after ?? before));
  if (before !== undefined) {
    const end = Math.max(index, 0);
    return { items: items.slice(Math.max(0, end - size), end), has_more: end - size > 0 };
  }
  return {
    items: items.slice(index + 1, index + 1 + size),
    has_more: index + 1 + size < items.length,
  };
}

/** `name_desc` and the like; without one, the order of creation. */
function sorted<Item extends object>(items: readonly Item[], sort: string): Item[] {
  const [, field, direction] = /^(\w+)_(asc|desc)$/.exec(sort) ?? [];
  if (!field) {
    return [...items];
  }
  const of = (item: Item) => String((item as Record<string, unknown>)[field] ?? '');
  const ascending = items.toSorted((a, b) => of(a).localeCompare(of(b), 'en'));
  return direction === 'desc' ? ascending.reverse() : ascending;
}

function decode(token: string): string {
  return Buffer.from(token, 'base64url').toString();
}
