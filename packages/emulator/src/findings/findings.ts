// What is wrong or remarkable about a sign-in: a row per finding, with its cause and what to do.
import type { Judge } from '../flows/observe.js';
import type { Flow, FlowStep } from '../flows/flow.js';
import type { State } from '../state/state.js';
import { authorizeRows } from './authorize.js';
import { authorizeRemarks } from './authorize-remarks.js';
import { bearerRows } from './bearer.js';
import { callbackRows } from './callback.js';
import { clientRows } from './client.js';
import { exchangeRows } from './exchange.js';
import { formRows } from './form.js';
import { machineRows } from './machine.js';
import { otherRows } from './others.js';
import { refreshRows } from './refresh.js';
import { errorPage, type Difference, type Given, type Row } from './row.js';

/** Something that is wrong with a sign-in, or worth knowing. */
export interface Finding {
  /** Id of the row, such as `redirect.not-registered`. */
  readonly id: string;
  /** `wrong` explains a failure; `remark` is worth knowing. */
  readonly level: 'wrong' | 'remark';
  /** Number of the step. */
  readonly step: number;
  /** What is so, in a sentence, with the values. */
  readonly says: string;
  /** What to do. */
  readonly fix: string;
  /** Page about it. */
  readonly docs: string;
  /** Parameter that it is about. */
  readonly parameter?: string;
  /** The value that came and the one that was expected. */
  readonly difference?: Difference;
}

/** Every cause that is looked for, in the order in which they explain a failure. */
export const ROWS: readonly Row[] = [
  ...formRows,
  ...clientRows,
  ...authorizeRows,
  ...callbackRows,
  ...exchangeRows,
  ...refreshRows,
  ...machineRows,
  ...bearerRows,
  ...otherRows,
  ...authorizeRemarks,
];

/** Rows by the kind of step that they are about: every step of every request is looked at. */
const ROWS_OF = rowsByStep();

function rowsByStep(): Readonly<Record<string, readonly Row[]>> {
  const kinds = new Set(ROWS.flatMap(({ step }) => step));
  const of = (kind: string) =>
    ROWS.filter(({ step }) => ([step].flat() as string[]).includes(kind));
  return Object.fromEntries([...kinds].map((kind) => [kind, of(kind)]));
}

/** What is wrong with a flow, or worth knowing, in the order of its steps. */
export function findingsOf(flow: Flow, state: Pick<State, 'clock'>): Finding[] {
  return flow.steps.flatMap((step) => findingsOfStep(flow, step, state));
}

/** Why a flow failed, or will: the first finding that is wrong. */
export function verdictOf(flow: Flow, state: Pick<State, 'clock'>): Finding | undefined {
  return findingsOf(flow, state).find(({ level }) => level === 'wrong');
}

/** What a step comes to, for the journal and the terminal. */
export function createJudge(state: Pick<State, 'clock'>): Judge {
  return (flow, step) => {
    const found = findingsOfStep(flow, step, state);
    const wrong = found.find(({ level }) => level === 'wrong');
    const first = wrong ?? found[0];
    const title = step.kind === 'exchange' && !wrong ? signedIn(flow) : step.title;
    const text = [title, first?.says].filter(Boolean).join(': ');
    return { outcome: outcomeOf(wrong, first), text };
  };
}

/** What an exchange comes to, in one sentence. */
function signedIn({ person = 'Somebody', application, organization }: Flow): string {
  const where = [application, organization].filter(Boolean).join(', ');
  return [`${person} signed in`, where].filter(Boolean).join(' to ');
}

function outcomeOf(wrong: Finding | undefined, first: Finding | undefined) {
  if (wrong) {
    return 'failed';
  }
  return first ? 'remarked' : 'ok';
}

/** Findings of one step: those that are wrong come first. */
function findingsOfStep(flow: Flow, step: FlowStep, { clock }: Pick<State, 'clock'>): Finding[] {
  const parameter = (name: string) =>
    step.parameters.find((one) => one.name === name && one.length > 0);
  const given: Given = {
    flow,
    step,
    facts: step.facts,
    now: clock.now(),
    parameter,
    value: (name) => parameter(name)?.value ?? '',
  };
  const fault = faultOf(given);
  if (fault) {
    return [fault];
  }
  const rows = ROWS_OF[step.kind] ?? [];
  const found = rows.filter((row) => row.test(given)).map((row) => findingOf(row, given));
  const wrong = found.filter(({ level }) => level === 'wrong');
  const remarks = found.filter(({ level }) => level === 'remark');
  if (wrong.length === 0 && isFailure(given)) {
    wrong.push(refusalOf(given));
  }
  return [...wrong, ...remarks];
}

function findingOf(row: Row, given: Given): Finding {
  const { id, level, docs, parameter } = row;
  const difference = row.difference?.(given);
  return {
    id,
    level,
    step: given.step.number,
    says: said(row.says, given),
    fix: said(row.fix, given),
    docs,
    ...(parameter !== undefined && { parameter }),
    ...(difference && { difference }),
  };
}

function said(text: Row['says'], given: Given): string {
  return typeof text === 'string' ? text : text(given);
}

/** Whether a step failed: not where a form can be sent again, nor where the Account API has no such thing. */
function isFailure({ flow, step }: Given): boolean {
  const { status } = step.answered;
  const isRetry = step.kind === 'page' && flow.outcome !== 'failed';
  const isAbsent = step.kind === 'account' && status === 404;
  return status >= 400 && !isRetry && !isAbsent;
}

/** A failure that a fault caused: whatever the app did, this is why. */
function faultOf({ step, facts }: Given): Finding | undefined {
  const { status } = step.answered;
  if (status !== 0 && (facts.fault === undefined || status < 400)) {
    return undefined;
  }
  const what = status === 0 ? 'let no answer through' : `answered with ${status}`;
  return {
    id: 'fault',
    level: 'wrong',
    step: step.number,
    says: `The fault ${facts.fault ?? 'that was armed'} ${what}.`,
    fix: 'This is what the app would see from Kinde then. Remove the fault to go on.',
    docs: errorPage('kinde_unavailable'),
  };
}

/** A refusal that no row explains, in the words of the answer. */
function refusalOf({ step }: Given): Finding {
  const { status, error, description } = step.answered;
  const words = [`Refused with ${status}`, error, description].filter(Boolean).join(': ');
  return {
    id: `${step.kind}.refused`,
    level: 'wrong',
    step: step.number,
    says: words,
    fix: 'Compare what came with what the documentation asks for.',
    docs: errorPage('grant_refused'),
  };
}
