import type { Report } from './diagnose.js';
import type { Finding, Outcome } from './finding.js';

const OUTCOMES: readonly Outcome[] = ['failed', 'warning', 'ok', 'skipped'];
/** Characters of the longest outcome. */
const OUTCOME_WIDTH = 7;

/** Formats a report for a terminal: one finding a line, its fix below, and a summary. */
export function table({ findings }: Report): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.flatMap((finding) => linesOf(finding, width));
  const counts = OUTCOMES.map((outcome) => countOf(findings, outcome)).filter(Boolean);
  return `${lines.join('\n')}\n\n${counts.join(', ')}`;
}

function linesOf({ check, outcome, detail, fix }: Finding, width: number): string[] {
  const columns = [outcome.padEnd(OUTCOME_WIDTH), check.padEnd(width), detail];
  const line = columns.join('  ');
  if (!fix) {
    return [line];
  }
  const indent = ' '.repeat(OUTCOME_WIDTH + width + 4);
  return [line, `${indent}→ ${fix}`];
}

/** Such as `2 warnings`; empty for none. */
function countOf(findings: readonly Finding[], outcome: Outcome): string {
  const { length } = findings.filter((finding) => finding.outcome === outcome);
  if (length === 0) {
    return '';
  }
  const isPlural = outcome === 'warning' && length > 1;
  return `${length} ${outcome}${isPlural ? 's' : ''}`;
}
