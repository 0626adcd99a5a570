import type { SessionStore } from '../store/session-store.js';

/** A store by which processes can agree. */
export type LockStore = SessionStore & Required<Pick<SessionStore, 'compareAndSet'>>;

/** Where a mark stands: under which id, and for how many seconds it stays when its holder is gone. */
export interface LockPlace {
  readonly store: LockStore;
  readonly id: string;
  readonly life: number;
}

/**
 * The right to do some work, as all processes see it. Every method throws KindeError `store_unavailable`.
 *
 * Marks begin with `lock.`, which versions before took for a lock; those of such versions have nothing but an id behind it.
 */
export interface Lock {
  /** Puts the mark in place of exactly this. Answers whether it did. */
  acquire(from: string | undefined): Promise<boolean>;
  /** Puts something in place of the mark, also where a store lost it, or somebody announced to take over. */
  replace(to: string | undefined, life: number): Promise<boolean>;
  /** Says that its holder is at work, unless that is being said. */
  heartbeat(): void;
  /** Its holder leaves without a result: for good, or with work that may have had its effect. */
  release(isUndone: boolean): Promise<boolean>;
}

/** Tries to put something in place of a mark that others want to have. */
const TRIES = 3;
/** Milliseconds in which a holder that was taken for dead may object. */
const OBJECTION = 2000;

/** A mark that is nowhere yet. */
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
    const end = () => (last === ended ? (isPutting = false) : undefined);
    const ended: Promise<unknown> = next.then(end, end);
    last = ended;
    return next;
  };
  return Object.freeze({
    acquire: (from: string | undefined) =>
      store.compareAndSet(id, from, { to: text, maxAge: life }),
    replace: put,
    heartbeat() {
      if (!isPutting) {
        put(own + (beats += 1), life).catch(() => {});
      }
    },
    release: (isUndone: boolean) => put(isUndone ? undefined : LEFT + crypto.randomUUID(), life),
  });
}

/**
 * Announces to take over from a holder that says nothing, and waits for it to object. What was announced is what the new
 * mark is to be put in place of; `undefined` where somebody was faster.
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

/** Is this a mark, and no result? */
export function isLock(text: string): boolean {
  return text.startsWith('lock.');
}

/** Did its holder leave? */
export function isLeft(mark: string): boolean {
  return mark.startsWith(LEFT);
}

/** Does its holder change it while it works? Versions before do not: their locks end by themselves. */
export function isBeating(mark: string): boolean {
  return mark.startsWith('lock.1.') || mark.startsWith(CLAIM);
}
