import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { functionsOf, read, stateOf } from './kit/sources.js';

/**
 * Which package may import which, beside `internal`, which lies below all of them. Leaves import nothing else of ours; only
 * tests and apps import the emulator.
 */
const packages: Record<string, readonly string[]> = {
  internal: [],
  claims: [],
  core: ['claims'],
  express: ['core'],
  fastify: ['core'],
  management: [],
  redis: [],
  postgres: [],
  // Listens to channels of core, by their names.
  opentelemetry: [],
  webhooks: [],
  // A tool above core: the only one that needs both.
  doctor: ['core', 'management'],
  // Only its contract: `@kindling/management/contract`.
  emulator: ['management'],
};

/**
 * A file may import only files of the rows below its own. Packages with folders have rooms instead, see rooms.test.ts.
 */
const files: Record<string, readonly string[]> = {
  internal: [
    'index',
    'tracing',
    'body builtin clock deadline development-key issuer nearest newest own retry-after signing-key',
  ],
  claims: [
    'index',
    'access drift',
    'permissions roles requirement',
    'flags organizations user scopes claims properties define',
    'read keys',
  ],
  express: ['index'],
  fastify: ['index'],
  management: [
    'index',
    'management',
    'list',
    'call',
    'contract/index',
    'contract/*',
    'contract/organization-settings contract/user-details',
    'contract/entities',
    'answer',
    'token request',
    'op',
    'schema http semaphore',
    'options wait',
    'events errors flag',
  ],
  redis: ['index', 'explain', 'client scripts'],
  postgres: ['index cli', 'store migration prune', 'explain', 'table'],
  opentelemetry: ['index', 'instrumentation', 'spans metrics', 'event'],
  webhooks: [
    'index',
    'webhooks',
    'report',
    'effects verify options body keys',
    'deliveries events errors http strength hash',
  ],
  doctor: [
    'index cli',
    'table',
    'diagnose',
    'checks/*',
    'checks/management checks/client checks/clock',
    'checks/discovery checks/cookies',
    'checks/environment',
    'ask describe options variables',
    'finding',
  ],
};

const LONGEST_FILE = 300;
const LONGEST_FUNCTION = 60;
const entryPoints = ['cli', 'server'];
/** Objects of which every request makes one (decision 14). */
const CLASSES: Record<string, readonly string[]> = {
  'core/caller/auth': ['Caller'],
  'core/adapter/node': ['Incoming', 'Outgoing', 'Replying'],
};

test('every package is in the diagram', () => {
  const folders = readdirSync('packages').filter((name) =>
    existsSync(`packages/${name}/package.json`),
  );
  expect(folders.sort()).toEqual(Object.keys(packages).sort());
});

describe.each(Object.keys(packages))('%s', (name) => {
  const sources = read(`packages/${name}/src`);
  test('imports only packages below it, and declares them', () => {
    const {
      dependencies = {},
      peerDependencies = {},
      devDependencies = {},
    } = JSON.parse(readFileSync(`packages/${name}/package.json`, 'utf8'));
    for (const source of sources) {
      for (const from of source.imports.filter(
        (path) => !path.startsWith('.') && !path.startsWith('node:'),
      )) {
        // Bundled into each package that uses it.
        if (from === '@kindling/internal') {
          expect(name).not.toBe('internal');
          expect(Object.keys(devDependencies)).toContain(from);
          continue;
        }
        const dependency = from
          .split('/')
          .slice(0, from.startsWith('@') ? 2 : 1)
          .join('/');
        expect(
          Object.keys({ ...dependencies, ...peerDependencies }),
          `${source.name} imports ${from}`,
        ).toContain(dependency);
        if (dependency.startsWith('@kindling/')) {
          expect(packages[name]).toContain(dependency.slice('@kindling/'.length));
        }
      }
    }
  });

  test('its files and functions are short', () => {
    for (const { name: file, text, tree } of sources) {
      expect(file).toMatch(/^([a-z]+(-[a-z]+)?\/)*[a-z]+(-[a-z]+)*$/);
      expect(text.split('\n').length - 1, `lines of ${file}`).toBeLessThanOrEqual(LONGEST_FILE);
      for (const { name: func, lines } of functionsOf(tree)) {
        expect(lines, `lines of ${func} in ${file}`).toBeLessThanOrEqual(LONGEST_FUNCTION);
      }
    }
  });

  test('it keeps no state in modules, prints nothing, and reads the environment in one place', () => {
    for (const { name: file, text, tree } of sources) {
      expect(stateOf(tree), `module state of ${file}`).toEqual([]);
      if (!entryPoints.includes(file) && file !== 'diagnostics/stderr') {
        expect(text, file).not.toMatch(/\bconsole\./);
      }
      if (!/^options$|^options\/env$/.test(file) && !entryPoints.includes(file)) {
        expect(text, file).not.toMatch(/process\.env/);
      }
      const classes = tree.statements.filter(ts.isClassDeclaration).map((node) => node.name?.text);
      const isErrors = file === 'errors';
      const allowed = isErrors
        ? [expect.stringMatching(/^Kinde\w*Error$/)]
        : (CLASSES[`${name}/${file}`] ?? []);
      expect(classes, `classes of ${file}`).toEqual(allowed);
      expect(text, file).not.toMatch(/\b(Manager|Service|Helper|Util|Base|Common)\b/);
    }
  });
});

