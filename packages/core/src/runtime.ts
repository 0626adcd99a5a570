// Modules of Node and the heap size, in runtimes that have them.
import type * as v8 from 'node:v8';

/** A module of Node, where there is one: asked for at run time, so that bundles for other runtimes need not resolve it. */
export function builtin<Module>(name: string): Module | undefined {
  return globalThis.process?.getBuiltinModule?.(name) as Module | undefined;
}

/** How many bytes this process may use for its objects; `undefined` where the runtime does not say. */
export const heapLimit = builtin<typeof v8>('node:v8')?.getHeapStatistics?.().heap_size_limit;
