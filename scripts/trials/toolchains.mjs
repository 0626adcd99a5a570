// Tries the tools with which people compile, test and bundle, and holds the table of the how-to page to the results.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root, run } from '../workspace.mjs';
import { install } from './npm.mjs';

const PAGE = 'docs/how-to/toolchains.md';
const OURS = ['claims', 'core', 'emulator', 'express', 'management'].map(
  (name) => `@kindling/${name}`,
);
const TOOLS = [
  ...['express@5', '@types/express@5', '@types/node@20', '@types/jest@30'],
  ...['typescript@5.9', 'typescript-6.0@npm:typescript@6.0', 'typescript-7.0@npm:typescript@7.0'],
  ...['ts-node@10', 'tsx@4', 'esbuild@0.27', 'webpack@5', 'webpack-cli@6', 'ts-loader@9'],
  ...['vitest@4.1.12', 'jest@30', 'ts-jest@29'],
];
/** The first line of Node on which Jest requires ES modules. */
const NODE_24 = 'node@24';

const WORKS = 'works';
const GREETING = 'Hello Ada, true, GET /api/v1/permissions';
const COMPILERS = { 5.9: 'typescript', '6.0': 'typescript-6.0', '7.0': 'typescript-7.0' };
const STRICT = {
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  esModuleInterop: true,
};
const OPTIONS = {
  target: 'es2022',
  lib: ['es2023'],
  types: ['node', 'jest'],
  rootDir: '.',
  outDir: 'out',
  ...STRICT,
};
const NODE10 = { module: 'commonjs', moduleResolution: 'node10' };
const NODE16 = [{ module: 'node16' }, { module: 'node18' }];
const BUNDLER = { module: 'esnext', moduleResolution: 'bundler' };
const VM_MODULES = '--experimental-vm-modules';
/** Jest's configuration for tests in TypeScript, as its own documentation has it. */
const TS_JEST = { testEnvironment: 'node', transform: { '^.+\\.ts$': ['ts-jest', {}] } };
const TS_JEST_MODULES = {
  ...{ testEnvironment: 'node', extensionsToTreatAsEsm: ['.ts'] },
  transform: { '^.+\\.ts$': ['ts-jest', { useESM: true, tsconfig: { ...OPTIONS, ...BUNDLER } }] },
};

/** What the page's table says of each tool, and how that is tried in an empty folder. */
const rows = [
  row('TypeScript 5.9, 6.0 and 7.0, `module: nodenext`', WORKS, [
    compile({ options: { module: 'nodenext' } }),
    compile({ options: { module: 'nodenext' }, type: 'module' }),
  ]),
  row('TypeScript 5.9, 6.0 and 7.0, `module: node20`', WORKS, [
    compile({ options: { module: 'node20' } }),
    compile({ options: { module: 'node20' }, type: 'module' }),
  ]),
  row('TypeScript 5.9, 6.0 and 7.0, `moduleResolution: bundler`', WORKS, [
    compile({ options: BUNDLER, type: 'module' }),
  ]),
  row('TypeScript 5.9 and 6.0, `moduleResolution: node10`', WORKS, [
    compile({ versions: ['5.9'], options: NODE10 }),
    compile({ versions: ['6.0'], options: { ...NODE10, ignoreDeprecations: '6.0' } }),
  ]),
  row('TypeScript 7.0, `moduleResolution: node10`', 'TS5108', [
    compile({ versions: ['7.0'], options: NODE10 }),
  ]),
  row(
    'TypeScript 5.9, 6.0 and 7.0, `module: node16` or `node18`',
    WORKS,
    NODE16.map((options) => compile({ options, type: 'module' })),
  ),
  row(
    'TypeScript 5.9, 6.0 and 7.0, `module: node16` or `node18`, CommonJS',
    'TS1479',
    NODE16.flatMap((options) =>
      Object.keys(COMPILERS).map((version) => compile({ versions: [version], options })),
    ),
  ),
  row('ts-node 10, CommonJS', WORKS, [greet(['-r', 'ts-node/register', 'main.cjs'])]),
  row('tsx 4', WORKS, [
    greet(['--import', 'tsx', 'main.cjs']),
    greet(['--import', 'tsx', 'main.mjs'], 'module'),
  ]),
  row('esbuild 0.27, `--format=cjs`', WORKS, [bundle([]), bundle(['--packages=external'])]),
  row("webpack 5, `target: 'node'`", WORKS, [pack]),
  row('Vitest 4', WORKS, [test({ runner: ['vitest/vitest.mjs', 'run', '--globals'] })]),
  row('Jest 30, ES modules', WORKS, [
    test({ config: jsonConfig(TS_JEST_MODULES), flags: [VM_MODULES] }),
  ]),
  row('Jest 30, CommonJS', 'Must use import to load ES Module', [
    test({ config: jsonConfig(TS_JEST) }),
    test({ config: jsonConfig(TS_JEST), isNode24: true }),
  ]),
  row('Jest 30, CommonJS, transformed', WORKS, [test({ config: pageConfig })]),
  row('Jest 30, CommonJS, Node 24.9 or later', WORKS, [
    test({ config: jsonConfig(TS_JEST), isNode24: true, flags: [VM_MODULES] }),
  ]),
];

function row(tool, result, attempts) {
  return { tool, result, attempts };
}

