import { KindeError } from '@kindling/core';
import { afterEach, expect, test, vi } from 'vitest';
import { createStderr } from '../../src/diagnostics/stderr.js';

afterEach(() => {
  vi.restoreAllMocks();
});

const causeOf = (cause: unknown) => new KindeError('hook_failed', 'no', { cause }).cause as Error;

test('LK-05 the words of a cause are one line without escapes, and no more than a line', () => {
  const name = `Ada\u001b[2J\r\n    at forged (line:1:1)\n    at ${'x'.repeat(999)}`;
  const { message, stack } = causeOf(new Error(`No plan for ${name}`));
  expect(message).toMatch(/^No plan for Ada \[2J {5}at forged \P{Cc}*$/u);
  const [first, second] = stack!.split('\n');
  expect(first).toBe(`Error: ${message}`);
  expect(second).toContain('causes.test.ts');
  expect(stack).not.toContain('x'.repeat(200));
});

test('a system error is printed once, whatever file or key it names', () => {
  const print = createStderr();
  const printed = vi.spyOn(console, 'error').mockImplementation(() => {});
  for (const file of ['one', 'two']) {
    const cause = Object.assign(new Error(`no space left, open '${file}'`), { code: 'ENOSPC' });
    print(new KindeError('store_unavailable', 'no', { reason: 'ENOSPC', cause }));
  }
  expect(printed).toHaveBeenCalledOnce();
});
