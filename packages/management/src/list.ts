import { call, type CallOptions, type Reply, type Transport } from './call.js';
import { KindeApiError } from './errors.js';
import type { Operation } from './op.js';
import { refuse } from './request.js';

/** A list. Await it for one page, iterate it for every entry. Nothing is sent before that. */
export interface Paged<Item, Page> extends PromiseLike<Page>, AsyncIterable<Item> {
  /** Page by page. Stopping early stops asking. */
  pages(): AsyncGenerator<Page, void>;
  /** Every entry, or the first `limit`. */
  all(limit?: number): Promise<Item[]>;
  /** One page, with status, headers and attempts. */
  withResponse(): Promise<Reply<Page>>;
}

/** Entries per page while iterating: Kinde's own default is 10. More than this it may not give, whatever is asked for. */
const PAGE_SIZE = 100;

/** Pages without an entry, one after the other, after which nothing is expected any more. */
const MOST_EMPTY = 20;

type Page = Readonly<Record<string, unknown>>;

/**
 * The list that an operation answers, whichever way it goes on.
 * @example for await (const role of paged(transport, roles.list)) keys.push(role.key);
 */
export function paged<In, Out, Item>(
  transport: Transport,
  operation: Operation<In, Out, Item>,
  { input, ...options }: CallOptions & { input?: In | undefined } = {},
): Paged<Item, Out> {
  const { paging, query = {} } = operation;
  const { items } = paging!;
  let first: Promise<Reply<Out>> | undefined;
  const one = () => (first ??= call(transport, operation, { ...options, input }));

  async function* pages(): AsyncGenerator<Out, void> {
    const given = { ...(input as object), ...('page_size' in query && sizeOf(input)) };
    const next = createCursor(operation as Operation, given);
    for (let more: object | undefined = {}; more;) {
      const { data } = await call(transport, operation, {
        ...options,
        input: { ...given, ...more } as In,
      });
      more = next(data as Page);
      yield data;
    }
  }
  async function* each(): AsyncGenerator<Item, void> {
    for await (const page of pages()) {
      yield* entriesOf(page as Page, items) as Item[];
    }
  }
  return {
    // oxlint-disable-next-line unicorn/no-thenable -- awaiting a list is how one page of it is asked for
    then: (fulfilled, rejected) =>
      one()
        .then(({ data }) => data)
        .then(fulfilled, rejected),
    withResponse: one,
    pages,
    [Symbol.asyncIterator]: each,
    async all(limit = Infinity) {
      const found: Item[] = [];
      if (limit > 0) {
        for await (const item of each()) {
          if (found.push(item) >= limit) {
            break;
          }
        }
      }
      return found;
    },
  };
}

function sizeOf(input: unknown): { page_size: unknown } {
  return { page_size: (input as { page_size?: number } | undefined)?.page_size ?? PAGE_SIZE };
}

/**
 * Says after each page what to ask for next; nothing at the end.
 * @throws KindeApiError `answer_unexpected` for a list that would never end, or that cannot go on although there is more.
 */
function createCursor(operation: Operation, given: object): (page: Page) => object | undefined {
  const { route, paging } = operation;
  const { by, items } = paging!;
  const { page_size: size = PAGE_SIZE, ending_before: before } = given as {
    page_size?: number;
    ending_before?: unknown;
  };
  if (before !== undefined) {
    throw refuse(route, [
      {
        code: 'INVALID',
        message: 'ending_before is for a single page: await it.',
        field: 'ending_before',
      },
    ]);
  }
  const stuck = (why: string) =>
    new KindeApiError('answer_unexpected', `${route}: ${why}.`, { operation: route });
  const seen = new Set<string>();
  let empty = 0;
  return (page) => {
    const entries = entriesOf(page, items);
    empty = entries.length > 0 ? 0 : empty + 1;
    const token = page['next_token'];
    // A page may be shorter than asked for because Kinde gives no more at a time.
    const ended =
      by === 'token'
        ? !token
        : by === 'id'
          ? page['has_more'] !== true
          : entries.length < Math.min(size, PAGE_SIZE);
    if (ended) {
      return undefined;
    }
    const next = by === 'token' ? token : (entries.at(-1) as { id?: unknown } | undefined)?.id;
    if (typeof next !== 'string') {
      throw stuck('there is more, but nothing says after what');
    }
    if (seen.has(next)) {
      throw stuck('the list goes around in circles');
    }
    if (empty >= MOST_EMPTY) {
      throw stuck(`there were ${empty} pages without an entry`);
    }
    seen.add(next);
    if (by === 'token') {
      return { next_token: next };
    }
    return { starting_after: next };
  };
}

function entriesOf(page: Page, items: string): unknown[] {
  const entries = page[items];
  return Array.isArray(entries) ? entries : [];
}
