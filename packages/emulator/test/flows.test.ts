import { describe, expect, test } from 'vitest';
import { signInContent } from '../src/dashboard/sign-in.js';
import { signInText } from '../src/dashboard/sign-in-text.js';
import { findingsOf, ROWS, verdictOf } from '../src/findings/findings.js';
import type { Flow } from '../src/flows/flow.js';
import { createEmulator, type Emulator } from '../src/index.js';
import { BROKEN, brokenSeed, CLIENTS, SITE, senderOf } from './broken-requests.js';

async function createBroken(): Promise<Emulator> {
  return createEmulator({ seed: brokenSeed, siteUrl: SITE });
}

/** The flow whose verdict has this id. */
function explained({ flows, state }: Emulator, id: string): Flow | undefined {
  return flows.list().find((flow) => verdictOf(flow, state)?.id === id);
}

/** Text of a page as a reader sees it. */
function seen(content: unknown): string {
  return String(content)
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}

describe('a broken request names its cause', () => {
  test.each(BROKEN)('$name', async ({ finding, send }) => {
    const emulator = await createBroken();
    await send(senderOf(emulator));
    const flow = explained(emulator, finding);
    const all = emulator.flows.list().map((one) => verdictOf(one, emulator.state)?.id);
    expect(flow, `verdicts: ${all.join(', ')}`).toBeDefined();
    const verdict = verdictOf(flow!, emulator.state)!;
    expect(seen(await signInContent(flow!, emulator))).toContain(verdict.says);
    expect(signInText(flow!, emulator)).toContain(verdict.says);
    const steps = emulator.state.journal.after(0).filter(({ kind }) => kind === 'step');
    const told = steps.some((entry) => 'text' in entry && entry.text.includes(verdict.says));
    // Nothing comes in when nobody exchanges a code: only who looks later sees it.
    expect(told).toBe(finding !== 'callback.never-exchanged');
  });
});
