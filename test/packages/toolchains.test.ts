import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const script = '../../scripts/trials/toolchains.mjs';
const { checkPage } = (await import(script)) as { checkPage(text: string): void };
const page = readFileSync('docs/how-to/toolchains.md', 'utf8');

test('FD-22 the page of toolchains says what `packages:try` tries, and nothing else', () => {
  expect(() => checkPage(page)).not.toThrow();
  expect(() => checkPage(page.replace('TS1479 ', 'works '))).toThrow(/node16.*TS1479/s);
  expect(() => checkPage(page.replace(/^\| tsx.*\n/m, ''))).toThrow(/tsx/);
  const more = '| a tool of nobody | works | |\n';
  expect(() => checkPage(page.replace(/^\| Jest 30, CommonJS, Node.*\n/m, `$&${more}`))).toThrow(
    /tool of nobody/,
  );
});
