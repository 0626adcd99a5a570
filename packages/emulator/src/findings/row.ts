// What is wrong with a sign-in, or worth knowing: a row for each cause.
import type { Facts } from '../flows/facts.js';
import type { Flow, FlowStep, Parameter, StepKind } from '../flows/flow.js';

/** What a row is tested with. */
export interface Given {
  readonly flow: Flow;
  readonly step: FlowStep;
  readonly facts: Facts;
  /** The emulator's time, in Unix seconds. */
  readonly now: number;
  /** A parameter of the step that was not empty. */
  parameter(name: string): Parameter | undefined;
  /** Its value, or an empty string. */
  value(name: string): string;
}

type Said = string | ((given: Given) => string);

/** A cause that can be recognised. */
export interface Row {
  /** Id, such as `redirect.not-registered`. */
  readonly id: string;
  /** Steps in which it is looked for. */
  readonly step: StepKind | readonly StepKind[];
  /** `wrong` explains why something failed or will fail; `remark` is worth knowing. */
  readonly level: 'wrong' | 'remark';
  /** Parameter that it is about. */
  readonly parameter?: string;
  /** Whether it applies. */
  readonly test: (given: Given) => boolean;
  /** What is so, in a sentence, with the values. */
  readonly says: Said;
  /** What to do. */
  readonly fix: Said;
  /** Page about it. */
  readonly docs: string;
  /** The value that came and the one that was expected, where comparing them helps. */
  readonly difference?: (given: Given) => Difference | undefined;
}

/** Two values with what differs marked. */
export interface Difference {
  /** Parts of what came; those that differ are marked. */
  readonly sent: readonly Part[];
  /** Parts of what was expected. */
  readonly expected: readonly Part[];
  /** What differs, such as `the port`. */
  readonly what: string;
}

/** A piece of a value. */
export interface Part {
  readonly text: string;
  /** Whether it differs. */
  readonly differs: boolean;
}

/** Page of an error code of Kindling. */
export function errorPage(code: string): string {
  return `https://unpkg.com/@kindling/core/errors/${code}.md`;
}

const KINDE = 'https://docs.kinde.com';

/** Pages of Kinde's documentation. */
export const DOCS = {
  authorize: `${KINDE}/developer-tools/about/using-kinde-without-an-sdk/`,
  callbacks: `${KINDE}/get-started/connect/callback-urls/`,
  errors: `${KINDE}/get-started/guides/error-codes/`,
  tokens: `${KINDE}/build/tokens/about-access-tokens/`,
  refresh: `${KINDE}/build/tokens/refresh-tokens/`,
  machines: `${KINDE}/developer-tools/kinde-api/access-token-for-api/`,
  apis: `${KINDE}/developer-tools/your-apis/register-manage-apis/`,
  webhooks: `${KINDE}/integrate/webhooks/about-webhooks/`,
} as const;

/** Seconds in which a code can be exchanged. */
export const CODE_LIVES = 60;

/** Whether a step was answered as asked. */
export function isWell({ step }: Given): boolean {
  return step.answered.status > 0 && step.answered.status < 400;
}

/** Whether a step was refused. */
export function isRefused(given: Given): boolean {
  return !isWell(given);
}

/** A user agent in a few words. */
export function agentName(userAgent: string): string {
  const browser = /(?:Edg|Chrome|Firefox|Version)\/\d+/.exec(userAgent)?.[0];
  return browser ?? (userAgent.slice(0, 40) || 'a client without User-Agent');
}

/** Names in a sentence: the first five. */
export function listed(names: readonly string[], most = 5): string {
  const more = names.length > most ? ` and ${names.length - most} more` : '';
  return names.length === 0 ? 'none' : names.slice(0, most).join(', ') + more;
}

/** A number of seconds in words. */
export function seconds(count: number): string {
  if (count < 120) {
    return count === 1 ? '1 second' : `${count} seconds`;
  }
  const minutes = Math.round(count / 60);
  return minutes < 120 ? `${minutes} minutes` : `${Math.round(count / 3600)} hours`;
}

/** The step that an earlier request with the same secret made. */
export function earlierUse({ flow, step, parameter }: Given, name: string): FlowStep | undefined {
  const hash = parameter(name)?.hash;
  return flow.steps.find(
    (one) =>
      one.number < step.number &&
      one.kind === step.kind &&
      one.parameters.some((other) => other.name === name && other.hash === hash && Boolean(hash)),
  );
}

/** How often this step happened in the minute before it, with itself. */
export function inLastMinute({ flow, step }: Given): number {
  return flow.steps.filter(
    ({ kind, time, number }) =>
      kind === step.kind && number <= step.number && time > step.time - 60_000,
  ).length;
}
