import { now } from '../clock.js';
import { toBase64url } from '../crypto/node.js';
import { headText, PAGE, pageText, type Head, type Notice } from './page.js';
import { createRevocationReader, merged, type Known, type RevocationReader } from './reader.js';
import { storeUnavailable } from '../store/timeout.js';
import { hash } from '../crypto/hash.js';
import type { SessionStore } from '../store/session-store.js';
import { createSerialQueue } from '../cache/serial-queue.js';

/** The log by which processes tell each other about sessions, in order. */
export interface RevocationLog {
  /**
   * Reads what was said since, and then has this process's notices said, too.
   * @throws KindeError `store_unavailable`.
   */
  sync(): Promise<void>;
  /** Says something to all processes. @throws KindeError `store_unavailable`; it may have been said all the same. */
  append(notice: Said): Promise<void>;
  /** The part that this process has read; `undefined` before it has read all there is. */
  known(): Known | undefined;
}

/** A notice before it has its place. */
type Said = Omit<Notice, 'seq'>;

/** Tries to write while others write. */
const TRIES = 30;
/** Seconds that clocks of machines may disagree. */
const MARGIN = 3600;

/**
 * A log in a store that can do no more than compare and set. Its newest page is one small value, the head, that every process
 * reads every few seconds. A full page is copied beside it and the head begins anew, so that a process reads each page
 * once, however much was said. Whoever finds that the head or a page is missing, or that the head has gone back, cannot know
 * what was said, and begins a new epoch: sessions of another epoch are over.
 */
export function createRevocationLog(
  store: Required<SessionStore>,
  title: string,
  maxAge: number,
): RevocationLog {
  // Not names that are made with a secret: processes that have different ones for a while still go by the same log.
  const headName = () => hash(title);
  const pageName = (epoch: string, page: number) => hash(`${title} ${epoch} ${page}`);
  const matters = maxAge + MARGIN;
  // A page that is in use is younger than `matters` when the head is written, and the head in use as long again.
  const life = 2 * matters;
  const reader = createRevocationReader(
    async (...page) => store.get(await pageName(...page)),
    matters,
  );
  const log: Log = { store, reader, headName, pageName, matters, maxAge, life, pending: [] };
  const turns = createSerialQueue();
  const sync = () => turns.run('', () => writePending(log));

  return Object.freeze({
    sync,
    async append(notice) {
      const same = log.pending.find((one) => one.notice.key === notice.key && !one.isTaken);
      const own: Pending = same ?? {
        notice,
        isTaken: false,
        isSaid: false,
      };
      if (same) {
        same.notice = merged(same.notice, notice);
      } else {
        log.pending.push(own);
      }
      try {
        while (!own.isSaid) {
          await sync();
        }
      } finally {
        log.pending = log.pending.filter((one) => one !== own);
      }
    },
    known: () => reader.known(),
  } satisfies RevocationLog);
}

/** The log of one process, and the notices that it has yet to write. */
interface Log {
  readonly store: Required<SessionStore>;
  readonly reader: RevocationReader;
  readonly headName: () => Promise<string>;
  readonly pageName: (epoch: string, page: number) => Promise<string>;
  /** Seconds for which a notice matters. */
  readonly matters: number;
  /** Seconds for which a session lives at most. */
  readonly maxAge: number;
  /** Seconds for which the store keeps what is written. */
  readonly life: number;
  pending: Pending[];
}

/** Reads the log, and writes what is pending, as often as others are faster. */
async function writePending(log: Log): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) {
    const before = log.pending.length;
    if (await tryWrite(log)) {
      return;
    }
    if (log.pending.length < before) {
      tries = 0;
    } else {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 10 * tries));
    }
  }
  throw storeUnavailable(
    'The revocation log in the session store could not be written: too many processes write to it at the same time.',
  );
}

/** Reads, and writes what is pending or due. Returns whether that is done; `false` where others were faster. */
async function tryWrite(log: Log): Promise<boolean> {
  const { store, reader, matters, maxAge, life } = log;
  const name = await log.headName();
  const text = await store.get(name);
  const head = await reader.take(text);
  const batch = takeBatch(log.pending, head);
  if (head && batch.length === 0 && now() - head.writtenAt < maxAge / 4) {
    return true;
  }
  // Copied before the head says so: every reader finds all of it.
  if (head && isFull(head)) {
    await store.set(await log.pageName(head.epoch, head.page), pageText(head.notices), life);
  }
  const next = extended(head ?? newHead(), batch, { matters, endOf: reader.endOf });
  const to = headText(next);
  if (!(await store.compareAndSet(name, text, { to, maxAge: life }))) {
    return false;
  }
  reader.accept(head, next, to);
  for (const one of batch) {
    one.isSaid = true;
  }
  log.pending = log.pending.filter(({ isSaid }) => !isSaid);
  return log.pending.length === 0;
}

/** Is the head's page full, so that the next notice begins a new one? */
function isFull({ notices }: Head): boolean {
  return notices.length >= PAGE;
}

/** Marks as many pending notices as the page has room for; a new page begins behind a full one. */
function takeBatch(pending: readonly Pending[], head: Head | undefined): readonly Pending[] {
  const used = head && !isFull(head) ? head.notices.length : 0;
  const batch = pending.slice(0, PAGE - used);
  for (const one of batch) {
    one.isTaken = true;
  }
  return batch;
}

/** The head with some notices more. Old ones leave; behind a full page, a new one begins. */
function extended(
  head: Head,
  batch: readonly Pending[],
  { matters, endOf }: { matters: number } & Pick<RevocationReader, 'endOf'>,
): Head {
  const time = now();
  const isNewPage = isFull(head);
  const kept = isNewPage ? [] : head.notices.filter(({ at }) => at + matters > time);
  const notices = new Map(kept.map((one) => [one.key, one]));
  let { seq, first } = head;
  for (const { notice } of batch) {
    notices.set(notice.key, { ...merged<Said>(notices.get(notice.key), notice), seq: ++seq });
  }
  while (first < head.page && (endOf(first) ?? time) + matters < time) {
    first += 1;
  }
  const page = isNewPage ? head.page + 1 : head.page;
  return {
    epoch: head.epoch,
    seq,
    first,
    page,
    writtenAt: time,
    notices: [...notices.values()],
  };
}

interface Pending {
  notice: Said;
  isTaken: boolean;
  isSaid: boolean;
}

function newHead(): Head {
  const epoch = toBase64url(crypto.getRandomValues(new Uint8Array(6)));
  return {
    epoch,
    seq: 0,
    first: 0,
    page: 0,
    writtenAt: 0,
    notices: [],
  };
}
