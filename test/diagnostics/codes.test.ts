import { readFileSync } from 'node:fs';
import { createKinde, KindeError, type KindeErrorCode } from '@kindling/core';
import { createEmulator, type Emulator } from '@kindling/emulator';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { optionsFor, SITE } from '../kit/apps.js';
import type { Answer } from '../kit/http.js';
import { createFragileStore } from '../kit/shop.js';
import { CASES, type Case } from './kit/codes.js';
import { createSecrets, type Secrets } from './kit/secrets.js';
import {
  FRAMEWORKS,
  startSite,
  type Framework,
  type Line,
  type Sink,
  type Site,
} from './kit/site.js';
import { createVisitor, type Form } from './kit/visitor.js';

const PAGES = 'https://unpkg.com/@kindling/core/errors/';

/** Each way to log, with one of the ways to show an error. */
const RUNS: readonly { readonly sink: Sink; readonly form: Form }[] = [
  { sink: 'option', form: 'page' },
  { sink: 'framework', form: 'document' },
  { sink: 'stderr', form: 'page' },
];

test('every code has a row', () => {
  const source = readFileSync('packages/core/src/errors.ts', 'utf8');
  const table = /const STATUS = \{([^]*?)\n\}/.exec(source)![1]!;
  const codes = [...table.matchAll(/^ {2}(\w+): \d+,$/gm)].map(([, code]) => code!);
  expect(codes.length).toBeGreaterThan(30);
  expect([...new Set(CASES.map(({ code }) => code))].sort()).toEqual(codes.sort());
});

describe.each(FRAMEWORKS)('an error on %s', (framework) => {
  describe.each(RUNS)('logged by: $sink, shown as: $form', ({ sink, form }) => {
    let emulator: Emulator;
    let site: Site;
    beforeAll(async () => {
      emulator = await createEmulator({
        strict: true,
        siteUrl: SITE,
        issuer: 'https://acme.kinde.com',
      });
    });
    afterEach(async () => {
      vi.useRealTimers();
      vi.restoreAllMocks();
      emulator.faults.clear();
      await site.close();
    });
    afterAll(() => emulator.close());

    test.each(CASES)('LK-06 $code $of', async (row) => {
      const secrets = createSecrets(emulator);
      const store = createFragileStore();
      const { production = false } = row;
      const common = { timeout: 1, fetch: secrets.fetch, sink, production };
      site = await startSite(framework, emulator, { ...common, ...row.options?.(store) });
      const visitor = createVisitor(site, emulator, { form, secrets });
      const answer = await row.provoke({ site, emulator, visitor, store });
      expectEvents(row, site);
      expectLog(row, site, sink);
      expectShown(row, answer, framework);
      expectNoSecret(secrets, site, answer);
    });
  });
});

function expectEvents({ code, events }: Case, { told }: Site): void {
  const found = told.events.filter((event) => event.code === code);
  const apart = found.filter(({ during }) => !found.some(({ name }) => name === during));
  expect(apart.map(({ name }) => name)).toEqual(events);
  for (const { outcome } of apart) {
    expect(['refused', 'failed']).toContain(outcome);
  }
}

/** One line at most, by whoever logs here. */
function expectLog(row: Case, { told }: Site, sink: Sink): void {
  const { code, level, logged = code } = row;
  const warned = code === 'session_foreign' && sink !== 'option' ? told.warnings : [];
  expect(told.warnings).toEqual(warned);
  if (sink === 'stderr') {
    expect(told.printed.length).toBe(level === 'error' ? 1 : 0);
    told.printed.forEach((text) => expect(text).toContain(`${PAGES}${logged}.md`));
    return;
  }
  expect(told.printed).toEqual([]);
  if (level === undefined || warned.length > 0) {
    expect(told.lines).toEqual([]);
    warned.forEach((text) => expect(text).toContain(`${PAGES}${logged}.md`));
    return;
  }
  expect(told.lines.map(summaryOf)).toEqual([[level, logged, `${PAGES}${logged}.md`]]);
}

const summaryOf = ({ level, code, docs }: Line) => [level, code, docs];

/** A page or document of ours links the page about the error, but in production. */
function expectShown({ code, shownBy = 'kinde', production }: Case, answer: Answer, on: Framework) {
  if (shownBy === 'nobody') {
    return;
  }
  expect(answer.body, on).toContain(code);
  expect(answer.body.includes(`${PAGES}${code}.md`), on).toBe(!production);
}

/** Nothing secret is in anything that is told or shown; what browsers keep is in cookies alone. */
function expectNoSecret(secrets: Secrets, { told }: Site, answer: Answer): void {
  const { 'set-cookie': _, location: __, ...headers } = answer.headers;
  for (const shown of [told, answer.body, headers]) {
    expect(secrets.foundIn(shown)).toEqual([]);
  }
}

test('options that are wrong are told at start-up, with a link to their page', async () => {
  const emulator = await createEmulator({ strict: true, siteUrl: SITE });
  const start = () => createKinde(optionsFor(emulator, { secret: 'hunter2' }));
  expect(start).toThrow(expect.objectContaining({ code: 'config_invalid' }));
  const error = caught(start);
  expect(error.docs).toBe(`${PAGES}config_invalid.md`);
  expect(error.message).toContain('secret');
  expect(error.message).not.toContain('hunter2');
});

function caught(work: () => unknown): KindeError {
  try {
    work();
  } catch (error) {
    return error as KindeError;
  }
  throw new Error('nothing was thrown');
}

test('every code has the address of its page', () => {
  for (const { code } of CASES) {
    expect(new KindeError(code satisfies KindeErrorCode, '').docs).toBe(`${PAGES}${code}.md`);
    expect(readFileSync(`docs/errors/${code}.md`, 'utf8')).toContain(`# ${code}`);
  }
});
