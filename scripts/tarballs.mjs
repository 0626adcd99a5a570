// Tries every package as people get it: packed, installed alone in an empty project outside the tree, compiled by the
// TypeScript versions people have, imported and required, and used, on every runtime it is promised for.
//   pnpm packages:try [--runtimes node,node@24,bun,deno,workerd,toolchains] [--packages core,claims]
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { install } from './trials/npm.mjs';
import { checkPage, toolchains } from './trials/toolchains.mjs';
import { workerd } from './trials/workerd.mjs';
import { entriesOf, packAll, packages, root, run, withFolder } from './workspace.mjs';

/** Lines of Node that are promised, from the oldest on. `node` is the one that runs this. */
const NODE_LINES = ['node@20.19', 'node@22.12', 'node@24', 'node@26'];
/** Beside the runtimes, the tools with which people compile, test and bundle. */
const RUNTIMES = ['node', ...NODE_LINES, 'bun', 'deno', 'workerd', 'toolchains'];
/** What also runs where there is no Node. */
const ANYWHERE = ['claims', 'core', 'management', 'webhooks'];
/** What importers bring along. A package with several peers is tried with each. */
const PEERS = {
  express: [
    ['express@5', '@types/express@5'],
    ['express@4.21.0', '@types/express@4'],
  ],
  fastify: [['fastify@5']],
};
/** What is compiled under a resolution. Projects that are for browsers, too, have the types of the DOM, which differ. */
const RESOLUTIONS = {
  nodenext: { module: 'nodenext', lib: ['es2023'], kinds: ['mts', 'cts'] },
  bundler: { module: 'esnext', lib: ['es2023', 'dom'], kinds: ['mts'] },
  node10: { module: 'commonjs', esModuleInterop: true, lib: ['es2023'], kinds: ['cts'] },
};
/** The versions of TypeScript that people have, with their resolutions. The first leaves its output. */
const COMPILERS = {
  5.9: ['nodenext', 'bundler', 'node10'],
  '6.0': ['nodenext', 'bundler'],
  '7.0': ['nodenext', 'bundler'],
};

const { values } = parseArgs({
  options: { runtimes: { type: 'string' }, packages: { type: 'string' } },
});
const wanted = values.runtimes?.split(',') ?? RUNTIMES;
const tried = packages.filter(
  ({ name }) => !values.packages || values.packages.split(',').includes(name),
);
const failures = [];

for (const name of wanted) {
  if (!RUNTIMES.includes(name)) {
    throw new Error(`--runtimes may name ${RUNTIMES.join(', ')}.`);
  }
}
await withFolder(async (scratch) => {
  const tarballs = await step('pack', () => packAll(scratch));
  if (!tarballs) {
    return;
  }
  await step(`TypeScript ${Object.keys(COMPILERS).join(', ')}`, () => installCompilers(scratch));
  const projects = await installProjects(scratch, tarballs);
  for (const [version, resolutions] of Object.entries(COMPILERS)) {
    for (const resolution of resolutions) {
      await step(`types for TypeScript ${version}, ${resolution}`, () =>
        checkTypes(scratch, projects, { version, resolution }),
      );
    }
  }
  await step('the page of toolchains', checkPage);
  if (wanted.includes('toolchains')) {
    await tryToolchains(scratch, tarballs);
  }
  for (const name of wanted.filter((one) => one !== 'toolchains')) {
    await tryRuntime(scratch, name, { tarballs, projects });
  }
});
console.log(
  failures.length > 0
    ? `\nNot right: ${failures.join('; ')}`
    : `\n${tried.length} packages work as installed.`,
);
process.exitCode = failures.length > 0 ? 1 : 0;

/** Does one thing and says how it went. What is missing on this machine is a failure only where CI promises it. */
async function step(title, work, { optional = false } = {}) {
  const start = performance.now();
  try {
    const result = await work();
    console.log(`  ${((performance.now() - start) / 1000).toFixed(1).padStart(6)} s  ${title}`);
    return result ?? true;
  } catch (error) {
    const isLine = NODE_LINES.includes(title);
    if (!optional && (!isLine || process.env.CI === 'true')) {
      failures.push(title);
    }
    console.log(`  ${optional || isLine ? 'cannot be had' : 'FAILED'}: ${title}\n${error.message}`);
    return undefined;
  }
}

/** One project for each package and each of its peers. */
async function installProjects(scratch, tarballs) {
  const projects = [];
  for (const pkg of tried) {
    for (const peers of PEERS[pkg.name] ?? [[]]) {
      const title = [pkg.name, ...peers.slice(0, 1)].join(' with ');
      const folder = await step(`${title}: install`, () =>
        installAlone(scratch, { ...pkg, title, peers }, tarballs),
      );
      if (folder) {
        projects.push({ ...pkg, title, folder });
      }
    }
  }
  return projects;
}

