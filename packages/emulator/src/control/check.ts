import { nearest } from '@kindling/internal';
import * as v from 'valibot';
import { ControlError } from './error.js';
import type { Operation } from './op.js';

/** Characters of a value that a message repeats. */
const MOST_SHOWN = 60;

/**
 * The input of an operation as the contract has it.
 * @throws ControlError `invalid_input` that names the first field that is wrong, and the nearest one for an unknown field
 */
export function checkInput({ input }: Operation, given: object): object {
  const { success, output, issues } = v.safeParse(v.strictObject(input), given);
  if (success) {
    return output;
  }
  throw new ControlError('invalid_input', problemOf(issues[0], input));
}

function problemOf(issue: v.BaseIssue<unknown>, fields: v.ObjectEntries): string {
  const path = (v.getDotPath(issue) ?? '').slice(0, MOST_SHOWN);
  if (issue.expected === 'never') {
    const guess = nearest(path, Object.keys(fields));
    const known = Object.keys(fields).join(', ') || 'none';
    const hint = guess === undefined ? `Known: ${known}.` : `Did you mean ${guess}?`;
    return `There is no field ${path}. ${hint}`;
  }
  if (issue.input === undefined) {
    return `The field ${path} is missing.`;
  }
  return `The field ${path} must be ${expectedOf(issue)}, not ${shown(issue.input)}.`;
}

function expectedOf(issue: v.BaseIssue<unknown>): string {
  return issue.expected ?? issue.requirement?.toString() ?? 'something else';
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? typeof value).slice(0, MOST_SHOWN);
}
