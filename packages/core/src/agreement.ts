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
    let own: string | undefined;
    let found: string | undefined;
    for (let [waited, pause] = [0, 40]; ; pause = Math.min(pause * 1.5, 400)) {
      if (found === undefined && own === undefined) {
        const done = await attempt(id, work);
        if (done && 'result' in done) return done.result;
        own = done?.sealed;
      } else if (found === undefined) await store.swap(id, undefined, { to: own, maxAge: REMEMBERED });
      found = await store.get(id);
      if (found !== undefined && !isLock(found)) return read(found, id);
      if (waited > patience * 1000) throw unavailable('Another process renews this session and is not ready yet.');
      const time = pause * (0.5 + Math.random());
      await new Promise((resolve) => setTimeout(resolve, time));
      waited += time;
    }
  };
  /** Does the work, if the lock can be had. What is `sealed` was done, but the lock ran out before it could be kept. */
  const attempt = async (id: string, work: () => Promise<Result>): Promise<Attempt<Result>> => {
    const lock = `lock.${crypto.randomUUID()}`;
    if (!(await store.swap(id, undefined, { to: lock, maxAge: LOCK }))) return undefined;
    const extend = setInterval(() => {
      store.swap(id, lock, { to: lock, maxAge: LOCK }).catch(() => {});
    }, EXTEND);
    let result: Result;
    try {
      result = await work();
    } catch (error) {
      await store.swap(id, lock, { to: undefined, maxAge: 1 }).catch(() => {});
      throw error;
    } finally {
      clearInterval(extend);
    }
    const sealed = await seal.seal({ of: id, result }, 'refresh', REMEMBERED);
    const keep = () => store.swap(id, lock, { to: sealed, maxAge: REMEMBERED });
    try {
      return (await keep().catch(keep)) ? { result } : { sealed };
    } catch {
      keepLater(store, id, { lock, sealed });
      return { result };
    }
  };
  const read = async (sealed: string, id: string): Promise<Result> => {
    const payload = (await seal.open(sealed, 'refresh'))?.payload;
    // Sealed for this very key, so that nobody who can write to the store hands one person the tokens of another.
    if (payload?.['of'] === id) return payload['result'] as Result;
    throw unavailable('What another process agreed on cannot be read: do all of them have the same secrets?');
  };
  return Object.freeze({
    run: (key: string, work: () => Promise<Result>) => local.run(key, () => agree(key, work)),
    state: local.state,
  });
}

type Attempt<Result> = { readonly result: Result } | { readonly sealed: string } | undefined;

/** The work is done and cannot be done again, so the others get its result as soon as the store is back. */
function keepLater(
  store: Swapping,
  id: string,
  { lock, sealed }: { lock: string; sealed: string },
  tries = TRIES,
): void {
  const to = { to: sealed, maxAge: REMEMBERED };
  const again = () => (tries > 1 ? keepLater(store, id, { lock, sealed }, tries - 1) : undefined);
  const timer = setTimeout(() => {
    store
      .swap(id, lock, to)
      .then(async (kept) => kept || store.swap(id, undefined, to))
      .catch(again);
  }, EXTEND);
  timer.unref();
}

function isLock(value: string): boolean {
  return value.startsWith('lock.');
}
