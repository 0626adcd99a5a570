import { execFileSync } from 'node:child_process';
import { createEmulator, type Emulator } from '@kindling/emulator';
import { parseFlag } from '@kindling/management';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { problemsOf, snippetsOf, written } from './kit/snippets.js';

/** The snippets of a page are one program, in their order. */
const programs = ['docs/how-to/management.md', 'packages/management/README.md'].map((page) => {
  const snippets = snippetsOf(page);
  const lines = snippets.flatMap(({ code }) => code.split('\n'));
  const isImport = (line: string) => line.startsWith('import ');
  const code = [...lines.filter(isImport), ...lines.filter((line) => !isImport(line))].join('\n');
  return { page, code, count: snippets.length };
});
const { files, remove } = written(
  'snippets-management',
  programs.map(({ code }) => code),
);
const pages = programs.map(({ page, count }, index) => ({ page, count, file: files[index]! }));

let emulator: Emulator;
beforeAll(async () => {
  emulator = await createEmulator();
  for (const [name, value] of Object.entries(emulator.env)) {
    vi.stubEnv(name, value);
  }
  vi.stubGlobal('fetch', emulator.fetch);
});
afterAll(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  remove();
});

test('every snippet of the pages compiles', () => {
  expect(pages.every(({ count }) => count > 0) && pages[0]!.count > 10).toBe(true);
  expect(problemsOf(files, { noUnusedLocals: false })).toEqual([]);
}, 60_000);

describe('the pages run against a local Kinde', () => {
  test.each(pages)('$page', async ({ file }) => {
    const printed: unknown[] = [];
    vi.spyOn(console, 'log').mockImplementation((...args) => void printed.push(args));
    const before = {
      people: emulator.state.people.length,
      organizations: Object.keys(emulator.state.organizations),
    };
    await import(file);
    expect(emulator.state.people).toHaveLength(before.people);
    expect(Object.keys(emulator.state.organizations)).toEqual(before.organizations);
    expect(printed.length).toBeGreaterThan(0);
    if (file.endsWith('0.ts')) {
      expect(printed).toContainEqual(['No such user']);
    }
  });
});

test('values of flags are read by their types, and what is none is nothing', () => {
  const values = [
    ['bool', 'true'],
    ['bool', 'false'],
    ['bool', 'yes'],
    ['int', '-5'],
    ['int', '5.5'],
    ['int', ''],
    ['str', 'false'],
  ] as const;
  expect(values.map(([type, value]) => parseFlag({ type, value }))).toEqual([
    true,
    false,
    undefined,
    -5,
    undefined,
    undefined,
    'false',
  ]);
});

test('the reference is what the contract says', () => {
  execFileSync(process.execPath, ['scripts/management-reference.mjs', '--check']);
}, 60_000);
