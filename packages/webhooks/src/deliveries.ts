/**
 * Where it is remembered which events were handled. Core's session stores are of this shape. Ids are hashes.
 * With `compareAndSet`, machines agree on who handles an event that is delivered to several of them at once.
 */
export interface SeenStore {
  /** The value last set under this id, or `undefined` when there is none or its time is over. */
  get(id: string): Promise<string | undefined>;
  /** Keeps `value` for `maxAge` seconds. */
  set(id: string, value: string, maxAge: number): Promise<void>;
  /** In one step: if the value is `from`, makes it `to`. Answers whether it did. `undefined` is no value. */
  compareAndSet?(
    id: string,
    from: string | undefined,
    change: { to: string | undefined; maxAge: number },
  ): Promise<boolean>;
}

/**
 * What became of an event. `duplicate`: it was handled before. `busy`: another process is at it. `late`: it is still being
 * handled. `unavailable`: the store does not answer.
 */
export type Outcome =
  | { readonly kind: 'done' | 'duplicate' | 'busy' | 'late' }
  | { readonly kind: 'failed' | 'unavailable'; readonly error: unknown };

/** One event on its way. */
export interface Delivery {
  /** A hash that stands for the event, as this app gets it. */
  readonly id: string;
  /** The id under which processes of an earlier version have it, or had it. Only read. */
  readonly formerId: string;
  readonly store: SeenStore;
  /** Seconds to remember that it was handled. */
  readonly remember: number;
  work(signal: AbortSignal): Promise<void>;
}

const DONE = 'done';
/** Seconds to wait for a store. */
const PATIENCE = 2;

/**
 * Does the work of an event once, however often and to however many it is delivered. It counts as done only when the work
 * succeeded. Whoever waits is answered after `timeout` seconds; the work is told so by its signal, and what it does after
 * that still counts. After twice that time it is taken for lost, and the next delivery begins again.
 */
export function createDeliveries(timeout: number): (delivery: Delivery) => Promise<Outcome> {
  const running = new Map<string, Promise<Outcome>>();
  return async (delivery) => {
    const { id } = delivery;
    let run = running.get(id);
    if (!run) {
      run = attempt(delivery, timeout);
      const mine = run;
      const forget = () => {
        clearTimeout(lost);
        if (running.get(id) === mine) {
          running.delete(id);
        }
      };
      const lost = setTimeout(forget, 2 * timeout * 1000);
      running.set(id, mine);
      void mine.then(forget);
    }
    return within(timeout, run, () => ({ kind: 'late' as const }));
  };
}

async function attempt(
  { id, formerId, store, remember, work }: Delivery,
  timeout: number,
): Promise<Outcome> {
  const claim = `running ${crypto.randomUUID()}`;
  try {
    const before = await ask(
      async () => (await store.get(id)) ?? (id === formerId ? undefined : store.get(formerId)),
    );
    if (before === DONE) {
      return { kind: 'duplicate' };
    }
    const change = { to: claim, maxAge: 2 * timeout };
    const isOurs =
      before === undefined &&
      (!store.compareAndSet || (await ask(() => store.compareAndSet!(id, undefined, change))));
    if (!isOurs) {
      return { kind: 'busy' };
    }
  } catch (error) {
    return { kind: 'unavailable', error };
  }
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), timeout * 1000);
  try {
    await work(stop.signal);
  } catch (error) {
    // So that the next attempt need not wait until the claim is over.
    await ask(async () => store.compareAndSet?.(id, claim, { to: undefined, maxAge: 1 })).catch(
      () => {},
    );
    return { kind: 'failed', error };
  } finally {
    clearTimeout(timer);
  }
  const save = () => ask(() => store.set(id, DONE, remember));
  return save()
    .catch(save)
    .then(
      () => ({ kind: 'done' }) as const,
      (error: unknown) => ({ kind: 'unavailable', error }) as const,
    );
}

/** What the store answers, in good time. */
function ask<Answer>(question: () => Promise<Answer>): Promise<Answer> {
  return within(PATIENCE, Promise.resolve().then(question), () => {
    throw new Error(`The store did not answer within ${PATIENCE} seconds.`);
  });
}

async function within<Result, Late>(
  seconds: number,
  work: Promise<Result>,
  late: () => Late,
): Promise<Result | Late> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, seconds * 1000);
  }).then(late);
  work.catch(() => {});
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Remembers in this process, and up to `max` events. A restart forgets them, so it fits the few minutes of `maxAge` and not
 * the day and a half of `acceptRetries`.
 */
export function memorySeen(max = 10_000): SeenStore {
  const known = new Map<string, { value: string; until: number }>();
  return {
    async get(id) {
      const found = known.get(id);
      return found && found.until > Date.now() ? found.value : undefined;
    },
    async set(id, value, maxAge) {
      known.delete(id);
      known.set(id, { value, until: Date.now() + maxAge * 1000 });
      for (const oldest of known.keys()) {
        if (known.size <= max) {
          break;
        }
        known.delete(oldest);
      }
    },
  };
}
