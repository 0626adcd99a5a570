import { say, type Checked } from '../finding.js';
import type { Settings } from '../options.js';
import type { Provider } from './discovery.js';

/** Seconds that clocks may be apart before it is worth a word, and before tokens are refused: `clockTolerance`. */
const NOTABLE = 30;
const TOLERANCE = 60;

/** This machine's clock against Kinde's: tokens from the future are refused, and so are those that seem to have ended. */
export function checkClock({ answer }: Pick<Provider, 'answer'>, { now }: Settings): Checked {
  const date = Date.parse(answer.headers.get('date') ?? '') / 1000;
  if (!Number.isFinite(date)) {
    return { statements: [say('skipped', 'Kinde does not say what time it has.')] };
  }
  // A cache on the way hands out an old date, and says how old.
  const age = Number(answer.headers.get('age') ?? 0);
  const apart = Math.round(now() - date - (age > 0 ? age : 0));
  const detail = `The clock of this machine is ${Math.abs(apart)} seconds ${apart < 0 ? 'behind' : 'ahead of'} Kinde's`;
  const fix = 'Let the machine take its time from a time server (NTP).';
  if (Math.abs(apart) > TOLERANCE) {
    return {
      statements: [say('failed', `${detail}, more than the ${TOLERANCE} that are tolerated.`, fix)],
    };
  }
  if (Math.abs(apart) > NOTABLE) {
    return {
      statements: [say('warning', `${detail}; beyond ${TOLERANCE}, nobody can sign in.`, fix)],
    };
  }
  return { statements: [say('ok', `The clocks agree within ${NOTABLE} seconds.`)] };
}
