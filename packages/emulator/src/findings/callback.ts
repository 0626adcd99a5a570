import { CODE_LIVES, errorPage, seconds, type Row } from './row.js';

/** Answers to prompt=none that are no errors of the app. */
const SILENT = ['login_required', 'interaction_required'];

/** The browser’s way back. */
export const callbackRows: readonly Row[] = [
  {
    id: 'callback.never-exchanged',
    step: 'callback',
    level: 'wrong',
    test: ({ flow, step, now }) =>
      flow.outcome === 'returned' &&
      step.answered.error === undefined &&
      now - step.at >= CODE_LIVES,
    says: ({ step, now }) =>
      `The browser went back to ${host(step.answered.location)} with a code, and nobody exchanged it in ${seconds(now - step.at)}.`,
    fix: ({ step }) =>
      `Look at the app’s own error: does it run at ${host(step.answered.location)}, has it a route there, and did it find the state it had kept (a cookie of another host is not sent)?`,
    docs: errorPage('transaction_missing'),
  },
  {
    id: 'callback.silent',
    step: 'callback',
    level: 'remark',
    test: ({ step }) => SILENT.includes(step.answered.error ?? ''),
    says: ({ step }) =>
      `prompt=none found nobody who could be signed in without a page: ${step.answered.error}.`,
    fix: 'Go on signed out, or ask again without prompt=none. This is not an error of the app.',
    docs: errorPage('login_refused'),
  },
  {
    id: 'callback.error',
    step: 'callback',
    level: 'wrong',
    test: ({ step }) => step.answered.error !== undefined && !SILENT.includes(step.answered.error),
    says: ({ step }) =>
      `Kinde sent the browser back with the error ${step.answered.error}: ${step.answered.description ?? ''}`,
    fix: 'Show the user what happened, with a way to sign in again.',
    docs: errorPage('login_refused'),
  },
];

function host(location: string | undefined): string {
  return location && URL.canParse(location) ? new URL(location).host : 'the app';
}
