/** Stands around an endpoint: may delay, replace or change what `next` answers. */
export type FaultHandler = (
  request: Request,
  next: () => Promise<Response>,
) => Response | Promise<Response>;

/** Faults to inject, by path. Several stand around each other: the single one outside, then the first of the others. */
export interface Faults {
  /** Injects a fault into the next request to this path only. */
  once(path: string, handler: FaultHandler): void;
  /** Injects a fault into every request to this path, until `clear`. */
  always(path: string, handler: FaultHandler): void;
  /** Removes all faults. */
  clear(): void;
}

/** Faults, and the function that lets a request run into them. */
export function createFaults(): Faults & {
  around(request: Request, next: () => Promise<Response>): Promise<Response>;
} {
  const single = new Map<string, FaultHandler[]>();
  const lasting = new Map<string, FaultHandler[]>();
  const add = (to: Map<string, FaultHandler[]>, path: string, handler: FaultHandler) =>
    void to.set(path, [...(to.get(path) ?? []), handler]);
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
