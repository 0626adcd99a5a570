import type { SessionStore } from '../store/session-store.js';

/** A store that can hold a lock: it compares and sets in one step. */
export type LockStore = SessionStore & Required<Pick<SessionStore, 'compareAndSet'>>;

/** Where the mark of a lock is kept. */
export interface LockPlace {
  readonly store: LockStore;
  /** The id of the mark in the store. */
  readonly id: string;
  /** Seconds for which the mark stays when its holder is gone. */
  readonly life: number;
}

/**
 * The right to do some work, as all processes see it: a mark in the store. Every method throws KindeError `store_unavailable`.
 *
 * Marks begin with `lock.`, as in earlier versions, whose marks have nothing but an id behind it.
 */
export interface Lock {
  /** Puts the mark in place of exactly this value (`undefined`: none), and resolves to whether it did. */
  acquire(from: string | undefined): Promise<boolean>;
  /** Puts a value in place of the mark, also where a store lost it, or somebody announced to take over. */
  replace(to: string | undefined, life: number): Promise<boolean>;
  /** Changes the mark, to say that its holder is at work; does nothing while the mark is being changed. */
  heartbeat(): void;
  /** Leaves without a result: work that is undone may be done by anybody, other work may have had its effect. */
  release(isUndone: boolean): Promise<boolean>;
}

/** Tries to replace a mark that others want to replace, too. */
const TRIES = 3;
/** Milliseconds in which a holder that was taken for dead may object. */
const OBJECTION = 2000;

/** A lock whose mark is not in the store yet. */
export function createLock({ store, id, life }: LockPlace): Lock {
  const own = `lock.1.${crypto.randomUUID()}.`;
  let beats = 0;
  let text = own + beats;
  let last: Promise<unknown> = Promise.resolve();
  let isPutting = false;
  const swap = async (to: string | undefined, maxAge: number) => {
    let found: string | undefined = text;
    for (let tries = TRIES; tries > 0; tries--) {
      if (await store.compareAndSet(id, found, { to, maxAge })) {
        if (to?.startsWith(own)) {
          text = to;
        }
        return true;
      }
      found = await store.get(id);
      if (found !== undefined && !found.startsWith(own) && !found.startsWith(CLAIM)) {
        return false;
      }
    }
    return false;
  };
  /** One after the other: which text of the mark is there must be known. */
  const put = (to: string | undefined, maxAge: number): Promise<boolean> => {
    isPutting = true;
    const next = last.then(() => swap(to, maxAge));
    const end = () => {
      if (last === ended) {
        isPutting = false;
      }
    };
    const ended = next.then(end, end);
    last = ended;
    return next;
  };
  return Object.freeze({
    acquire: (from: string | undefined) =>
      store.compareAndSet(id, from, { to: text, maxAge: life }),
    replace: put,
    heartbeat() {
      if (!isPutting) {
        beats += 1;
        put(own + beats, life).catch(() => {});
      }
    },
    release: (isUndone: boolean) => put(isUndone ? undefined : LEFT + crypto.randomUUID(), life),
  });
}

/**
 * Announces to take over from a silent holder and waits for it to object. Resolves to the announcement, which the new mark
 * is to replace; `undefined` where somebody was faster.
 */
export async function takeOver(
  { store, id, life }: LockPlace,
  mark: string,
): Promise<string | undefined> {
  const claim = CLAIM + crypto.randomUUID();
  if (!(await store.compareAndSet(id, mark, { to: claim, maxAge: life }))) {
    return undefined;
  }
  await new Promise((resolve) => setTimeout(resolve, OBJECTION));
  return claim;
}

const LEFT = 'lock.left.';
const CLAIM = 'lock.claim.';

/** Tells a mark from a result. */
export function isLock(text: string): boolean {
  return text.startsWith('lock.');
}

/** Says whether the holder of a mark left. */
export function isLeft(mark: string): boolean {
  return mark.startsWith(LEFT);
}

/** Says whether the holder of a mark changes it while it works. Earlier versions do not: their locks expire. */
export function isBeating(mark: string): boolean {
  return mark.startsWith('lock.1.') || mark.startsWith(CLAIM);
}
