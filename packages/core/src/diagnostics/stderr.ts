import { dropOldest } from '@kindling/internal';
import { secondsSince, moment, type Moment } from '../clock.js';
import { systemCodeOf, withCauses, type KindeError } from '../errors.js';

/** Seconds in which the same cause is told once. */
const QUIET = 60;
/** Causes that are remembered, at most. */
const MOST_CAUSES = 100;

/** Limits errors to one a minute for each cause. */
export function createQuiet(tell: (error: KindeError) => void): (error: KindeError) => void {
  const causes = new Map<string, Moment>();
  return (error) => {
    const { code, reason } = error;
    const name = [code, reason, causeOf(error)].join(' ');
    const last = causes.get(name);
    if (last !== undefined && secondsSince(last) < QUIET) {
      return;
    }
    causes.delete(name);
    causes.set(name, moment());
    dropOldest(causes, MOST_CAUSES);
    tell(error);
  };
}

/** A system error by its code: its message may name a file or key of one request. */
function causeOf({ cause }: Error): string {
  return cause instanceof Error ? (systemCodeOf(cause) ?? cause.message) : '';
}

/** Prints errors on stderr, for apps without a logger: once per cause and minute. */
export function createStderr(): (error: KindeError) => void {
  return createQuiet((error) => console.error(inWords(error)));
}

/** An error in words, with its causes and their stacks. */
function inWords(error: KindeError): string {
  const { code, reason, fix, docs, message } = error;
  const lines = [`Kinde: ${message} (${[code, reason].filter(Boolean).join(', ')})`];
  if (fix !== undefined) {
    lines.push(`  Fix: ${fix}`);
  }
  lines.push(`  See ${docs}`);
  const [, ...causes] = withCauses(error);
  return [...lines, ...causes.map(({ stack }) => `  Caused by ${stack}`)].join('\n');
}