/** Every row of the page stands for one here, in this order, with the same result. */
export function checkPage(text = readFileSync(join(root, PAGE), 'utf8')) {
  const lines = text.match(/^\| .*$/gm).slice(2);
  const shown = lines.map((line) => line.split('|').map((cell) => cell.trim()));
  const said = shown.map(([, tool, result]) => `${tool}: ${result.replaceAll('`', '')}`);
  const meant = rows.map(({ tool, result }) => `${tool}: ${result}`);
  const different = meant.findIndex((one, index) => one !== said[index]);
  if (different >= 0) {
    throw new Error(`${PAGE} says\n  ${said[different]}\nand not\n  ${meant[different]}`);
  }
  if (said.length > meant.length) {
    throw new Error(`Nobody tries what ${PAGE} says: ${said[meant.length]}`);
  }
}

/** Installs the packages and the tools, and answers how to try each row. */
export async function toolchains(folder, tarballs) {
  const overrides = Object.fromEntries(OURS.map((name) => [name, `file:${tarballs.get(name)}`]));
  const { '@kindling/claims': _, '@kindling/core': __, ...dependencies } = overrides;
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ private: true, dependencies, overrides }),
  );
  await install(folder, TOOLS);
  mkdirSync(join(folder, 'node-24'));
  writeFileSync(join(folder, 'node-24/package.json'), '{ "private": true }');
  await install(join(folder, 'node-24'), [NODE_24], []);
  return rows.map(({ tool, result, attempts }, index) => ({
    title: `${tool}: ${result}`,
    async attempt() {
      for (const [number, work] of attempts.entries()) {
        const place = join(folder, `row-${index}-${number}`);
        const failure = await work(place).then(
          () => undefined,
          (error) => error.message,
        );
        const isAsSaid = result === WORKS ? failure === undefined : failure?.includes(result);
        if (!isAsSaid) {
          throw new Error(failure ?? `It works, and ${PAGE} says that it does not.`);
        }
      }
    },
  }));
}

/** A project with the app and two ways to start it. TypeScript is told to compile it as for older CommonJS projects. */
function makeProject(folder, { type = 'commonjs', options = NODE10 } = {}) {
  mkdirSync(folder);
  cpSync(join(root, 'scripts/trials/toolchain.ts'), join(folder, 'app.ts'));
  const files = {
    'package.json': JSON.stringify({ private: true, type }),
    'tsconfig.json': JSON.stringify({
      compilerOptions: { ...OPTIONS, ...options },
      files: ['app.ts'],
    }),
    'main.cjs': "require('./app').greet().then(console.log);\n",
    'main.mjs': "import { greet } from './app.ts';\nconsole.log(await greet());\n",
  };
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, name), content);
  }
}

/** Compiles with each version, and runs what comes out. */
function compile({ versions = Object.keys(COMPILERS), options, type }) {
  return async (folder) => {
    makeProject(folder, { type, options });
    for (const version of versions) {
      const compiler = join(dirname(folder), 'node_modules', COMPILERS[version], 'bin/tsc');
      await run('node', [compiler, '-p', folder]);
      await mustGreet(folder, [
        '-e',
        "import('./out/app.js').then(({ greet }) => greet()).then(console.log)",
      ]);
    }
  };
}

function greet(args, type) {
  return async (folder) => {
    makeProject(folder, { type });
    await mustGreet(folder, args);
  };
}

async function mustGreet(folder, args) {
  const printed = await run('node', args, { cwd: folder });
  if (!printed.includes(GREETING)) {
    throw new Error(`node ${args.join(' ')} printed ${printed}`);
  }
}

function bundle(args) {
  return async (folder) => {
    makeProject(folder);
    const options = [
      '--bundle',
      '--platform=node',
      '--format=cjs',
      '--outfile=out.cjs',
      '--log-level=error',
      ...args,
    ];
    await run(join(dirname(folder), 'node_modules/.bin/esbuild'), ['main.cjs', ...options], {
      cwd: folder,
    });
    await mustGreet(folder, ['out.cjs']);
  };
}

async function pack(folder) {
  makeProject(folder);
  const config = `module.exports = {
  mode: 'production',
  target: 'node',
  entry: './main.cjs',
  resolve: { extensions: ['.ts', '.js'] },
  module: { rules: [{ test: /\\.ts$/, loader: 'ts-loader' }] },
  output: { path: __dirname + '/out', filename: 'main.js' },
};
`;
  writeFileSync(join(folder, 'webpack.config.js'), config);
  await run(join(dirname(folder), 'node_modules/.bin/webpack'), [], { cwd: folder });
  await mustGreet(folder, ['out/main.js']);
}

/** A test that signs Ada in. */
function test({ runner = ['jest/bin/jest.js'], config = () => {}, flags = [], isNode24 = false }) {
  return async (folder) => {
    makeProject(folder);
    const code = `import { greet } from './app';\ntest('greets', async () => expect(await greet()).toBe('${GREETING}'));\n`;
    writeFileSync(join(folder, 'app.test.ts'), code);
    config(folder);
    const [file, ...args] = runner;
    const node = isNode24 ? join(dirname(folder), 'node-24/node_modules/.bin/node') : 'node';
    await run(node, [...flags, join(dirname(folder), 'node_modules', file), ...args], {
      cwd: folder,
    });
  };
}

function jsonConfig(config) {
  return (folder) => writeFileSync(join(folder, 'jest.config.json'), JSON.stringify(config));
}

/** The configuration that the page recommends. */
function pageConfig(folder) {
  const code = /^```ts\n(\/\/ jest\.config\.mjs\n[^]*?)^```$/m.exec(
    readFileSync(join(root, PAGE), 'utf8'),
  )?.[1];
  if (!code) {
    throw new Error(`${PAGE} shows no jest.config.mjs.`);
  }
  writeFileSync(join(folder, 'jest.config.mjs'), code);
}
