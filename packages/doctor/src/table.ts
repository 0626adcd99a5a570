import type { Report } from './diagnose.js';
import type { Outcome } from './finding.js';

const OUTCOMES: readonly Outcome[] = ['failed', 'warning', 'ok', 'skipped'];

/** A report for people: one finding a line, what to do about it below, and the sum. */
export function table({ findings }: Report): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.flatMap(({ check, outcome, detail, fix }) => [
    `${outcome.padEnd(7)}  ${check.padEnd(width)}  ${detail}`,
    ...(fix ? [`${' '.repeat(11 + width)}→ ${fix}`] : []),
  ]);
  const count = (outcome: Outcome) =>
    findings.filter((finding) => finding.outcome === outcome).length;
  const sums = OUTCOMES.filter((outcome) => count(outcome) > 0).map(
    (outcome) =>
      `${count(outcome)} ${outcome}${outcome === 'warning' && count(outcome) > 1 ? 's' : ''}`,
  );
  return `${lines.join('\n')}\n\n${sums.join(', ')}`;
}
