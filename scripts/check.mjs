// Everything CI checks, in the order in which it fails fastest last: tests, lint, types, build, packages.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const scratch = mkdtempSync(join(tmpdir(), 'kindling-check-'));
const report = join(scratch, 'tests.json');
const failed = [];
try {
  run('npm', ['test', '--', '--reporter=dot', '--reporter=json', `--outputFile.json=${report}`]);
  run('npm', ['run', 'lint']);
  run('npm', ['run', 'typecheck']);
  run('npm', ['run', 'build']);
  run('node', ['scripts/management-types.mjs']);
  checkPackages();
  const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(report, 'utf8'));
  if (failed.length > 0) console.error(`\nNot right: ${failed.join('; ')}`);
  console.log(`\n${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped`);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
process.exitCode = failed.length > 0 ? 1 : 0;

/** Packs every package as it would be published, and asks publint and attw what an importer would meet. */
function checkPackages() {
  for (const name of readdirSync('packages')) {
    run('pnpm', ['--filter', `@kindling/${name}`, 'pack', '--pack-destination', scratch]);
  }
  for (const tarball of readdirSync(scratch).filter((file) => file.endsWith('.tgz'))) {
    run('publint', ['--strict', join(scratch, tarball)]);
    run('attw', ['--profile', 'esm-only', '--quiet', join(scratch, tarball)]);
  }
}

/** Runs a command of the workspace. What fails is remembered, so that one run shows everything. */
function run(command, args) {
  console.log(`\n> ${command} ${args.map((arg) => arg.replace(scratch, '…')).join(' ')}`);
  const env = {
    ...process.env,
    TURBO_TELEMETRY_DISABLED: '1',
    PATH: `${join(process.cwd(), 'node_modules/.bin')}${process.platform === 'win32' ? ';' : ':'}${process.env.PATH}`,
  };
  const { status } = spawnSync(command, args, { stdio: 'inherit', env, shell: process.platform === 'win32' });
  if (status !== 0) failed.push(`${command} ${args[0]} ${args[1] ?? ''}`.trim());
}
