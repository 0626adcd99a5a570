// Faults: by name, as a table, and by path for tests in this process.
import type { State } from '../state/state.js';
import { aboutRequest } from './about.js';
import { armed, type Armed, type Arming } from './armed.js';
import type { ArmedFault } from './fault.js';
import { checkPath } from './paths.js';

/** Stands around an endpoint: may delay, replace or change what `next` answers. */
export type FaultHandler = (
  request: Request,
  next: () => Promise<Response>,
) => Response | Promise<Response>;

/**
 * Faults to inject, by path. Several stand around each other: the single one outside, then the first of the others. Faults by
 * name are armed with `control.armFault`.
 */
export interface Faults {
  /**
   * Injects a fault into the next request to this path only.
   * @throws RangeError for a path where nothing answers, with the nearest one
   */
  once(path: string, handler: FaultHandler): void;
  /**
   * Injects a fault into every request to this path, until `clear`.
   * @throws RangeError for a path where nothing answers, with the nearest one
   */
  always(path: string, handler: FaultHandler): void;
  /** Removes all faults, those by name as well. */
  clear(): void;
}

/** Faults, those by name included, and the function that lets a request run into them. */
export interface AllFaults extends Faults {
  /** Arms a fault by name, and returns its id. */
  arm(arming: Arming): string;
  /** Those by name that are armed, oldest first. */
  readonly armed: readonly ArmedFault[];
  /** Removes one by its id; false where there is none. */
  disarm(id: string): boolean;
  /** Answers a request, through the faults that it runs into. */
  around(request: Request, next: () => Promise<Response>): Promise<Response>;
  /** Name of the fault by name that hit a request, the outermost one. */
  hitBy(request: Request): string | undefined;
}

/** Creates faults. None is there in the beginning. */
export function createFaults(state: State): AllFaults {
  const handlers = createHandlers();
  const named = createNamed(state);
  const hits = new WeakMap<Request, string>();
  return {
    once: handlers.once,
    always: handlers.always,
    clear() {
      handlers.clear();
      named.remove(() => true);
    },
    arm: named.arm,
    get armed() {
      return named.all().map(({ info }) => info);
    },
    disarm: (id) => named.remove(({ info }) => info.id === id),
    async around(request, next) {
      const hit = await named.hitting(request);
      if (hit[0]) {
        hits.set(request, hit[0].info.name);
      }
      const run = async (index: number): Promise<Response> => {
        const one = hit[index];
        if (!one) {
          return handlers.around(request, next);
        }
        return one.row.apply({
          request,
          next: () => run(index + 1),
          state,
          with: one.info.with,
        });
      };
      return run(0);
    },
    hitBy: (request) => hits.get(request),
  };
}

/** Faults by name that are armed, oldest first. The journal says what becomes of them. */
function createNamed(state: State) {
  let all: Armed[] = [];
  let count = 0;
  const note = (what: 'armed' | 'hit' | 'cleared', { info }: Armed, path?: string) =>
    state.journal.append({
      kind: 'fault',
      id: info.id,
      name: info.name,
      what,
      ...(path !== undefined && { path }),
    });
  return {
    all: () => all,
    arm(arming: Arming) {
      count += 1;
      const one = armed(`fault_${count}`, arming);
      all.push(one);
      note('armed', one);
      return one.info.id;
    },
    remove(which: (one: Armed) => boolean) {
      const gone = all.filter(which);
      all = all.filter((one) => !which(one));
      gone.forEach((one) => note('cleared', one));
      return gone.length > 0;
    },
    /** Those that a request runs into, which then are one less to come. */
    async hitting(request: Request) {
      const { pathname } = new URL(request.url);
      const about = all.length > 0 ? await aboutRequest(request, state) : {};
      const hit = all.filter((one) => one.take(pathname, about));
      all = all.filter((one) => !one.isOver);
      hit.forEach((one) => note('hit', one, pathname));
      return hit;
    },
  };
}

/** Faults by path, whose handlers are functions of a test. */
function createHandlers(): Faults & Pick<AllFaults, 'around'> {
  const single = new Map<string, FaultHandler[]>();
  const lasting = new Map<string, FaultHandler[]>();
  const add = (to: Map<string, FaultHandler[]>, path: string, handler: FaultHandler) => {
    checkPath(path);
    to.set(path, [...(to.get(path) ?? []), handler]);
  };
  return {
    once: (path, handler) => add(single, path, handler),
    always: (path, handler) => add(lasting, path, handler),
    clear: () => [single, lasting].forEach((faults) => faults.clear()),
    async around(request, next) {
      const { pathname } = new URL(request.url);
      const first = single.get(pathname)?.shift();
      const around = [...(first ? [first] : []), ...(lasting.get(pathname) ?? [])];
      const run = async (index: number): Promise<Response> =>
        around[index]?.(request, () => run(index + 1)) ?? next();
      return run(0);
    },
  };
}
