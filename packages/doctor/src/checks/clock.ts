import { concluded, say, type Checked } from '../finding.js';
import type { Settings } from '../options.js';
import type { Provider } from './discovery.js';

/** Seconds of difference that are worth a warning. */
const NOTABLE = 30;
/** Seconds of difference beyond which tokens are refused: the default of `clockTolerance`. */
const TOLERANCE = 60;
const FIX = 'Synchronize the clock of this machine with a time server (NTP).';

/** Compares the clock of this machine with Kinde's: tokens that seem to be issued in the future or expired are refused. */
export function checkClock({ answer }: Pick<Provider, 'answer'>, { now }: Settings): Checked {
  const { headers } = answer;
  const date = Date.parse(headers.get('date') ?? '') / 1000;
  if (!Number.isFinite(date)) {
    return concluded(say('skipped', "Kinde's response has no date."));
  }
  // A cache in between sends an old date together with its age.
  const age = Math.max(0, Number(headers.get('age') ?? 0) || 0);
  const apart = Math.round(now() - date - age);
  const seconds = Math.abs(apart);
  const direction = apart < 0 ? 'behind' : 'ahead of';
  const detail = `The clock of this machine is ${seconds} seconds ${direction} Kinde's`;
  if (seconds > TOLERANCE) {
    return concluded(say('failed', `${detail}, more than the tolerated ${TOLERANCE}.`, FIX));
  }
  if (seconds > NOTABLE) {
    return concluded(say('warning', `${detail}; beyond ${TOLERANCE}, sign-in fails.`, FIX));
  }
  return concluded(say('ok', `The clocks agree within ${NOTABLE} seconds.`));
}
