import { findingsOf, type Finding } from '../findings/findings.js';
import type { Flow, FlowStep, Parameter } from '../flows/flow.js';
import type { ExplainedClaim } from '../oauth/explain.js';
import { sinceOf, summaryOf } from './sign-in-step.js';
import { NOT_EXCHANGED, OUTCOMES, titleOfFlow, type SignInsParts } from './sign-ins.js';

const MARKS = { wrong: '✗', remark: '!' } as const;

/** A sign-in as text, to paste where somebody is asked for help. It holds no secret. */
export function signInText(flow: Flow, { state }: Pick<SignInsParts, 'state'>): string {
  const findings = findingsOf(flow, state);
  const verdict = findings.find(({ level }) => level === 'wrong');
  const [words] = OUTCOMES[flow.outcome];
  const lines = [
    `${titleOfFlow(flow)} (${flow.id})`,
    `${new Date(flow.at * 1_000).toISOString()}, ${words}`,
    `Application: ${flow.application ?? 'unknown'}`,
    `Organization: ${flow.organization ?? 'none'}`,
    '',
    ...verdictLines(verdict, flow),
    ...flow.steps.flatMap((step) => stepLines(step, findings)),
  ];
  return `${lines.join('\n')}\n`;
}

function verdictLines(verdict: Finding | undefined, { outcome }: Flow): string[] {
  if (!verdict) {
    return [outcome === 'returned' ? NOT_EXCHANGED : 'Nothing is wrong.'];
  }
  return [`Wrong: ${verdict.says}`, `To do: ${verdict.fix}`, verdict.docs];
}

function stepLines(step: FlowStep, all: readonly Finding[]): string[] {
  const findings = all.filter((one) => one.step === step.number);
  const { accessClaims, idClaims, description, location } = step.answered;
  return [
    '',
    `${step.number}. ${step.title} (${sinceOf(step.since)})`,
    `   ${summaryOf(step, findings)}`,
    ...[description, location].filter(Boolean).map((text) => `   ${text}`),
    ...step.parameters.map((parameter) => `   ${parameterLine(parameter)}`),
    ...findings.map(({ level, says }) => `   ${MARKS[level]} ${says}`),
    ...claimLines('Access token', accessClaims),
    ...claimLines('ID token', idClaims),
  ];
}

function parameterLine({ name, value, length, secret }: Parameter): string {
  return secret && length > 0 ? `${name}: ${value} (${length} characters)` : `${name}: ${value}`;
}

function claimLines(name: string, claims: readonly ExplainedClaim[] = []): string[] {
  const lines = claims.map(({ claim, value }) => `     ${claim}: ${value}`);
  return lines.length > 0 ? [`   ${name}`, ...lines] : [];
}