/** Runs on one runtime every project that is promised for it. */
async function tryRuntime(scratch, name, { tarballs, projects }) {
  const use = await step(name, () => runtime(scratch, name, tarballs), {
    optional: !name.startsWith('node'),
  });
  if (!use) {
    return;
  }
  for (const project of projects) {
    if (name !== 'workerd' || ANYWHERE.includes(project.name)) {
      await step(`${project.title} on ${name}`, () => use(project));
    }
  }
}

async function tryToolchains(scratch, tarballs) {
  const folder = join(scratch, 'toolchains');
  mkdirSync(folder);
  const rows = await step('toolchains: install', () => toolchains(folder, tarballs));
  for (const { title, attempt } of rows ?? []) {
    await step(title, attempt);
  }
}

/** The compilers and the types of Node, where every project finds them by looking up. */
async function installCompilers(scratch) {
  writeFileSync(join(scratch, 'package.json'), '{ "private": true }');
  const compilers = Object.keys(COMPILERS).map(
    (version) => `typescript-${version}@npm:typescript@${version}`,
  );
  await install(scratch, [...compilers, '@types/node@20', 'esbuild@0.27']);
}

/** An empty project that has this package, its peers, and nothing else. Ours that it needs are tarballs, too. */
async function installAlone(scratch, { name, manifest, title, peers }, tarballs) {
  const trial = join(root, 'scripts/trials', `${name}.ts`);
  if (!existsSync(trial)) {
    throw new Error(`Write scripts/trials/${name}.ts: what somebody does first with it.`);
  }
  const folder = join(scratch, 'projects', title.replaceAll(' ', '-'));
  mkdirSync(folder, { recursive: true });
  const others = [...tarballs].filter(([other]) => other !== manifest.name);
  const project = {
    private: true,
    type: 'module',
    dependencies: { [manifest.name]: `file:${tarballs.get(manifest.name)}` },
    overrides: Object.fromEntries(others.map(([other, tarball]) => [other, `file:${tarball}`])),
  };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(project, null, 2));
  await install(folder, peers);
  for (const kind of ['mts', 'cts']) {
    cpSync(trial, join(folder, `trial.${kind}`));
  }
  writeFileSync(join(folder, 'run.mjs'), "import { trial } from './trial.mjs';\nawait trial();\n");
  writeFileSync(
    join(folder, 'run.cjs'),
    "require('./trial.cjs').trial().catch((error) => { throw error; });\n",
  );
  for (const bin of Object.keys(manifest.publishConfig.bin ?? {})) {
    const help = await run(join(folder, 'node_modules/.bin', bin), ['--help'], { cwd: folder });
    if (!help.includes('--help')) {
      throw new Error(`${bin} --help explains nothing:\n${help}`);
    }
  }
  for (const { entry } of entriesOf({ manifest })) {
    await run('node', ['-e', `require('${join(manifest.name, entry)}')`], { cwd: folder });
  }
  return folder;
}

/**
 * Compiles all trials strictly, as modules and as scripts, under a resolution; every one finds only what its own
 * project has installed. One program for all, since most of the time goes into the same libraries. The first one leaves
 * its output.
 */
async function checkTypes(scratch, projects, { version, resolution }) {
  const { kinds, ...options } = RESOLUTIONS[resolution];
  const isFirst = version === '5.9' && resolution === 'nodenext';
  const compilerOptions = {
    ...{
      ...options,
      moduleResolution: resolution,
      target: 'es2022',
      types: ['node'],
      rootDir: '.',
    },
    ...{ strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: !isFirst },
  };
  const files = projects.flatMap(({ folder }) =>
    kinds.map((kind) => join(folder, `trial.${kind}`)),
  );
  writeFileSync(join(scratch, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  await run('node', [join(scratch, `node_modules/typescript-${version}/bin/tsc`), '-p', scratch]);
}

/** Makes a runtime ready, and answers how to run a project on it. */
async function runtime(scratch, name, tarballs) {
  if (name === 'node') {
    return (project) => runBoth(process.execPath, [], project);
  }
  const folder = join(scratch, 'runtimes', name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  if (name === 'workerd') {
    return workerd(folder, scratch, tarballs);
  }
  await install(folder, [name], []);
  const binary = join(folder, 'node_modules/.bin', name.split('@')[0]);
  await run(binary, ['--version']);
  const args = name === 'deno' ? ['run', '-A', '--no-remote', '--node-modules-dir=manual'] : [];
  return (project) => runBoth(binary, args, project);
}

async function runBoth(command, args, { folder }) {
  for (const file of ['run.mjs', 'run.cjs']) {
    await run(command, [...args, file], { cwd: folder });
  }
}
