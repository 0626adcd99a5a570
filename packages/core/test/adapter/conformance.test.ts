import { createEmulator } from '@kindling/emulator';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { SITE } from '../../../../test/kit/apps.js';
import { moduleOf, snippetsOf, written } from '../../../../test/kit/snippets.js';
import { createSubject } from '../../../../test/kit/subject.js';
import { adapterConformance, type AdapterCheck } from '../../src/adapter/conformance.js';
import { nodeAppStarter, type NodeAdapter } from './node-app.js';
import { startWebApp } from './web-app.js';

const emulator = await createEmulator({ strict: true, siteUrl: SITE });
const shown = snippetsOf('docs/how-to/write-an-adapter.md').find(({ code }) =>
  code.includes('export function adapter'),
);
const { files, remove } = written('snippets-adapter', [moduleOf(shown!)]);
const { adapter } = (await import(files[0]!)) as { adapter: NodeAdapter };
afterAll(remove);
afterEach(() => void vi.useRealTimers());

/** Routes that these apps do not have: both adapters await, and neither has routers that are mounted in others. */
const missing: readonly (string | undefined)[] = ['/at-once', '/nested/private'];
const isMissing = ({ needs }: AdapterCheck) => missing.includes(needs);
const possible = adapterConformance.filter((check) => !isMissing(check));
const impossible = adapterConformance.filter(isMissing);

describe.each([
  ['for Node, as its page shows it,', nodeAppStarter(adapter)],
  ['from Request to Response', startWebApp],
] as const)('an adapter %s', (_, start) => {
  const subject = createSubject(emulator, start);

  for (const { name, run } of possible) {
    test(`passes: ${name}`, () => run(subject));
  }

  for (const { name, needs, run } of impossible) {
    test(`is told which route it lacks for: ${name}`, async () => {
      await expect(run(subject)).rejects.toThrow(`The app has no ${needs}, which “${name}” needs.`);
    });
  }
});
