import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  BROKEN,
  brokenSeed,
  SITE,
  type Sender,
} from '../../packages/emulator/test/broken-requests.js';
import { createProject, start, type Started } from '../kit/local-kinde.js';

/** Sends to a local Kinde in a process of its own. */
function senderTo(kinde: Started): Sender {
  const { url, control } = kinde;
  return {
    issuer: url,
    fetch: (path, init) => fetch(url + path, { redirect: 'manual', ...init }),
    async signIn(path) {
      const { location } = await control().signIn({ url: url + path, person: 'grace@example.com' });
      return new URL(location);
    },
    advance: async (seconds) => void (await control().setClock({ advance: seconds })),
  };
}

/** The sign-in whose first finding that is wrong has this id. */
async function explained({ control }: Started, id: string) {
  const flows = await control().flows();
  const verdicts = flows.map(({ findings, ...flow }) => ({
    flow,
    verdict: findings.find(({ level }) => level === 'wrong'),
  }));
  const found = verdicts.find(({ verdict }) => verdict?.id === id);
  expect(found, `verdicts: ${verdicts.map(({ verdict }) => verdict?.id).join(', ')}`).toBeDefined();
  return { flow: found!.flow, verdict: found!.verdict! };
}

describe('a broken request names its cause', () => {
  const projects = [createProject(), createProject()];
  const started: Started[] = [];
  beforeAll(async () => {
    for (const { folder } of projects) {
      writeFileSync(join(folder, 'kinde.seed.json'), JSON.stringify(brokenSeed));
    }
    const starting = projects.map(({ folder }, index) =>
      start(folder, ['--site', SITE], { json: index === 0 }),
    );
    started.push(...(await Promise.all(starting)));
  }, 60_000);
  afterAll(async () => {
    await Promise.all(started.map((one) => one.stop()));
    projects.forEach(({ remove }) => remove());
  });

  test('and there are 40 of them and more', () => {
    expect(BROKEN.length).toBeGreaterThanOrEqual(40);
  });

  test.each(BROKEN)(
    '$name',
    async ({ finding, send }) => {
      for (const [index, one] of started.entries()) {
        await one.control().reset();
        await send(senderTo(one));
        const { flow, verdict } = await explained(one, finding);
        expect((await one.control().flow(flow.id)).findings).toContainEqual(verdict);
        expect(await one.read(`/emulator/sign-ins/${flow.id}`)).toContain(verdict.says);
        const isTold = () =>
          index === 0
            ? hasEntry(one.lines, flow.id, verdict.says)
            : hasLine(one.errors, flow.id, verdict.says);
        // Nothing comes in when nobody exchanges a code: only who looks later sees it.
        await expect.poll(isTold, { timeout: 20_000 }).toBe(finding !== 'callback.never-exchanged');
      }
    },
    60_000,
  );
});

function hasEntry(lines: readonly string[], id: string, says: string): boolean {
  const entries = lines.map((line) => JSON.parse(line) as Record<string, string>);
  return entries.some(
    ({ kind, flow, text = '' }) => kind === 'step' && flow === id && text.includes(says),
  );
}

/** The cause, and below it where to read more. */
function hasLine(lines: readonly string[], id: string, says: string): boolean {
  const plain = says.replaceAll(/\p{Cc}/gu, ' ');
  return lines.some(
    (line, index) =>
      line.includes(`failed: `) &&
      line.includes(plain) &&
      lines[index + 1]!.endsWith(`/emulator/sign-ins/${id}`),
  );
}
