import type * as v from 'valibot';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
type Fields = v.ObjectEntries;

/** Describes how further pages of a list are requested. */
export interface Paging {
  /**
   * The position of the next page: `token`, the `next_token` of the page before; `id`, the `id` of its last entry while
   * `has_more` is true; `size`, that id until a page is short.
   */
  readonly by: 'token' | 'id' | 'size';
  /** The member of the answer that holds the entries. */
  readonly items: string;
}

interface Definition {
  /** HTTP method and path template, such as `PATCH /api/v1/roles/{role_id}`. */
  readonly route: `${Method} /${string}`;
  /** The scope that the access token needs; null where none is needed. */
  readonly scope: string | null;
  /** Status of success where it is not 200. */
  readonly status?: 201;
  /** Schemas of path parameters that are not plain ids. */
  readonly params?: Fields;
  /** Schemas of query parameters. */
  readonly query?: Fields;
  /** Schemas of the members of the body. */
  readonly body?: Fields;
  /** Set for a body that is a form with a file, not JSON. */
  readonly multipart?: true;
  /** Schema of the answer. */
  readonly returns: v.GenericSchema;
  /** Set for lists. */
  readonly paging?: Paging;
  /** Whether a request that failed may be sent again: twice has the effect of once. @default true for GET, PUT and DELETE */
  readonly repeatable?: boolean;
  /** Brings known variants of the answer into the form of `returns`. */
  readonly normalize?: (body: unknown) => unknown;
  /** Differences between the service and its own description, or what one would expect. For the reference. */
  readonly deviations?: readonly string[];
}

/** One operation of the Management API: its facts, and the types of its input, its answer and the entries of its list. */
export interface Operation<In = never, Out = unknown, Item = unknown> extends Definition {
  /** Types only: never set. */
  readonly '~types'?: {
    /** Type of the input. */
    in: In;
    /** Type of the answer. */
    out: Out;
    /** Type of an entry, for lists. */
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

/** Declares an operation. Its types are computed here, once, so that calls do not slow down a compiler. */
/* @__NO_SIDE_EFFECTS__ */
export function op<const Def extends Definition>(
  definition: Def,
): Operation<InputOf<Def>, Answer<Def>, ItemOf<Answer<Def>, Def['paging']>> {
  return definition;
}
