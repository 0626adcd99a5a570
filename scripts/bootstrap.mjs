// Installs what package.json asks for, where that is not done yet. Runs before the root scripts, on a machine that has
// only Node and npm, so nothing but Node's own modules may be imported here.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file) => {
  try {
    return readFileSync(root + file, 'utf8');
  } catch {
    return undefined;
  }
};

if (read('node_modules/.pnpm/lock.yaml') !== read('pnpm-lock.yaml')) {
  const pnpm = JSON.parse(read('package.json')).packageManager.split('+')[0];
  const install = ['--yes', pnpm, 'install', '--frozen-lockfile', '--prefer-offline'];
  const { status, error } = spawnSync('npx', install, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (error) {
    console.error(`Could not run npx: ${error.message}`);
  }
  process.exit(status ?? 1);
}
