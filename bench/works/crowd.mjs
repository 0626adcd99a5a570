// One million sessions: what each takes, in memory, in Redis and in Postgres, and what a request asks of the store.
// People sign in for real until there are some records; those are kept again and again under other ids.
import { runApart } from '../lib/processes.mjs';

const CROWD = 1_000_000;
const file = new URL('../lib/crowd.mjs', import.meta.url);

export async function crowd({ quick, note, only }) {
  const rows = [];
  for (const store of ['memory', 'redis', 'postgres'].filter((name) => only(`Kindling ${name}`))) {
    note(`crowd: ${store}`);
    const message = { store, count: quick ? CROWD / 100 : CROWD };
    const row = await runApart(file, message, ['--expose-gc', '--max-old-space-size=16000']).catch(
      (error) => ({
        failed: error.message,
      }),
    );
    rows.push({ label: store, ...row });
  }
  return rows;
}
