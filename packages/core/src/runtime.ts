// The heap size, in runtimes that tell it.
import type * as v8 from 'node:v8';
import { builtin } from '@kindling/internal';

/** How many bytes this process may use for its objects; `undefined` where the runtime does not say. */
export const heapLimit = builtin<typeof v8>('node:v8')?.getHeapStatistics?.().heap_size_limit;
