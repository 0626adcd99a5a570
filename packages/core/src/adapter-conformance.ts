import { callers } from './adapter-conformance/callers.js';
import type { AdapterCheck } from './adapter-conformance/check.js';
import { cookies } from './adapter-conformance/cookies.js';
import { failures } from './adapter-conformance/failures.js';
import { guards } from './adapter-conformance/guards.js';
import { refreshes } from './adapter-conformance/refreshes.js';
import { routes } from './adapter-conformance/routes.js';

export type { AdapterCheck } from './adapter-conformance/check.js';
export {
  describeCaller,
  type AdapterSubject,
  type CallerSummary,
  type OptionalRoute,
  type RunningApp,
} from './adapter-conformance/subject.js';

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
