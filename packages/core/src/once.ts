/** Work that is done once per key, however many ask for it at the same time. */
export interface Once<Result> {
  /** The result of `work`, which starts only if nobody else's for this key runs or ran a short while ago. */
  run(key: string, work: () => Promise<Result>): Promise<Result>;
  /** `running`, `done`, or `undefined` for a key that is not remembered. */
  state(key: string): 'running' | 'done' | undefined;
  /** The remembered result; `undefined` while the work runs, too. Waits for nothing. */
  peek(key: string): Result | undefined;
  /** The result that this process, or another one that shares the work, remembers. Waits for no work. */
  known(key: string): Promise<Result | undefined>;
}

/** Bounds of what is remembered and done. */
export interface OnceOptions {
  /** How long a result is remembered. A failure is forgotten at once. */
  readonly seconds: number;
  /** Results kept: the oldest go first. */
  readonly max: number;
  /** Pieces of work at the same time; the others wait their turn. @default no limit */
  readonly parallel?: number;
}

/** Does work once per key and remembers the result for a while. */
export function createOnce<Result>({ seconds, max, parallel = Infinity }: OnceOptions): Once<Result> {
  const waiting: (() => void)[] = [];
  let running = 0;
  const inTurn = async (work: () => Promise<Result>): Promise<Result> => {
    if (running >= parallel) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
  const known = new Map<string, { result: Promise<Result>; until: number; value?: Result }>();
  const find = (key: string) => {
    const entry = known.get(key);
    if (entry && entry.until > Date.now()) return entry;
    known.delete(key);
    return undefined;
  };
  const start = (key: string, work: () => Promise<Result>): Promise<Result> => {
    const entry: { result: Promise<Result>; until: number; value?: Result } = { result: inTurn(work), until: Infinity };
    known.set(key, entry);
    entry.result.then(
      (value) => Object.assign(entry, { value, until: Date.now() + seconds * 1000 }),
      () => known.delete(key),
    );
    for (const oldest of known.keys()) {
      if (known.size <= max) break;
      known.delete(oldest);
    }
    return entry.result;
  };
  const peek = (key: string) => find(key)?.value;
  return Object.freeze({
    peek,
    known: async (key: string) => peek(key),
    run: (key: string, work: () => Promise<Result>) => find(key)?.result ?? start(key, work),
    state: (key: string) => {
      const entry = find(key);
      return entry && (entry.until === Infinity ? 'running' : 'done');
    },
  });
}
