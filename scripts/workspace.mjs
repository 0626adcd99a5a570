// What the scripts here know about the workspace: its packages, what those depend on, and how to run its tools.
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

export const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

/** Every package that is published, not private ones: `name` as in `packages/<name>`, its folder and its package.json. */
export const packages = readdirSync(join(root, 'packages'))
  .filter((name) => existsSync(join(root, 'packages', name, 'package.json')))
  .map((name) => {
    const folder = join(root, 'packages', name);
    return { name, folder, manifest: readJson(join(folder, 'package.json')) };
  })
  .filter(({ manifest }) => !manifest.private);

/**
 * The entries that are code, as they are published: `{ entry: '.', types: './dist/index.d.ts', default: './dist/index.js' }`.
 * Not those with a `*`: what they stand for is there under a name as well.
 */
export const entriesOf = ({ manifest }) =>
  Object.entries(manifest.publishConfig.exports).flatMap(([entry, target]) =>
    typeof target === 'string' || entry.includes('*') ? [] : [{ entry, ...target }],
  );

/** Runs a command, with the workspace's tools on the path. Answers what it printed; throws with that when it fails. */
export function run(command, args, { cwd = root, env = {} } = {}) {
  const path = `${join(root, 'node_modules/.bin')}${delimiter}${process.env.PATH}`;
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', PATH: path, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => (output += chunk));
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) {
        resolve(output);
      } else {
        reject(new Error(`${command} ${args.join(' ')} ended with ${code}\n${output.trim()}`));
      }
    });
  });
}

/** A temporary folder outside the tree, which is gone when `use` is done. */
export async function withFolder(use) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'kindling-')));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Builds every package, packs it as it would be published, and answers name → tarball. */
export async function packAll(destination) {
  await run('turbo', ['run', 'build']);
  const tarballs = new Map();
  for (const { folder, manifest } of packages) {
    checkBundled(join(folder, 'dist'));
    const packed = await run('pnpm', ['pack', '--json', '--pack-destination', destination], {
      cwd: folder,
    });
    tarballs.set(manifest.name, JSON.parse(packed.slice(packed.indexOf('{'))).filename);
  }
  return tarballs;
}

/** Fails where a package was built that would import the private one, in code or declarations. */
function checkBundled(dist) {
  const files = readdirSync(dist, { recursive: true }).filter((file) => /\.(js|d\.ts)$/.test(file));
  for (const file of files) {
    if (/['"]@kindling\/internal['"]/.test(readFileSync(join(dist, file), 'utf8'))) {
      throw new Error(`${join(dist, file)} imports @kindling/internal, which is not published.`);
    }
  }
}

/** Everything that comes along when a package is installed, without its peers: `name@version` → folder and package.json. */
export function dependenciesOf({ folder, manifest }, found = new Map()) {
  for (const name of Object.keys(manifest.dependencies ?? {})) {
    const place = placeOf(name, folder);
    const its = { folder: place, manifest: readJson(join(place, 'package.json')) };
    const key = `${name}@${its.manifest.version}`;
    if (found.has(key)) {
      continue;
    }
    found.set(key, its);
    dependenciesOf(its, found);
  }
  return found;
}

/** Where Node would find a package from a folder. Not by require.resolve: package.json is not always exported. */
function placeOf(name, from) {
  for (let folder = from; ; folder = dirname(folder)) {
    const place = join(folder, 'node_modules', name);
    if (existsSync(join(place, 'package.json'))) {
      return realpathSync(place);
    }
    if (folder === dirname(folder)) {
      throw new Error(`${name} is not installed for ${from}. Run: npm test`);
    }
  }
}

/** Bytes of a file, or of all files in a folder but for packages that are installed there. */
export function sizeOn(path) {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found?.isDirectory()) {
    return found?.size ?? 0;
  }
  return readdirSync(path)
    .filter((name) => name !== 'node_modules')
    .reduce((sum, name) => sum + sizeOn(join(path, name)), 0);
}
