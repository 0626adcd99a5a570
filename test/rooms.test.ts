import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { read, type Source } from './kit/sources.js';

/**
 * The rooms of a package, top to bottom, each with its main file. A room is a folder, or a file of `src`: its files may
 * import one another, without a circle (the linter's `import/no-cycle`), and the rooms below.
 */
const rooms: Record<string, Readonly<Record<string, string>>> = {
  core: {
    index: 'index',
    adapter: 'adapter/adapter',
    kinde: 'kinde',
    entrance: 'entrance/enter',
    context: 'context',
    logout: 'logout/logout',
    login: 'login/login',
    caller: 'caller/authenticate',
    session: 'session/session',
    revocations: 'revocations/revocations',
    cookies: 'cookies',
    oauth: 'oauth/client',
    options: 'options/options',
    cache: 'cache/single-flight',
    store: 'store/session-store',
    http: 'http/http',
    diagnostics: 'diagnostics/diagnostics',
    crypto: 'crypto/seal',
    runtime: 'runtime',
    errors: 'errors',
    clock: 'clock',
  },
  emulator: {
    index: 'index',
    cli: 'cli',
    client: 'client',
    environments: 'environments',
    emulator: 'emulator',
    'sign-in': 'sign-in',
    serve: 'serve',
    keep: 'keep/keep',
    'local-kinde': 'local-kinde',
    answer: 'answer',
    app: 'app',
    dashboard: 'dashboard/dashboard',
    control: 'control/control',
    findings: 'findings/findings',
    flows: 'flows/observe',
    faults: 'faults/faults',
    management: 'management/router',
    webhooks: 'webhooks/delivery',
    account: 'account/account-api',
    oauth: 'oauth/authorize',
    pages: 'pages/pages',
    env: 'env/variables',
    state: 'state/state',
    journal: 'journal/journal',
    identity: 'identity/identity',
    options: 'options',
    seed: 'seed/check-seed',
    clock: 'clock',
  },
};

/** Core's files that may import what is named, types aside. */
const ONLY: readonly (readonly [from: RegExp, files: RegExp])[] = [
  [/^oauth4webapi$/, /^oauth\/client$/],
  [/^node:/, /^(adapter\/(node|conformance)|runtime|store\/files)/],
];
/** Files that everybody imports. */
const FOR_ALL = ['errors', 'clock', 'http/http', 'store/session-store'];
const MOST_IMPORTERS = 12;

const architecture = readFileSync('ARCHITECTURE.md', 'utf8');
/** The text that lists the rooms of a package. */
const mapOf = (name: string) =>
  name === 'emulator' ? readFileSync('packages/emulator/ARCHITECTURE.md', 'utf8') : architecture;
const roomOf = (file: string) => file.split('/')[0]!;
const importsOf = ({ name, imports }: Source) =>
  imports
    .filter((path) => path.startsWith('.'))
    .map((path) => join(dirname(name), path).replace(/\.js$/, ''));

describe.each(Object.entries(rooms))('the rooms of %s', (name, mains) => {
  const order = Object.keys(mains);
  const sources = read(`packages/${name}/src`);

  test('are all there, and import only rooms below them', () => {
    expect(new Set(sources.map((source) => roomOf(source.name)))).toEqual(new Set(order));
    for (const source of sources) {
      const above = order.slice(0, order.indexOf(roomOf(source.name)));
      const used = importsOf(source).map(roomOf);
      expect(
        used.filter((room) => above.includes(room)),
        `imports of ${source.name}`,
      ).toEqual([]);
    }
  });

  test('say in their first line what they are for, as ARCHITECTURE does', () => {
    const table = tableAfter(mapOf(name), `## The rooms of ${name}`);
    const written = order
      .filter((room) => room !== 'index' && room !== 'cli')
      .map((room) => {
        const text = sources.find((source) => source.name === mains[room])?.text ?? '';
        return [`\`${room}\``, `\`${mains[room]}\``, text.split('\n', 1)[0]!.replace(/^\/\/ /, '')];
      });
    expect(table).toEqual(written);
  });

  test('have no barrels, and no file that most others lean on', () => {
    expect(sources.filter((source) => /\/index$/.test(source.name))).toEqual([]);
    for (const { name: file } of sources.filter((source) => !FOR_ALL.includes(source.name))) {
      const importers = sources.filter((source) => importsOf(source).includes(file));
      expect(importers.length, `importers of ${file}`).toBeLessThanOrEqual(
        name === 'core' ? MOST_IMPORTERS : Infinity,
      );
    }
  });
});

describe('core', () => {
  const sources = read('packages/core/src');

  test('speaks OAuth in one file, and to Node in few', () => {
    for (const { name, text } of sources) {
      const values = text.replace(/^import type [^;]*;$/gm, '');
      for (const [from, files] of ONLY) {
        const found = [...values.matchAll(/from '([^']+)'/g)].filter(([, path]) =>
          from.test(path!),
        );
        expect(found.length === 0 || files.test(name), `${name} imports ${from.source}`).toBe(true);
      }
    }
  });

  test('keeps what lives between requests in the context of each room', () => {
    const made = /\bcreate(SingleFlight|SharedSingleFlight|BoundedCache)[<(]/;
    for (const { name, text } of sources) {
      const mayKeep = /(^|\/)context$|^cache\/|^caller\/identity$/.test(name);
      expect(mayKeep || !made.test(text), `${name} makes a cache`).toBe(true);
    }
  });
});

test('ARCHITECTURE names files that exist where it says what to touch', () => {
  const rows = tableAfter(architecture, '## To add');
  expect(rows.length).toBeGreaterThanOrEqual(5);
  for (const [task, files = ''] of rows) {
    const paths = [...files.matchAll(/`([^`]+)`/g)].map(([, path]) => path!);
    expect(paths.length, task).toBeGreaterThan(0);
    for (const path of paths) {
      expect(existsSync(path), `${task}: ${path}`).toBe(true);
    }
  }
});

/** The cells of the first table behind a heading. */
function tableAfter(page: string, heading: string): string[][] {
  const [, section = ''] = page.split(`${heading}\n`);
  const lines = section.split('\n');
  const start = lines.findIndex((line) => line.startsWith('| -'));
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('|'));
  return lines.slice(start + 1, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}
