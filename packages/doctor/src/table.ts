import * as util from 'node:util';
import type { Report } from './diagnose.js';
import type { Finding, Outcome } from './finding.js';

const OUTCOMES: readonly Outcome[] = ['failed', 'warning', 'ok', 'skipped'];
/** Characters of the longest outcome. */
const OUTCOME_WIDTH = 7;

const COLOURS = {
  failed: 'red',
  warning: 'yellow',
  ok: 'green',
  skipped: 'gray',
} as const;

/** Formats a report for a terminal: one finding a line, its fix below, and a summary; in colour where the output has it. */
export function table({ findings }: Report): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.flatMap((finding) => linesOf(finding, width));
  const counts = OUTCOMES.map((outcome) => countOf(findings, outcome)).filter(Boolean);
  return `${lines.join('\n')}\n\n${counts.join(', ')}`;
}

function linesOf({ check, outcome, detail, fix }: Finding, width: number): string[] {
  const columns = [painted(outcome, outcome.padEnd(OUTCOME_WIDTH)), check.padEnd(width), detail];
  const line = columns.join('  ');
  if (!fix) {
    return [line];
  }
  const indent = ' '.repeat(OUTCOME_WIDTH + width + 4);
  return [line, `${indent}→ ${fix}`];
}

/** Node knows whether the output is a terminal, and `NO_COLOR` and `FORCE_COLOR`. Versions before 20.12 cannot paint. */
function painted(outcome: Outcome, text: string): string {
  if (typeof util.styleText !== 'function') {
    return text;
  }
  return util.styleText(COLOURS[outcome], text);
}

/** Such as `2 warnings`; empty for none. */
function countOf(findings: readonly Finding[], outcome: Outcome): string {
  const { length } = findings.filter((finding) => finding.outcome === outcome);
  if (length === 0) {
    return '';
  }
  const isPlural = outcome === 'warning' && length > 1;
  return painted(outcome, `${length} ${outcome}${isPlural ? 's' : ''}`);
}
