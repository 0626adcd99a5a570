import { managementFromEnv } from '@kindling/management';
import { importUsers } from './index.js';
import { readPeople } from './read.js';
import { createProgressLine } from './terminal.js';

const file = process.argv[2];
if (!file) {
  console.error('Usage: npm start -- people.ndjson (or people.csv)');
  process.exit(2);
}

const stop = new AbortController();
process.once('SIGINT', () =>
  stop.abort(new Error('Stopped. Run it again to go on: nobody is doubled.')),
);
const line = createProgressLine(process.stderr);
try {
  const progress = await importUsers(managementFromEnv(), readPeople(file), {
    signal: stop.signal,
    onProgress: line.show,
    // On standard output, so that they can be kept and imported again.
    onFailure: (person, error) => console.log(JSON.stringify({ ...person, error: error.message })),
  });
  line.end(progress);
  process.exitCode = progress.failed > 0 ? 1 : 0;
} catch (error) {
  console.error(`\n${(error as Error).message}`);
  process.exitCode = 1;
}
