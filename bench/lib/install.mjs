// What has to be there before anything is measured: the peers, from the lockfile, and our packages as a user gets them.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const bench = fileURLToPath(new URL('..', import.meta.url));
const root = join(bench, '..');
const packages = [
  'claims',
  'core',
  'express',
  'fastify',
  'redis',
  'postgres',
  'management',
  'emulator',
];

const run = (command, args, cwd) =>
  execFileSync(command, args, {
    cwd,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });

/** Peers are installed once per lockfile. */
export function installPeers() {
  const read = (file) =>
    existsSync(join(bench, file)) ? readFileSync(join(bench, file), 'utf8') : '';
  const versions = (text) =>
    JSON.stringify(
      Object.entries(JSON.parse(text || '{}').packages ?? {})
        .filter(([name]) => name)
        .map(([name, { version }]) => `${name} ${version}`)
        .sort(),
    );
  const wanted = versions(read('package-lock.json'));
  const found = new Set(JSON.parse(versions(read('node_modules/.package-lock.json'))));
  if (JSON.parse(wanted).filter((one) => !found.has(one)).length > MOST_OPTIONAL) {
    run(
      'npm',
      ['ci', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'],
      bench,
    );
  }
}

/** Binaries for other machines are in the lockfile and not in the folder. */
const MOST_OPTIONAL = 100;

/** Builds and packs what a checkout has, and unpacks the tarballs where an installation in `into` would put them. */
function installFrom(checkout, into) {
  const folder = mkdtempSync(join(tmpdir(), 'kindling-bench-'));
  const pnpm = (...args) => run(join(checkout, 'node_modules/.bin/pnpm'), args, checkout);
  run(process.execPath, [join(checkout, 'scripts/bootstrap.mjs')], checkout);
  for (const name of packages) {
    pnpm('--filter', `@kindling/${name}`, 'run', 'build');
    pnpm('--filter', `@kindling/${name}`, 'pack', '--pack-destination', folder);
    const target = join(into, 'node_modules/@kindling', name);
    rmSync(target, { recursive: true, force: true });
    mkdirSync(target, { recursive: true });
    const tarball = readdirSync(folder).find((file) => file.startsWith(`kindling-${name}-`));
    run('tar', ['-xzf', join(folder, tarball), '-C', target, '--strip-components=1'], bench);
  }
  rmSync(folder, { recursive: true, force: true });
}

/** Ours, and ours as another checkout has it: what both depend on is in this folder's lockfile. */
export function installOurs(beside) {
  installFrom(root, bench);
  if (beside) {
    installFrom(resolve(beside), join(bench, 'beside'));
  }
}
