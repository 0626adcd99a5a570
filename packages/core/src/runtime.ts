// Modules of Node, the heap size and warnings, in runtimes that have them.
import type * as v8 from 'node:v8';
import type { KindeErrorCode } from './errors.js';

/** A module of Node, where there is one: asked for at run time, so that bundles for other runtimes need not resolve it. */
export function builtin<Module>(name: string): Module | undefined {
  return globalThis.process?.getBuiltinModule?.(name) as Module | undefined;
}

/** How many bytes this process may use for its objects; `undefined` where the runtime does not say. */
export const heapLimit = builtin<typeof v8>('node:v8')?.getHeapStatistics?.().heap_size_limit;

/** Warns the operator about trouble that no request can be answered with, once per code. */
export function createWarn(): (code: KindeErrorCode, message: string) => void {
  const warned = new Set<KindeErrorCode>();
  return (code, message) => {
    if (warned.has(code)) {
      return;
    }
    warned.add(code);
    globalThis.process?.emitWarning?.(message, { type: 'KindeWarning', code });
  };
}
