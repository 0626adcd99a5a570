// What installing and bundling packages takes, read off this folder's node_modules. Frameworks are not counted.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const bench = fileURLToPath(new URL('..', import.meta.url));
const frameworks = ['express', 'fastify'];
/** Theirs; whoever brings another version of a framework along is counted with it. */
const bare = frameworks.map((name) => join(bench, 'node_modules', name));

/** How many packages an installation brings, and their bytes on disk. */
export function installed(specifiers) {
  const found = new Set();
  const visit = (name, from) => {
    const folder = folderOf(name, from);
    if (!folder || found.has(folder) || bare.includes(folder)) return;
    found.add(folder);
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(
      readFileSync(join(folder, 'package.json'), 'utf8'),
    );
    for (const other of Object.keys({ ...dependencies, ...optionalDependencies })) visit(other, folder);
  };
  for (const specifier of specifiers) visit(/^(@[^/]+\/)?[^/]+/.exec(specifier)[0], bench);
  return { packageCount: found.size, installedBytes: [...found].reduce((sum, folder) => sum + sizeOf(folder), 0) };
}

/** Where Node would find a package: the nearest node_modules upwards that has it. */
function folderOf(name, from) {
  for (let folder = from; folder.startsWith(bench) || folder + sep === bench; folder = join(folder, '..')) {
    const candidate = join(folder, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return candidate;
  }
  return undefined;
}

/** Bytes of the files, without packages that lie inside. */
function sizeOf(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => name !== 'node_modules')
    .map((entry) => join(folder, entry.name))
    .reduce((sum, path) => sum + (statSync(path).isDirectory() ? sizeOf(path) : statSync(path).size), 0);
}

/** Everything that the packages export in one minified file. Native code is not in it. */
export async function bundled(specifiers) {
  const lines = specifiers.map((name, index) => `import * as x${index} from '${name}'; console.log(x${index});`);
  try {
    const { outputFiles } = await build({
      stdin: { contents: lines.join('\n'), resolveDir: bench },
      ...{ bundle: true, write: false, minify: true, format: 'esm', platform: 'node', target: 'node20' },
      external: frameworks,
      loader: { '.node': 'empty' },
      logLevel: 'silent',
    });
    const { contents } = outputFiles[0];
    return { bundleBytes: contents.length, gzipBytes: gzipSync(contents).length };
  } catch (error) {
    return { notBundled: error.errors?.[0]?.text ?? error.message };
  }
}
