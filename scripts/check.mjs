// Everything CI checks, in the order in which it fails fastest last: tests, lint, types, build, packages, traffic. Nothing stops
// at a failure: one run shows all that is wrong.
//   node scripts/check.mjs --long   with more people for longer, and every fault
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { packAll, packages } from './workspace.mjs';

const isLong = process.argv.includes('--long');
/** Faults of each kind that take a few seconds: a process, the store, Kinde, its keys. */
const SHORT = [
  ...['--seconds', '2', '--people', '24', '--processes', '2'],
  ...['process killed', 'Redis killed', 'Kinde hangs', 'stranger'].flatMap((name) => [
    '--only',
    name,
  ]),
];

const scratch = mkdtempSync(join(tmpdir(), 'kindling-check-'));
const report = join(scratch, 'tests.json');
const failed = [];
const times = [];
try {
  run('install', 'node', ['scripts/bootstrap.mjs']);
  run('tests', 'npm', [
    'test',
    '--',
    '--reporter=dot',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ]);
  run('lint', 'npm', ['run', 'lint']);
  run('knip', 'knip', ['--no-config-hints']);
  run('licences', 'node', ['scripts/licences.mjs', '--check']);
  run('typecheck', 'npm', ['run', 'typecheck']);
  run('build', 'npm', ['run', 'build']);
  run('sizes', 'node', ['scripts/sizes.mjs']);
  // Fails for a member of the public face without a doc comment.
  run('reference', 'typedoc', ['--out', join(scratch, 'reference'), '--logLevel', 'Warn']);
  run('configuration page', 'node', ['scripts/configuration-reference.mjs', '--check']);
  run('management types', 'node', ['scripts/management-types.mjs']);
  run('reports', 'node', ['scripts/reports.mjs', '--check']);
  await checkTarballs();
  run('packages', 'node', ['scripts/tarballs.mjs', '--runtimes', 'node']);
  run('soak', 'node', [
    'bench/soak.mjs',
    ...(isLong ? ['--seconds', '60'] : ['--seconds', '12', '--people', '45']),
  ]);
  run('faults', 'node', ['bench/faults.mjs', ...(isLong ? [] : SHORT)]);
  const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(
    readFileSync(report, 'utf8'),
  );
  console.log('\nSeconds:');
  for (const { title, seconds } of times) {
    console.log(`${seconds.toFixed(1).padStart(7)}  ${title}`);
  }
  if (failed.length > 0) {
    console.error(`\nNot right: ${failed.join('; ')}`);
  }
  console.log(`\n${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped`);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
process.exitCode = failed.length > 0 ? 1 : 0;

/** Packs every package as it would be published, and asks publint and attw what an importer would meet. */
async function checkTarballs() {
  try {
    for (const [name, tarball] of await packAll(scratch)) {
      run(`publint ${name}`, 'publint', ['--strict', tarball]);
      // ES modules alone: Node loads them by require() from 20.19 on, of which attw does not know.
      run(`attw ${name}`, 'attw', [tarball, '--quiet', '--ignore-rules', 'cjs-resolves-to-esm']);
    }
  } catch (error) {
    console.error(error.message);
    failed.push(`packing ${packages.length} packages`);
  }
}

/** Runs a command of the workspace. What fails is remembered. */
function run(title, command, args) {
  console.log(`\n> ${title}`);
  const env = {
    ...process.env,
    TURBO_TELEMETRY_DISABLED: '1',
    PATH: `${join(process.cwd(), 'node_modules/.bin')}${delimiter}${process.env.PATH}`,
  };
  const start = performance.now();
  const { status } = spawnSync(command, args, {
    stdio: 'inherit',
    env,
    shell: process.platform === 'win32',
  });
  times.push({ title, seconds: (performance.now() - start) / 1000 });
  if (status !== 0) {
    failed.push(title);
  }
}
