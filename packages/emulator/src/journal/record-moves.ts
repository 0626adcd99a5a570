import type { KeptClock } from '../clock.js';
import type { Journal } from './journal.js';

/** Adds every move of the clock to the journal, and a remark where the time went back. */
export function recordMoves(journal: Journal, clock: KeptClock): void {
  clock.listen(({ from, to }) => {
    journal.append({ kind: 'clock', from, to });
    if (to < from) {
      const text =
        `The clock went back by ${from - to} seconds: tokens and sign-ins from before may seem to come from the future, ` +
        'and what had expired is valid again.';
      journal.append({ kind: 'remark', text });
    }
  });
}
