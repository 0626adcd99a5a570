import { dropOldest, withDeadline } from '@kindling/internal';

/**
 * Remembers which events were handled. The session stores of core have this shape. Ids are hashes.
 * With `compareAndSet`, processes agree on one that handles an event which is delivered to several of them at once.
 */
export interface SeenStore {
  /** Reads the value last set under this id; `undefined` when there is none or it expired. */
  get(id: string): Promise<string | undefined>;
  /** Keeps `value` for `maxAge` seconds. */
  set(id: string, value: string, maxAge: number): Promise<void>;
  /** Replaces the value in one step if it is `from`, and returns whether it did. `undefined` stands for no value. */
  compareAndSet?(
    id: string,
    from: string | undefined,
    change: { to: string | undefined; maxAge: number },
  ): Promise<boolean>;
}

/**
 * The result of a delivery. `duplicate`: the event was handled before. `busy`: another process is handling it. `late`: it is
 * still being handled. `unavailable`: the store fails. `failed`: that step of the work threw.
 */
export type Outcome =
  | { readonly kind: 'done' | 'duplicate' | 'busy' | 'late' }
  | { readonly kind: 'unavailable'; readonly error: unknown }
  | { readonly kind: 'failed'; readonly step: Step; readonly error: unknown };

/** What an event leads to, in this order. */
type Step = 'sessions' | 'handler';

/** One delivery of an event. */
export interface Delivery {
  /** A hash that stands for the event, for this app. */
  readonly id: string;
  /** The id that processes of an earlier version use. It is only read. */
  readonly formerId: string;
  readonly store: SeenStore;
  /** Seconds to remember that the event was handled. */
  readonly remember: number;
  /** Has sessions follow the event, so that the handler can tell users about changes that are in effect. */
  follow(): Promise<void>;
  /** Calls the handler. */
  work(signal: AbortSignal): Promise<void>;
}

const DONE = 'done';
/** Seconds that a store may take. */
const STORE_TIMEOUT = 2;

/**
 * Does the work of an event once, however often and to however many processes it is delivered. It counts as done only when
 * the work succeeded. A delivery is answered after `timeout` seconds; the work is told so by its signal, and its result
 * still counts. After twice that time it is taken for lost, and the next delivery starts again.
 */
export function createDeliveries(timeout: number): (delivery: Delivery) => Promise<Outcome> {
  const running = new Map<string, Promise<Outcome>>();
  const start = (delivery: Delivery): Promise<Outcome> => {
    const { id } = delivery;
    const run = attempt(delivery, timeout);
    const forget = () => {
      clearTimeout(lost);
      if (running.get(id) === run) {
        running.delete(id);
      }
    };
    const lost = setTimeout(forget, 2 * timeout * 1000);
    running.set(id, run);
    void run.then(forget);
    return run;
  };
  return async (delivery) => {
    const run = running.get(delivery.id) ?? start(delivery);
    return withDeadline(run, {
      milliseconds: timeout * 1000,
      onTimeout: () => ({ kind: 'late' as const }),
    });
  };
}

async function attempt(delivery: Delivery, timeout: number): Promise<Outcome> {
  const { id, store, remember, follow, work } = delivery;
  const claim = `running ${crypto.randomUUID()}`;
  try {
    const earlier = await claimEvent(delivery, { claim, timeout });
    if (earlier) {
      return earlier;
    }
  } catch (error) {
    return { kind: 'unavailable', error };
  }
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), timeout * 1000);
  let step: Step = 'sessions';
  try {
    await follow();
    step = 'handler';
    await work(stop.signal);
  } catch (error) {
    // So that the next attempt need not wait until the claim expires.
    await ask(async () => store.compareAndSet?.(id, claim, { to: undefined, maxAge: 1 })).catch(
      () => {},
    );
    return { kind: 'failed', step, error };
  } finally {
    clearTimeout(timer);
  }
  const save = () => ask(() => store.set(id, DONE, remember));
  try {
    await save().catch(save);
    return { kind: 'done' };
  } catch (error) {
    return { kind: 'unavailable', error };
  }
}

/** Claims the event for this process. An outcome means that it was claimed or handled before. @throws errors of the store */
async function claimEvent(
  { id, formerId, store }: Delivery,
  { claim, timeout }: { claim: string; timeout: number },
): Promise<Outcome | undefined> {
  const before = await ask(async () => {
    const value = (await store.get(id)) ?? undefined;
    if (value !== undefined || id === formerId) {
      return value;
    }
    return store.get(formerId);
  });
  if (before === DONE) {
    return { kind: 'duplicate' };
  }
  if (before !== undefined) {
    return { kind: 'busy' };
  }
  if (!store.compareAndSet) {
    return undefined;
  }
  const change = { to: claim, maxAge: 2 * timeout };
  const isOurs = await ask(async () => store.compareAndSet?.(id, undefined, change));
  return isOurs ? undefined : { kind: 'busy' };
}

/** Asks the store, for a limited time. */
function ask<Answer>(question: () => Promise<Answer>): Promise<Answer> {
  return withDeadline(Promise.resolve().then(question), {
    milliseconds: STORE_TIMEOUT * 1000,
    onTimeout: () => {
      throw new Error(`The store did not respond within ${STORE_TIMEOUT} seconds.`);
    },
  });
}

/**
 * Remembers up to `max` events in this process. A restart forgets them, so it fits the few minutes of `maxAge` and not the
 * day and a half of `acceptRetries`.
 */
export function memorySeen(max = 10_000): SeenStore {
  const known = new Map<string, { value: string; until: number }>();
  return {
    async get(id) {
      const found = known.get(id);
      if (!found || found.until <= Date.now()) {
        return undefined;
      }
      return found.value;
    },
    async set(id, value, maxAge) {
      known.delete(id);
      known.set(id, { value, until: Date.now() + maxAge * 1000 });
      dropOldest(known, max);
    },
  };
}
