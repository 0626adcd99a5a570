/** One thing that was said about sessions. */
export interface Notice {
  /** Its kind, in one letter, and its subject, as a name that says nothing. */
  readonly key: string;
  /** Its place in the order in which everything was said, from 1. */
  readonly seq: number;
  /** When it was said, or for which second it asks for a refresh, in Unix seconds. */
  readonly at: number;
  /** Only sessions that began by this second are meant; 0 for no such bound. */
  readonly until: number;
}

/** The newest page, and where the others are: numbered from `first`, all of them full. */
export interface Head {
  /** A random name for all that was said since the store was empty. */
  readonly epoch: string;
  /** Place of the latest notice; 0 while there is none. */
  readonly seq: number;
  /** Number of the oldest full page that is kept. */
  readonly first: number;
  /** Number of this page. */
  readonly page: number;
  /** When this was written, in Unix seconds. */
  readonly writtenAt: number;
  /** Notices of this page. */
  readonly notices: readonly Notice[];
}

/** Notices on one page. A page that has as many is never changed again, so all processes copy the same. */
export const PAGE = 128;

const VERSION = '1';
const HEAD = /^1 ([\w-]{8}) (\w{1,9}) (\w{1,9}) (\w{1,9}) (\w{1,9})(?: |$)/;
const NOTICE = /^([eor][\w-]{22})\.(\w{1,9})\.(\w{1,9})\.(\w{1,9})$/;

function write(value: number) {
  return value.toString(36);
}
function read(text: string | undefined) {
  return Number.parseInt(text ?? '', 36);
}

/** A page as text. */
export function pageText(notices: readonly Notice[]): string {
  return notices
    .map(({ key, seq, at, until }) => [key, write(seq), write(at), write(until)].join('.'))
    .join(' ');
}

/** The newest page as text, behind where the others are. */
export function headText({ epoch, seq, first, page, writtenAt, notices }: Head): string {
  return [VERSION, epoch, ...[seq, first, page, writtenAt].map(write), pageText(notices)]
    .join(' ')
    .trimEnd();
}

/** The notices of a page; `undefined` for any other text. */
export function readPage(text: string): Notice[] | undefined {
  const notices: Notice[] = [];
  for (const part of text === '' ? [] : text.split(' ')) {
    const [, key, seq, at, until] = NOTICE.exec(part) ?? [];
    if (key === undefined) {
      return undefined;
    }
    notices.push({
      key,
      seq: read(seq),
      at: read(at),
      until: read(until),
    });
  }
  return notices;
}

/** The newest page; `'foreign'` for one of another version, `undefined` for what is none. */
export function readHead(text: string): Head | 'foreign' | undefined {
  const [start, epoch = '', seq, first, page, writtenAt] = HEAD.exec(text) ?? [];
  if (start === undefined) {
    return /^(?!1 )\d+ /.test(text) ? 'foreign' : undefined;
  }
  const notices = readPage(text.slice(start.length));
  if (!notices) {
    return undefined;
  }
  return {
    epoch,
    seq: read(seq),
    first: read(first),
    page: read(page),
    writtenAt: read(writtenAt),
    notices,
  };
}
