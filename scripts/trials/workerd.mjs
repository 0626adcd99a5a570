// Runs what was installed in workerd, with Node's modules (`nodejs_compat`) and without. Without, a bundle may not name one.
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from '../workspace.mjs';
import { install } from './npm.mjs';

/** The last one for Node 20. */
const MINIFLARE = 'miniflare@4.20260415.0';
const PAGE = 'docs/how-to/workers.md';
const FLAGS = [['nodejs_compat'], []];

/** Makes workerd ready, and answers how to run a project's trial in it. */
export async function workerd(folder, scratch, tarballs) {
  await install(folder, [MINIFLARE], []);
  // The local Kinde, and what it needs of ours.
  await install(folder, [tarballs.get('@kindling/emulator'), tarballs.get('@kindling/management')]);
  for (const file of ['in-worker.mjs', 'sign-in-to-worker.mjs', 'assert.mjs']) {
    cpSync(join(root, 'scripts/trials', file), join(folder, file));
  }
  const bundle = (entry, flags) =>
    bundled(entry, flags, { esbuild: join(scratch, 'node_modules/.bin/esbuild'), folder });
  return async (project) => {
    const entry = join(project.folder, 'worker.mjs');
    writeFileSync(
      entry,
      `import { trial } from './trial.mjs';
const attempt = () => trial().then(() => 'ok', (error) => String(error.stack));
export default { fetch: async () => new Response(await attempt()) };
`,
    );
    for (const flags of FLAGS) {
      await run('node', [join(folder, 'in-worker.mjs'), await bundle(entry, flags), ...flags]);
    }
    if (project.name === 'core') {
      await tryPage(project, { folder, bundle });
    }
  };
}

/** Signs in to the Worker that the how-to page shows, with the local Kinde outside of it. */
async function tryPage(project, { folder, bundle }) {
  const code = /^```ts\n([^]*?)^```$/m.exec(readFileSync(join(root, PAGE), 'utf8'))?.[1];
  if (!code) {
    throw new Error(`${PAGE} shows no Worker.`);
  }
  const entry = join(project.folder, 'page.ts');
  writeFileSync(entry, code);
  for (const flags of FLAGS) {
    await run('node', [
      join(folder, 'sign-in-to-worker.mjs'),
      await bundle(entry, flags),
      ...flags,
    ]);
  }
}

async function bundled(entry, flags, { esbuild, folder }) {
  const bundle = `${entry}.${flags.join('') || 'plain'}.mjs`;
  const options = ['--bundle', '--format=esm', '--conditions=workerd,worker', '--log-level=error'];
  const modules =
    flags.length > 0
      ? '--external:node:*'
      : `--alias:node:assert/strict=${join(folder, 'assert.mjs')}`;
  await run(esbuild, [entry, ...options, modules, `--outfile=${bundle}`]);
  return bundle;
}
