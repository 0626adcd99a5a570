// One process says little about a program: how V8 lays things out differs from start to start. So both sides are started
// anew some times, and what counts is the middle of what the starts say.
import { middle } from './load.mjs';
import { startApp } from './processes.mjs';

/** How often each side is started, and how many rounds it then has. */
export const howOften = (quick) => (quick ? { starts: 3, rounds: 6 } : { starts: 5, rounds: 6 });

/**
 * Starts an app and the bare framework, and again. `measure(app, bare)` answers what each load took, by its name. The result
 * is the same names, with the median over the starts.
 */
export async function overStarts(starts, { app, bare, measure }) {
  const found = [];
  for (let start = 0; start < starts; start++) {
    const running = [];
    try {
      for (const side of [app, bare]) {
        running.push(await startApp(...side));
      }
      found.push(await measure(...running));
    } finally {
      await Promise.all(running.map((one) => one.stop()));
    }
  }
  return Object.fromEntries(
    Object.keys(found[0]).map((name) => [name, middle(found.map((loads) => loads[name]))]),
  );
}
