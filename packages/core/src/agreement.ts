import type { Once } from './once.js';
import { unavailable } from './patience.js';
import { hash, type Seal } from './seal.js';
import type { SessionStore } from './store.js';

/** A store by which processes can agree. */
type Swapping = SessionStore & Required<Pick<SessionStore, 'swap'>>;

/** How long things last, in seconds. */
const [LOCK, REMEMBERED] = [5, 600];
/** Milliseconds after which a lock is extended, and a result that could not be kept is offered again. */
const EXTEND = 1000;
/** Tries to keep a result while the store is away: about a minute. */
const TRIES = 60;

/** What processes agree by, and how long one of them waits for another, in seconds. */
export interface AgreementOptions {
  readonly store: Swapping;
  readonly seal: Seal;
  readonly patience: number;
}

/**
 * Work that is done once per key by all processes that share the store. Who swaps a lock in where nothing was does the
 * work and swaps the lock for the result, which everybody uses for ten minutes. The lock ends a few seconds after its
 * holder dies; a holder that stood still for longer finds that its swap is refused, and uses what the others agreed on.
 * A failure is not remembered. `local` makes sure that each process asks once.
 */
export function createAgreement<Result extends object | string>(
  local: Once<Result>,
  { store, seal, patience }: AgreementOptions,
): Once<Result> {
  const agree = async (key: string, work: () => Promise<Result>): Promise<Result> => {
    const id = await hash(`refresh ${key}`);
    const start = performance.now();
    let own: Done<Result> | undefined;
    let found: string | undefined;
    try {
      for (let pause = 40; ; pause = Math.min(pause * 1.5, 400)) {
        if (found === undefined && !own) {
          own = await attempt(id, work);
          if (own?.isKept) return own.result;
        } else if (found === undefined) await store.swap(id, undefined, { to: own!.sealed, maxAge: REMEMBERED });
        found = await store.get(id);
        if (found !== undefined && !isLock(found)) return await read(found, id);
        if (performance.now() - start > patience * 1000)
          throw unavailable('Another process renews this session and is not ready yet.');
        await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random())));
      }
    } catch (error) {
      if (!own) throw error;
      keepLater(store, id, own);
      return own.result;
    }
  };
  /** Does the work, if the lock can be had. It may run out before the result can be kept. */
  const attempt = async (id: string, work: () => Promise<Result>): Promise<Done<Result> | undefined> => {
    const lock = `lock.${crypto.randomUUID()}`;
    if (!(await store.swap(id, undefined, { to: lock, maxAge: LOCK }))) return undefined;
    const result = await holding({ store, id, lock }, work);
    const sealed = await seal.seal({ of: id, result }, 'refresh', REMEMBERED);
    const keep = () => store.swap(id, lock, { to: sealed, maxAge: REMEMBERED });
    try {
      return { result, lock, sealed, isKept: await keep().catch(keep) };
    } catch {
      keepLater(store, id, { lock, sealed });
      return { result, lock, sealed, isKept: true };
    }
  };
  const read = async (sealed: string, id: string): Promise<Result> => {
    const payload = (await seal.open(sealed, 'refresh'))?.payload;
    // Sealed for this very key, so that nobody who can write to the store hands one person the tokens of another.
    if (payload?.['of'] === id) return payload['result'] as Result;
    throw unavailable('What another process agreed on cannot be read: do all of them have the same secrets?');
  };
  const look = async (id: string): Promise<Result | undefined> => {
    const found = await store.get(id);
    return found === undefined || isLock(found) ? undefined : read(found, id);
  };
  return Object.freeze({
    ...local,
    run: (key: string, work: () => Promise<Result>) => local.run(key, () => agree(key, work)),
    known: async (key: string) => local.peek(key) ?? look(await hash(`refresh ${key}`)),
  });
}

interface Done<Result> {
  readonly result: Result;
  readonly lock: string;
  readonly sealed: string;
  /** Or will be, as soon as the store is back. */
  readonly isKept: boolean;
}

/** Does work under a lock: extends it meanwhile, and gives it up where the work fails. */
async function holding<Result>(
  { store, id, lock }: { store: Swapping; id: string; lock: string },
  work: () => Promise<Result>,
): Promise<Result> {
  const extend = setInterval(() => {
    store.swap(id, lock, { to: lock, maxAge: LOCK }).catch(() => {});
  }, EXTEND);
  try {
    return await work();
  } catch (error) {
    clearInterval(extend);
    await store.swap(id, lock, { to: undefined, maxAge: 1 }).catch(() => {});
    throw error;
  } finally {
    clearInterval(extend);
  }
}

/** The work is done and cannot be done again, so the others get its result as soon as the store is back. */
function keepLater(
  store: Swapping,
  id: string,
  { lock, sealed }: Pick<Done<unknown>, 'lock' | 'sealed'>,
  tries = TRIES,
): void {
  const to = { to: sealed, maxAge: REMEMBERED };
  const again = () => (tries > 1 ? keepLater(store, id, { lock, sealed }, tries - 1) : undefined);
  const timer: { unref?(): void } | number = setTimeout(() => {
    store
      .swap(id, lock, to)
      .then(async (kept) => kept || store.swap(id, undefined, to))
      .catch(again);
  }, EXTEND);
  // Only Node's timers keep a process alive.
  if (typeof timer === 'object') timer.unref?.();
}

function isLock(value: string): boolean {
  return value.startsWith('lock.');
}
