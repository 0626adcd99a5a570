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
  // A schema takes names such as `constructor` for its own, since objects have members of these names.
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(input, name));
  if (unknown !== undefined) {
    throw new ControlError('invalid_input', noField(unknown, Object.keys(input)));
  }
  const { success, output, issues } = v.safeParse(v.strictObject(input), given);
  if (success) {
    return output;
  }
  throw new ControlError('invalid_input', problemOf(issues[0], input));
}

function problemOf(issue: v.BaseIssue<unknown>, fields: v.ObjectEntries): string {
  const path = v.getDotPath(issue) ?? '';
  if (issue.expected === 'never') {
    const [outer = '', inner = ''] = path.split('.');
    return noField(inner, fieldsOf(fields[outer]));
  }
  const field = path.slice(0, MOST_SHOWN);
  if (issue.input === undefined) {
    return `The field ${field} is missing.`;
  }
  const expected = issue.expected ?? String(issue.requirement ?? 'something else');
  return `The field ${field} must be ${expected}, not ${shown(issue.input)}.`;
}

function noField(given: string, known: readonly string[]): string {
  const guess = nearest(given, known);
  const all = known.join(', ') || 'none';
  const hint = guess === undefined ? `Known: ${all}.` : `Did you mean ${guess}?`;
  return `There is no field ${given.slice(0, MOST_SHOWN)}. ${hint}`;
}

/** Fields of an object in a field, which may be left out. */
function fieldsOf(schema: unknown): string[] {
  const { wrapped, entries = {} } = (schema ?? {}) as { wrapped?: unknown; entries?: object };
  return wrapped === undefined ? Object.keys(entries) : fieldsOf(wrapped);
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? typeof value).slice(0, MOST_SHOWN);
}
