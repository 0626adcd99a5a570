import { KindeError } from '../errors.js';

/** Calls a function of the app for which nobody waits. What it throws, now or later, goes to `failed`. */
export function callHook(call: () => unknown, failed: (error: unknown) => void): void {
  try {
    const pending = call();
    if (typeof pending === 'object' || typeof pending === 'function') {
      Promise.resolve(pending).catch(failed);
    }
  } catch (error) {
    failed(error);
  }
}

/** The error of a function of the app that threw. */
export function hookFailed(name: string, cause: unknown): KindeError {
  return new KindeError('hook_failed', `The app’s function \`${name}\` threw an error.`, {
    reason: name,
    fix: `Fix the exception that \`${name}\` throws: it is the \`cause\` of this error.`,
    cause,
  });
}