describe.each(Object.keys(files))('%s', (name) => {
  const sources = read(`packages/${name}/src`);
  const rows = new Map(
    (files[name] ?? []).flatMap((row, index) =>
      row.split(' ').map((file) => [file, index] as const),
    ),
  );
  /** The row of a file; `folder/*` stands for the files of a folder that have no row of their own. */
  const rankOf = (file: string) => rows.get(file) ?? rows.get(`${dirname(file)}/*`);

  test('its files import only files below them', () => {
    const named = [...rows.keys()].filter((file) => !file.endsWith('*'));
    expect(sources.map((source) => source.name)).toEqual(expect.arrayContaining(named));
    for (const source of sources) {
      expect(rankOf(source.name), `the row of ${source.name}`).toBeDefined();
      for (const from of source.imports.filter((path) => path.startsWith('.'))) {
        const below = rankOf(join(dirname(source.name), from).replace(/\.js$/, ''));
        expect(below, `${source.name} imports ${from}`).toBeGreaterThan(rankOf(source.name)!);
      }
    }
  });
});

test('the private package imports nothing, and is never installed with another', () => {
  for (const { imports, name } of read('packages/internal/src')) {
    expect(
      imports.filter((path) => !path.startsWith('./')),
      name,
    ).toEqual([]);
  }
  for (const name of Object.keys(packages)) {
    const { dependencies = {}, peerDependencies = {} } = JSON.parse(
      readFileSync(`packages/${name}/package.json`, 'utf8'),
    );
    expect(Object.keys({ ...dependencies, ...peerDependencies })).not.toContain(
      '@kindling/internal',
    );
  }
});

test('EM-12 no package but the emulator itself mentions the emulator in its dependencies', () => {
  for (const name of Object.keys(packages).filter((one) => one !== 'emulator')) {
    const { dependencies = {}, peerDependencies = {} } = JSON.parse(
      readFileSync(`packages/${name}/package.json`, 'utf8'),
    );
    expect(Object.keys({ ...dependencies, ...peerDependencies })).not.toContain(
      '@kindling/emulator',
    );
  }
});

test('the design of the house is told where newcomers look', () => {
  for (const file of [
    'README.md',
    'ARCHITECTURE.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    'LICENSE',
  ]) {
    expect(existsSync(file), file).toBe(true);
  }
  expect(readFileSync('ARCHITECTURE.md', 'utf8').split('\n').length).toBeLessThanOrEqual(100);
});

test('every error code has a page that says what to do, and the list of attack cases is up to date', () => {
  const codes = [
    ...readFileSync('packages/core/src/errors.ts', 'utf8').matchAll(/^ {2}([a-z_]+): \d{3},$/gm),
  ].map((match) => match[1]!);
  expect(codes.length).toBeGreaterThan(30);
  const pagesOf = (of: readonly string[]) => [...of.map((code) => `${code}.md`), 'README.md'];
  expect(readdirSync('docs/errors').sort()).toEqual([...pagesOf(codes), 'management'].sort());
  const management = readFileSync('packages/management/src/errors.ts', 'utf8').matchAll(
    /^ {2}([a-z_]+): \d{3},$/gm,
  );
  expect(readdirSync('docs/errors/management').sort()).toEqual(
    pagesOf([...management].map(([, code]) => code!)).sort(),
  );
  execFileSync(process.execPath, ['scripts/attacks.mjs', '--check']);
});
