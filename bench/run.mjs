// npm run bench: measures ours and the peers in one run, and writes what came out.
//   npm run bench -- session login   only these works: what is written of the others stays
//   npm run bench -- --peer redis    only peers of this name
//   npm run bench -- --quick         a short look: every number is rough
//   npm run bench -- --beside <folder>   ours once more, as another checkout has it, in rows of its own
// These go together. Runs with all peers and nothing beside that are not quick write results.json, RESULTS.md and chart.svg.
import { existsSync, writeFileSync } from 'node:fs';
import { cpus, release, type } from 'node:os';
import { parseArgs } from 'node:util';
import { packages, readJson } from '../scripts/workspace.mjs';
import { installOurs, installPeers } from './lib/install.mjs';

const names = [
  'crowd',
  'stampede',
  'session',
  'bearer',
  'pack',
  'lookup',
  'login',
  'weight',
  'emulator',
];
const { values, positionals } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    peer: { type: 'string' },
    beside: { type: 'string' },
  },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  throw new Error(`there is no work ${unknown.join(', ')}: ${names.join(', ')}`);
}
const started = Date.now();
const note = (text) =>
  console.error(`${((Date.now() - started) / 60_000).toFixed(1).padStart(5)} min  ${text}`);

note('installing the peers, building and packing ours');
installPeers();
installOurs(values.beside);

// Only now is there something to import.
const { canPin, pinSelf, startIssuer } = await import('./lib/processes.mjs');
const { createKey } = await import('./lib/issuer.mjs');
const { report } = await import('./lib/report.mjs');
const { chart } = await import('./lib/chart.mjs');

pinSelf();
const key = createKey();
const issuer = await startIssuer(key);
const context = {
  issuer: `http://localhost:${issuer.port}`,
  key,
  quick: values.quick,
  beside: values.beside !== undefined,
  note,
  only: (name) => !values.peer || name.toLowerCase().includes(values.peer.toLowerCase()),
};

const writes = !values.quick && !values.peer && !values.beside;
const date = new Date().toISOString().slice(0, 10);
const file = (name) => new URL(name, import.meta.url);
const before = writes && existsSync(file('results.json')) ? readJson(file('results.json')) : {};
const results = {
  ...before,
  date,
  machine: machine(),
  versions: versions(),
  measured: { ...before.measured },
};
for (const name of names.filter((one) => positionals.length === 0 || positionals.includes(one))) {
  const work = await import(`./works/${name}.mjs`);
  results[name] = await work[name](context);
  results.measured[name] = date;
}
await issuer.stop();

const text = report(results);
console.log(text);
if (writes) {
  writeFileSync(file('results.json'), `${JSON.stringify(results, null, 1)}\n`);
  writeFileSync(file('RESULTS.md'), text);
  if (results.session) {
    writeFileSync(file('chart.svg'), chart(results));
  }
  note('written: bench/results.json, bench/RESULTS.md, bench/chart.svg');
}
process.exit();

function machine() {
  return {
    cpu: cpus()[0].model.replace(/\s+/g, ' ').trim(),
    cores: cpus().length,
    system: `${type()} ${release().split('-')[0]}`,
    node: process.version,
    pinned: canPin,
  };
}

/** What was measured, and how many dependencies each of our packages has at run time beside our own. */
function versions() {
  const foreign = ({ manifest }) =>
    Object.keys(manifest.dependencies ?? {}).filter((one) => !one.startsWith('@kindling/'));
  return {
    peers: readJson(file('package.json')).dependencies,
    dependencies: Object.fromEntries(packages.map((pkg) => [pkg.name, foreign(pkg).length])),
  };
}
