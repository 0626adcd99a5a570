import { callers } from './conformance/callers.js';
import type { AdapterCheck } from './conformance/check.js';
import { cookies } from './conformance/cookies.js';
import { failures } from './conformance/failures.js';
import { guards } from './conformance/guards.js';
import { refreshes } from './conformance/refreshes.js';
import { routes } from './conformance/routes.js';

export type { AdapterCheck } from './conformance/check.js';
export {
  describeCaller,
  type AdapterSubject,
  type CallerSummary,
  type OptionalRoute,
  type RunningApp,
} from './conformance/subject.js';

/**
 * The behaviour that `@kindling/core` expects of an adapter for a framework, for the test runner of your choice.
 * @example for (const { name, run } of adapterConformance) test(name, () => run(subject));
 */
export const adapterConformance: readonly AdapterCheck[] = Object.freeze([
  ...callers,
  ...guards,
  ...routes,
  ...cookies,
  ...refreshes,
  ...failures,
]);
