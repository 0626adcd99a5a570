import { now } from '../clock.js';
import { PAGE, readHead, readPage, type Head, type Notice } from './page.js';
import { storeUnavailable } from '../store/timeout.js';

/** The end of the log, and the latest notice of each kind about everybody. */
export interface Known {
  /** Name of the log, which begins anew when the store has lost it. */
  readonly epoch: string;
  /** Place of its latest notice. */
  readonly seq: number;
  /** The latest notice by key. */
  readonly latest: ReadonlyMap<string, Notice>;
}

/** The part of the log that a process has read. */
export interface RevocationReader {
  /**
   * Takes in a head and the pages before it that were not read yet. `undefined` where one is missing, or the head is older
   * than one that was read: then nobody can know what was said.
   * @throws KindeError `store_unavailable`.
   */
  take(text: string | undefined): Promise<Head | undefined>;
  /** Takes in what this process itself has written in place of a head, or of none. */
  accept(before: Head | undefined, head: Head, text: string): void;
  /** The state once the whole log was read. */
  known(): Known | undefined;
  /** The latest time on a full page, if that was read. */
  endOf(page: number): number | undefined;
}

/** Pages that are read at the same time. */
const AT_ONCE = 50;

/** A process reads each page once. `life` is for how many seconds a notice matters; `pageOf` asks the store for a full page. */
export function createRevocationReader(pageOf: PageOf, life: number): RevocationReader {
  let mind: Mind | undefined;

  const take: RevocationReader['take'] = async (text) => {
    if (text !== undefined && text === mind?.text) {
      return mind.head;
    }
    const head = parseHead(text);
    if (!head) {
      return undefined;
    }
    const before: Mind = mind?.head.epoch === head.epoch ? mind : emptyMind(head);
    mind = before;
    if (before.text !== undefined && head.seq < before.head.seq) {
      return undefined;
    }
    const pages = await readPages(pageOf, head, nextPage(head, before), before.ends);
    const news = pages && [...pages, ...head.notices];
    if (!news || !goesOn(before, news, life)) {
      return undefined;
    }
    learn(before.latest, news);
    mind = { ...before, head, text };
    return head;
  };

  return Object.freeze({
    take,
    accept(before, head, text) {
      const known = before && mind?.head.epoch === head.epoch ? mind : emptyMind(head);
      mind = { ...accepted(known, before, head, life), head, text };
    },
    known: () => {
      if (mind?.text === undefined) {
        return undefined;
      }
      return {
        epoch: mind.head.epoch,
        seq: mind.head.seq,
        latest: mind.latest,
      };
    },
    endOf: (page) => mind?.ends.get(page),
  } satisfies RevocationReader);
}

/** `text` is that of the head, once everything before it was read, too. */
interface Mind {
  readonly head: Head;
  readonly text: string | undefined;
  readonly latest: Map<string, Notice>;
  /** Full pages that were read, in their order, with the latest time on each. */
  readonly ends: Map<number, number>;
}

/** Asks the store for a full page. */
type PageOf = (epoch: string, page: number) => Promise<string | undefined>;

/** Notices of full pages, whose latest times are added to `ends`; `undefined` where a page is missing. */
async function readPages(
  pageOf: PageOf,
  { epoch, page: end }: Head,
  from: number,
  ends: Mind['ends'],
): Promise<Notice[] | undefined> {
  const found: Notice[] = [];
  for (let start = from; start < end; start += AT_ONCE) {
    const numbers = Array.from(
      { length: Math.min(AT_ONCE, end - start) },
      (_, index) => start + index,
    );
    const texts = await Promise.all(numbers.map((number) => pageOf(epoch, number)));
    for (const [index, text] of texts.entries()) {
      const notices = typeof text === 'string' ? readPage(text) : undefined;
      if (notices?.length !== PAGE) {
        return undefined;
      }
      found.push(...notices);
      ends.set(start + index, latestOf(notices));
    }
  }
  return found;
}

/** Takes in a head that this process has written, and drops what does not matter any more. */
function accepted(known: Mind, before: Head | undefined, head: Head, life: number): Mind {
  const { latest, ends } = known;
  if (before && head.page > before.page) {
    ends.set(before.page, latestOf(before.notices));
  }
  const old = [...ends.keys()].filter((page) => page < head.first);
  for (const page of old) {
    ends.delete(page);
  }
  if (old.length > 0) {
    for (const [key, { at }] of latest) {
      if (at + life < now()) {
        latest.delete(key);
      }
    }
  }
  learn(latest, head.notices);
  return known;
}

/** The head in a text, if it is one. @throws KindeError `store_unavailable` for one of a later version. */
function parseHead(text: string | undefined): Head | undefined {
  const head = typeof text === 'string' ? readHead(text) : undefined;
  if (head === 'foreign') {
    throw storeUnavailable(
      'The revocation log in the session store was written by a version of this package that is not known here.',
    );
  }
  return head;
}

/** Nothing of a head's epoch was read yet. */
function emptyMind(head: Head): Mind {
  return { head, text: undefined, latest: new Map(), ends: new Map() };
}

/** The first full page that was not read yet. */
function nextPage(head: Head, { ends }: Mind): number {
  const last = [...ends.keys()].at(-1);
  return last === undefined ? head.first : Math.max(head.first, last + 1);
}

/**
 * Is all that was in the head still said? A store that lost its last writes to a fail-over goes on from before them, and may
 * have come as far again with other notices.
 */
function goesOn(before: Mind, news: readonly Notice[], life: number): boolean {
  if (before.text === undefined) {
    return true;
  }
  const places = new Map<string, number>();
  for (const { key, seq } of news) {
    places.set(key, Math.max(seq, places.get(key) ?? 0));
  }
  return before.head.notices.every(
    ({ key, seq, at }) => at + life < now() || (places.get(key) ?? 0) >= seq,
  );
}

function learn(latest: Map<string, Notice>, notices: readonly Notice[]): void {
  for (const notice of notices) {
    const before = latest.get(notice.key);
    if (!before || before.seq < notice.seq) {
      latest.set(notice.key, merged(before, notice));
    }
  }
}

/** Two notices about the same, as one that says what both say, in the place of the second. */
export function merged<One extends Pick<Notice, 'at' | 'until'>>(
  before: One | undefined,
  notice: One,
): One {
  if (!before) {
    return notice;
  }
  return {
    ...notice,
    at: Math.max(before.at, notice.at),
    until: Math.max(before.until, notice.until),
  };
}

function latestOf(notices: readonly Notice[]): number {
  return notices.reduce((latest, { at }) => Math.max(latest, at), 0);
}
