// What installing and bundling packages takes, read off this folder's node_modules. Frameworks are not counted.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { dependenciesOf, readJson, sizeOn } from '../../scripts/workspace.mjs';

const bench = fileURLToPath(new URL('..', import.meta.url));
const frameworks = ['express', 'fastify'];

/** How many packages an installation brings, and their bytes on disk. */
export function installed(specifiers) {
  const names = specifiers.map((specifier) => /^(@[^/]+\/)?[^/]+/.exec(specifier)[0]);
  // Theirs; whoever brings another version of a framework along is counted with it.
  const bare = frameworks.map(
    (name) => `${name}@${readJson(join(bench, 'node_modules', name, 'package.json')).version}`,
  );
  const dependencies = Object.fromEntries(names.map((name) => [name, '*']));
  const found = dependenciesOf(
    { folder: bench, manifest: { dependencies } },
    new Map(bare.map((key) => [key])),
  );
  for (const key of bare) {
    found.delete(key);
  }
  return {
    packageCount: found.size,
    installedBytes: [...found.values()].reduce((sum, { folder }) => sum + sizeOn(folder), 0),
  };
}

/** Everything that the packages export in one minified file. Native code is not in it. */
export async function bundled(specifiers) {
  const lines = specifiers.map(
    (name, index) => `import * as x${index} from '${name}'; console.log(x${index});`,
  );
  try {
    const { outputFiles } = await build({
      stdin: { contents: lines.join('\n'), resolveDir: bench },
      ...{
        bundle: true,
        write: false,
        minify: true,
        format: 'esm',
        platform: 'node',
        target: 'node20',
      },
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
