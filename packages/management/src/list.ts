import { call, type CallOptions, type Reply, type Transport } from './call.js';
import { KindeApiError } from './errors.js';
import type { Operation, Paging } from './op.js';
import { refuse } from './request.js';

/** A list of the API. Await it for one page, or iterate it for every entry. Nothing is sent before that. */
export interface Paged<Item, Page> extends PromiseLike<Page>, AsyncIterable<Item> {
  /** Requests page after page. Leaving the loop early requests no further one. */
  pages(): AsyncGenerator<Page, void>;
  /** Collects every entry, or the first `limit`. @default no limit */
  all(limit?: number): Promise<Item[]>;
  /** Requests one page, with status, headers and attempts. */
  withResponse(): Promise<Reply<Page>>;
}

/** Entries per page while iterating: Kinde's own default is 10, and it may send fewer than requested above 100. */
const PAGE_SIZE = 100;

/** Pages without an entry, one after the other, after which the list counts as broken. */
const MOST_EMPTY = 20;

type Page = Readonly<Record<string, unknown>>;

/**
 * Iterates over an operation that answers in pages, whichever way its pages are requested.
 * @throws KindeApiError
 * @example for await (const role of paged(transport, roles.list)) keys.push(role.key);
 */
export function paged<In, Out, Item>(
  transport: Transport,
  operation: Operation<In, Out, Item>,
  { input, ...options }: CallOptions & { input?: In | undefined } = {},
): Paged<Item, Out> {
  const { query = {} } = operation;
  const { items } = pagingOf(operation as Operation);
  let first: Promise<Reply<Out>> | undefined;
  const firstPage = () => (first ??= call(transport, operation, { ...options, input }));

  async function* pages(): AsyncGenerator<Out, void> {
    const given = { ...(input as object), ...('page_size' in query && sizeOf(input)) };
    const next = createCursor(operation as Operation, given);
    let position: object | undefined = {};
    while (position) {
      const { data } = await call(transport, operation, {
        ...options,
        input: { ...given, ...position } as In,
      });
      position = next(data as Page);
      yield data;
    }
  }
  async function* entries(): AsyncGenerator<Item, void> {
    for await (const page of pages()) {
      yield* entriesOf(page as Page, items) as Item[];
    }
  }
  return {
    // oxlint-disable-next-line unicorn/no-thenable -- awaiting a list is how one page of it is requested
    then: (fulfilled, rejected) =>
      firstPage()
        .then(({ data }) => data)
        .then(fulfilled, rejected),
    withResponse: firstPage,
    pages,
    [Symbol.asyncIterator]: entries,
    async all(limit = Infinity) {
      const found: Item[] = [];
      if (limit <= 0) {
        return found;
      }
      for await (const item of entries()) {
        if (found.push(item) >= limit) {
          break;
        }
      }
      return found;
    },
  };
}

/** @throws TypeError for an operation without pages, which the types exclude */
function pagingOf({ route, paging }: Operation): Paging {
  if (!paging) {
    throw new TypeError(`${route} is no list.`);
  }
  return paging;
}

function sizeOf(input: unknown): { page_size: unknown } {
  return { page_size: (input as { page_size?: number } | undefined)?.page_size ?? PAGE_SIZE };
}

/** The first parameters of a list: its page size, and a position from which it cannot be continued. */
interface Given {
  readonly page_size?: number;
  readonly ending_before?: unknown;
}

/**
 * Creates a function that takes a page and returns the parameters of the next one; nothing at the end.
 * @throws KindeApiError `answer_unexpected` for a list that would never end, or has more pages without saying where
 */
function createCursor(operation: Operation, given: object): (page: Page) => object | undefined {
  const { route } = operation;
  const paging = pagingOf(operation);
  const { page_size: size = PAGE_SIZE, ending_before: before } = given as Given;
  if (before !== undefined) {
    throw refuse(route, [
      {
        code: 'INVALID',
        message: 'ending_before works for a single page only: await the list instead.',
        field: 'ending_before',
      },
    ]);
  }
  const stuck = (why: string) =>
    new KindeApiError('answer_unexpected', `${route}: ${why}.`, { operation: route });
  const seen = new Set<string>();
  let empty = 0;
  return (page) => {
    const { length } = entriesOf(page, paging.items);
    empty = length > 0 ? 0 : empty + 1;
    if (isLast(page, paging, size)) {
      return undefined;
    }
    const position = positionAfter(page, paging);
    if (typeof position !== 'string') {
      throw stuck('there are more pages, but the answer does not say where they begin');
    }
    if (seen.has(position)) {
      throw stuck('the list repeats a page and would never end');
    }
    if (empty >= MOST_EMPTY) {
      throw stuck(`there were ${empty} pages without an entry`);
    }
    seen.add(position);
    if (paging.by === 'token') {
      return { next_token: position };
    }
    return { starting_after: position };
  };
}

function isLast(page: Page, { by, items }: Paging, size: number): boolean {
  switch (by) {
    case 'token':
      return !page['next_token'];
    case 'id':
      return page['has_more'] !== true;
    case 'size':
      // A page may be shorter than requested because Kinde sends no more at a time.
      return entriesOf(page, items).length < Math.min(size, PAGE_SIZE);
  }
}

function positionAfter(page: Page, { by, items }: Paging): unknown {
  if (by === 'token') {
    return page['next_token'];
  }
  const last = entriesOf(page, items).at(-1) as { id?: unknown } | undefined;
  return last?.id;
}

function entriesOf(page: Page, items: string): unknown[] {
  const entries = page[items];
  return Array.isArray(entries) ? entries : [];
}
