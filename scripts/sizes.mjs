// Weighs every package against scripts/sizes.json: what a bundle with everything in it takes, gzipped; what an installation
// takes on disk; how many packages others wrote; and whether an import that uses nothing leaves nothing behind.
// Peers are the importer's own and are not counted. Reads dist: npm run sizes builds it first.
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { dependenciesOf, entriesOf, packages, readJson, root, sizeOn } from './workspace.mjs';

const budgets = readJson(join(root, 'scripts/sizes.json'));
const over = [];

const table = [];
for (const pkg of packages) {
  const budget = { ...budgets.default, ...budgets[pkg.name] };
  const dependencies = [...dependenciesOf(pkg).values()];
  const weights = {
    gzipKb: kb(gzipSync((await bundle(pkg)).contents).length),
    installedKb: kb(
      [pkg, ...dependencies].reduce(
        (sum, { folder, manifest }) => sum + sizeOf(folder, manifest),
        0,
      ),
    ),
    foreignPackages: dependencies.filter(({ manifest }) => !isOurs(manifest.name)).length,
    dependencies: Object.keys(pkg.manifest.dependencies ?? {}).filter((name) => !isOurs(name))
      .length,
    sideEffectBytes:
      pkg.manifest.sideEffects === false ? (await bundle(pkg, 'nothing')).contents.length : 0,
  };
  table.push({ package: pkg.name, ...weights });
  for (const [name, weight] of Object.entries(weights)) {
    if (budget[name] === undefined) {
      over.push(`${pkg.name} has no budget for ${name}: it is ${weight}`);
    }
    if (weight > budget[name]) {
      over.push(`${pkg.name}: ${name} is ${weight}, and may be ${budget[name]}`);
    }
  }
}
console.table(table);
for (const name of Object.keys(budgets)) {
  if (name !== 'default' && !packages.some((pkg) => pkg.name === name)) {
    over.push(`there is no package ${name}`);
  }
}
if (over.length > 0) {
  console.error(
    `${over.join('\n')}\nA budget is raised in scripts/sizes.json, with the reason in the same commit.`,
  );
  process.exitCode = 1;
}

function kb(bytes) {
  return Math.round(bytes / 102.4) / 10;
}

function isOurs(name) {
  return packages.some(({ manifest }) => manifest.name === name);
}

/** One file with the package and all that it brings along. `nothing`: for somebody who imports it and uses none of it. */
async function bundle({ folder, manifest }, use = 'everything') {
  const from = (entry) => JSON.stringify(join(folder, entry.default));
  const contents = entriesOf({ manifest })
    .filter(({ entry }) => use === 'nothing' || entry === '.')
    .map((entry) =>
      use === 'nothing' ? `import ${from(entry)};` : `export * from ${from(entry)};`,
    );
  const { outputFiles } = await build({
    stdin: { contents: contents.join('\n'), resolveDir: folder },
    ...{
      bundle: true,
      write: false,
      minify: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
    },
    external: Object.keys(manifest.peerDependencies ?? {}),
    plugins: [publishedFaces()],
    logLevel: 'error',
  });
  return outputFiles[0];
}

/** Our own packages, where others import them, as they are published. In the tree their entries are sources. */
function publishedFaces() {
  const setup = ({ onResolve }) =>
    onResolve({ filter: /^@kindling\// }, ({ path }) => {
      const pkg = packages.find(
        ({ manifest }) => path === manifest.name || path.startsWith(`${manifest.name}/`),
      );
      const wanted = `.${path.slice(pkg.manifest.name.length)}`;
      const found = entriesOf(pkg).find(({ entry }) => entry === wanted);
      return {
        path: join(pkg.folder, found.default),
        sideEffects: pkg.manifest.sideEffects !== false,
      };
    });
  return { name: 'published-faces', setup };
}

/** What npm would write to disk: of our own packages, only what they publish. */
function sizeOf(folder, { name, files }) {
  const published = isOurs(name) ? [...files, 'package.json', 'README.md', 'LICENSE'] : ['.'];
  return published.reduce((sum, file) => sum + sizeOn(join(folder, file)), 0);
}
