import { call, type CallOptions, type Transport } from './call.js';
import { KindeApiError } from './errors.js';
import type { Operation } from './op.js';

/** A list. Await it for one page, iterate it for every entry. Nothing is sent before that. */
export interface Paged<Item, Page> extends PromiseLike<Page>, AsyncIterable<Item> {
  /** Page by page. Stopping early stops asking. */
  pages(): AsyncGenerator<Page, void>;
  /** Every entry, or the first `limit`. */
  all(limit?: number): Promise<Item[]>;
}

/** Entries per page while iterating: Kinde's own default is 10. */
const PAGE_SIZE = 100;

/** Pages without an entry, one after the other, after which nothing is expected any more. */
const MOST_EMPTY = 20;

type Page = Readonly<Record<string, unknown>>;

/** The list that an operation answers, whichever way it goes on. */
export function paged<In, Out, Item>(
  transport: Transport,
  operation: Operation<In, Out, Item>,
  input: In,
  options?: CallOptions,
): Paged<Item, Out> {
  const { route, paging, query = {} } = operation;
  const { by, items } = paging!;
  const size = 'page_size' in query ? { page_size: PAGE_SIZE } : {};

  async function* pages(): AsyncGenerator<Out, void> {
    const seen = new Set<string>();
    let more: object = {};
    for (let empty = 0; empty < MOST_EMPTY;) {
      const asked = { ...size, ...input, ...more };
      const { data } = await call(transport, operation, asked as In, options);
      const next = nextOf(data as Page, { by, items, size: (asked as { page_size?: number }).page_size ?? 10 });
      if (next !== undefined && seen.has(next)) break;
      yield data;
      if (next === undefined) return;
      seen.add(next);
      more = by === 'token' ? { next_token: next } : { starting_after: next };
      empty = entriesOf(data as Page, items).length > 0 ? 0 : empty + 1;
    }
    throw new KindeApiError('answer_unexpected', `${route}: the list goes around in circles.`, { operation: route });
  }
  async function* each(): AsyncGenerator<Item, void> {
    for await (const page of pages()) yield* entriesOf(page as Page, items) as Item[];
  }
  return {
    then: (fulfilled, rejected) =>
      call(transport, operation, input, options)
        .then(({ data }) => data)
        .then(fulfilled, rejected),
    pages,
    [Symbol.asyncIterator]: each,
    async all(limit = Infinity) {
      const found: Item[] = [];
      if (limit > 0) for await (const item of each()) if (found.push(item) >= limit) break;
      return found;
    },
  };
}

function entriesOf(page: Page, items: string): unknown[] {
  const entries = page[items];
  return Array.isArray(entries) ? entries : [];
}

/** What to go on with after this page; nothing at the end. */
function nextOf(
  page: Page,
  { by, items, size }: { by: 'token' | 'id' | 'size'; items: string; size: number },
): string | undefined {
  const entries = entriesOf(page, items);
  if (by === 'token')
    return typeof page['next_token'] === 'string' && page['next_token'] ? page['next_token'] : undefined;
  const more = by === 'id' ? page['has_more'] === true : entries.length >= size;
  const { id } = (entries.at(-1) ?? {}) as { id?: unknown };
  return more && typeof id === 'string' ? id : undefined;
}
