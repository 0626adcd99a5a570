import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

/** Scripts of a folder that has no types. */
const load = (file: string) => import(new URL(`../bench/lib/${file}.mjs`, import.meta.url).href);
const { chart } = (await load('chart')) as { chart(results: object): string };
const { report } = (await load('report')) as { report(results: object): string };
const { middle } = (await load('load')) as { middle(found: object[]): Record<string, unknown> };
const { goals } = (await load('goals')) as {
  goals(results: object): { goal: string; measured: string; met: boolean }[];
};
const read = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
const results = JSON.parse(read('bench/results.json')) as object;

describe('the fault run', () => {
  test('every fault that it makes is on the page of promises', async () => {
    const { BREAKAGES } = (await import(
      new URL('../bench/crew/breakages.mjs', import.meta.url).href
    )) as {
      BREAKAGES: Record<string, { promise: string }>;
    };
    const page = read('docs/explanation/faults.md');
    expect(Object.keys(BREAKAGES).length).toBeGreaterThan(15);
    for (const name of Object.keys(BREAKAGES)) {
      expect(page).toMatch(new RegExp(`^\\| ${name} +\\|`, 'm'));
    }
  });

  test.each(['soak', 'faults'])('what is asked of %s is checked before anything starts', (name) => {
    const ask = (...args: string[]) =>
      spawnSync(process.execPath, [`bench/${name}.mjs`, ...args], {
        encoding: 'utf8',
        timeout: 20_000,
      });
    for (const args of [
      ['--seconds', '0'],
      ['--people', '1'],
      ['--processes', '99'],
      ['--people', 'many'],
      ['--other'],
    ]) {
      const { status, stdout } = ask(...args);
      expect([status, stdout]).toEqual([1, '']);
    }
  });
});

describe('what the benchmark found', () => {
  test('the pages say what was measured, and nothing else', () => {
    expect(read('bench/RESULTS.md')).toBe(report(results));
    expect(read('bench/chart.svg')).toBe(chart(results));
  });

  test('the README shows the chart, and leads to the numbers', () => {
    const images = [...read('README.md').matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)].map(
      ([, file]) => file!,
    );
    expect(images).toContain('bench/chart.svg');
    for (const image of images) {
      expect(existsSync(new URL(`../${image}`, import.meta.url)), image).toBe(true);
    }
    expect(read('docs/explanation/performance.md')).toContain('../../bench/RESULTS.md');
  });

  test('a goal that was missed, or not measured, is not called met', () => {
    const about = (found: object, goal: RegExp) => goals(found).find((one) => goal.test(one.goal))!;
    const session = (ratio: number, starts?: number[]) => ({
      session: [
        { label: 'Kindling, cookie', on: 'fastify', ours: true, loads: { 1: { ratio, starts } } },
      ],
    });
    const one = /Fastify, 1 session/;
    expect(about(session(0.951), one)).toMatchObject({ measured: '0.95 (one start)', met: true });
    expect(about(session(0.94), one)).toMatchObject({ measured: '0.94 (one start)', met: false });
    const sizes = {
      session: [
        { label: 'Kindling, cookie', on: 'fastify', ours: true, cookie: 2_001, head: 2_600 },
      ],
    };
    expect(about(sizes, /session cookie/)).toMatchObject({ measured: '2,001 bytes', met: false });
    expect(about(sizes, /response header/)).toMatchObject({ measured: '2,600 bytes', met: true });
    expect(goals({}).every(({ met, measured }) => !met && measured === '–')).toBe(true);
    const stampede = (calls: number, failures: number) => ({
      stampede: [
        {
          label: 'Kindling, cookie',
          on: 'fastify',
          ours: true,
          1: { calls, failures },
          4: { failed: 'it stopped' },
        },
      ],
    });
    expect(about(stampede(1, 0), /one process/).met).toBe(true);
    expect(about(stampede(1, 1), /one process/).met).toBe(false);
    expect(about(stampede(2, 0), /one process/).met).toBe(false);
    expect(about(stampede(1, 0), /4 processes/)).toMatchObject({ measured: 'failed', met: false });
    const many = { person: '100 permissions, 10 organizations, 10 flags', lines: 3_801 };
    const packed = {
      pack: [
        { label: 'Kindling, beside', ...many, lines: 1 },
        { label: 'Kindling', ...many },
      ],
    };
    expect(about(packed, /100 permissions/)).toMatchObject({ measured: '3,801 bytes', met: false });
    const counts = { versions: { dependencies: { core: 3, emulator: 7 } } };
    expect(about(counts, /dependencies/)).toMatchObject({ measured: '3', met: true });
  });

  test('the median over the starts decides, and their range is told', () => {
    const found = [0.97, 0.9, 0.951].map((ratio) => ({
      ratio,
      wall: ratio,
      rate: 1,
      micros: 10 / ratio,
      bareMicros: 10,
    }));
    const load = middle(found);
    expect(load).toMatchObject({ ratio: 0.951, starts: [0.97, 0.9, 0.951], micros: 10 / 0.951 });
    const row = {
      label: 'Kindling, cookie',
      on: 'fastify',
      ours: true,
      loads: { 1: load },
      cookie: 1_700,
    };
    const goal = goals({ session: [row] }).find((one) => /Fastify, 1 session/.test(one.goal));
    expect(goal).toMatchObject({ measured: '0.95 (0.90–0.97)', met: true });
    const page = report({ ...results, session: [row] });
    expect(page).toContain('| Kindling, cookie | 0.95 (0.90–0.97) | – | – | 11 | 1,700 | – |');
    expect(page).toContain('Each is the median over 3 starts, in brackets its range.');
    expect(
      report({ ...results, session: [{ ...row, loads: { 1: { ...load, starts: undefined } } }] }),
    ).toContain('| Kindling, cookie | 0.95 | – | – | 11 | 1,700 | – |');
  });
});
