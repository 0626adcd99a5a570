import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

/** Scripts of a folder that has no types. */
const load = (file: string) => import(new URL(`../bench/lib/${file}.mjs`, import.meta.url).href);
const { chart } = (await load('chart')) as { chart(results: object): string };
const { report } = (await load('report')) as { report(results: object): string };
const { goals } = (await load('goals')) as {
  goals(results: object): { goal: string; measured: string; met: boolean }[];
};
const read = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
const results = JSON.parse(read('bench/results.json')) as object;

describe('what the benchmark found', () => {
  test('the pages say what was measured, and nothing else', () => {
    expect(read('bench/RESULTS.md')).toBe(report(results));
    expect(read('bench/chart.svg')).toBe(chart(results));
  });

  test('the README shows the chart, and leads to the numbers', () => {
    const images = [...read('README.md').matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)].map(([, file]) => file!);
    expect(images).toContain('bench/chart.svg');
    for (const image of images) expect(existsSync(new URL(`../${image}`, import.meta.url)), image).toBe(true);
    expect(read('docs/explanation/performance.md')).toContain('../../bench/RESULTS.md');
  });

  test('a goal that was missed, or not measured, is not called met', () => {
    const about = (found: object, goal: RegExp) => goals(found).find((one) => goal.test(one.goal))!;
    const session = (ratio: number) => ({
      session: [{ label: 'Kindling, cookie', on: 'fastify', ours: true, loads: { 1: { ratio } } }],
    });
    expect(about(session(0.951), /Fastify, 1 session/)).toMatchObject({ measured: '0.95', met: true });
    expect(about(session(0.94), /Fastify, 1 session/)).toMatchObject({ measured: '0.94', met: false });
    expect(goals({}).every(({ met, measured }) => !met && measured === '–')).toBe(true);
    const stampede = (calls: number, failures: number) => ({
      stampede: [
        { label: 'Kindling, cookie', on: 'fastify', ours: true, 1: { calls, failures }, 4: { failed: 'it stopped' } },
      ],
    });
    expect(about(stampede(1, 0), /one process/).met).toBe(true);
    expect(about(stampede(1, 1), /one process/).met).toBe(false);
    expect(about(stampede(2, 0), /one process/).met).toBe(false);
    expect(about(stampede(1, 0), /4 processes/)).toMatchObject({ measured: 'failed', met: false });
    const counts = { versions: { dependencies: { core: 3, emulator: 7 } } };
    expect(about(counts, /dependencies/)).toMatchObject({ measured: '3', met: true });
  });
});
