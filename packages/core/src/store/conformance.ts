import type { Check } from './conformance/check.js';
import { groups } from './conformance/groups.js';
import { compareAndSet } from './conformance/compare-and-set.js';
import { values } from './conformance/values.js';

export type { Check } from './conformance/check.js';

/**
 * The requirements of `@kindling/core` for a session store, for the test runner of your choice.
 * @example for (const { name, run } of conformance) test(name, () => run(createStore));
 */
export const conformance: readonly Check[] = Object.freeze([
  ...values,
  ...compareAndSet,
  ...groups,
]);
