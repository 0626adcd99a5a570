import { run } from '../workspace.mjs';

/** Installs packages into a folder. Packages with install scripts (the runtimes) need them; nothing else runs any. */
export function install(folder, names, quiet = ['--ignore-scripts']) {
  const flags = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', ...quiet];
  return run('npm', ['install', ...flags, ...names], { cwd: folder });
}
