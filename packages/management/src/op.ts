import type * as v from 'valibot';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
type Fields = v.ObjectEntries;

/** How a list goes on: by `next_token`; after the `id` of its last entry; or after it, until a page is short (`size`). */
export interface Paging {
  readonly by: 'token' | 'id' | 'size';
  /** The member of the answer that holds the entries. */
  readonly items: string;
}

interface Definition {
  readonly route: `${Method} /${string}`;
  /** What the application's token must be allowed to do; null where nothing is needed. */
  readonly scope: string | null;
  readonly status?: 201;
  /** Path parameters that are not plain ids. */
  readonly params?: Fields;
  readonly query?: Fields;
  readonly body?: Fields;
  /** The body is a form with a file, not JSON. */
  readonly multipart?: true;
  readonly returns: v.GenericSchema;
  readonly paging?: Paging;
  /** Doing it twice is the same as doing it once. @default true for GET, PUT and DELETE */
  readonly repeatable?: boolean;
  /** Makes what the service is known to answer into what `returns` says. */
  readonly tidy?: (body: unknown) => unknown;
  /** Where the service differs from what one would expect, or from its own description. */
  readonly quirks?: readonly string[];
}

/** One operation of the Management API: its facts, and the types of what goes in, comes out, and is in its list. */
export interface Operation<In = never, Out = unknown, Item = unknown> extends Definition {
  readonly '~types'?: {
    in: In;
    out: Out;
    item: Item;
  };
}

type PathKeys<Route> = Route extends `${string}{${infer Key}}${infer Rest}`
  ? Key | PathKeys<Rest>
  : never;
type Plain<Type> = { [Key in keyof Type]: Type[Key] } & {};
type Input<Entries> = Entries extends Fields
  ? v.InferInput<v.StrictObjectSchema<Entries, undefined>>
  : unknown;
type InputOf<Def extends Definition> = Plain<
  { [Key in Exclude<PathKeys<Def['route']>, keyof Def['params']>]: string } & Input<Def['params']> &
    Input<Def['query']> &
    Input<Def['body']>
>;
type ItemOf<Out, Paged> = Paged extends { items: infer Key extends keyof Out }
  ? Out[Key] extends readonly (infer Item)[]
    ? Item
    : never
  : never;
type Answer<Def extends Definition> = Def['returns'] extends { type: 'optional' }
  ? void
  : v.InferOutput<Def['returns']>;

/** Declares an operation. Its types are worked out here, once, so that those who call it pay nothing for them. */
/* @__NO_SIDE_EFFECTS__ */
export function op<const Def extends Definition>(
  definition: Def,
): Operation<InputOf<Def>, Answer<Def>, ItemOf<Answer<Def>, Def['paging']>> {
  return definition;
}
