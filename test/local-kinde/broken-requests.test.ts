import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from '@kindling/emulator/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  BROKEN,
  brokenSeed,
  SITE,
  type Sender,
} from '../../packages/emulator/test/broken-requests.js';
import { createProject, start, type Started } from '../kit/local-kinde.js';

type Control = ReturnType<typeof connect>;

/** A local Kinde in a process of its own, as an app and a developer reach it. */
interface Reached {
  readonly kinde: Started;
  readonly control: Control;
  readonly sender: Sender;
  /** Text of a page of its dashboard, for a browser that opened it by its link. */
  read(path: string): Promise<string>;
}

async function reach(kinde: Started): Promise<Reached> {
  const control = connect({ url: kinde.url, token: kinde.token() });
  const { url } = await control.dashboardLink();
  const opened = await fetch(url, { redirect: 'manual' });
  const [cookie = ''] = (opened.headers.get('set-cookie') ?? '').split(';');
  return {
    kinde,
    control,
    sender: {
      issuer: kinde.url,
      fetch: (path, init) => fetch(kinde.url + path, { redirect: 'manual', ...init }),
      async signIn(path) {
        const signedIn = await control.signIn({
          url: kinde.url + path,
          person: 'grace@example.com',
        });
        return new URL(signedIn.location);
      },
      advance: async (seconds) => void (await control.setClock({ advance: seconds })),
    },
    read: async (path) =>
      seen(await (await fetch(kinde.url + path, { headers: { cookie } })).text()),
  };
}

/** Text of a page as a reader sees it. */
function seen(page: string): string {
  return page
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}

/** The sign-in whose first finding that is wrong has this id. */
async function explained({ control }: Reached, id: string) {
  const flows = await control.flows({});
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
  const reached: Reached[] = [];
  beforeAll(async () => {
    for (const { folder } of projects) {
      writeFileSync(join(folder, 'kinde.seed.json'), JSON.stringify(brokenSeed));
    }
    const started = await Promise.all(
      projects.map(({ folder }, index) => start(folder, ['--site', SITE], { json: index === 0 })),
    );
    reached.push(...(await Promise.all(started.map(reach))));
  }, 60_000);
  afterAll(async () => {
    await Promise.all(reached.map(({ kinde }) => kinde.stop()));
    projects.forEach(({ remove }) => remove());
  });

  test('and there are 40 of them and more', () => {
    expect(BROKEN.length).toBeGreaterThanOrEqual(40);
  });

  test.each(BROKEN)(
    '$name',
    async ({ finding, send }) => {
      const [toPrograms, toPeople] = reached as [Reached, Reached];
      for (const one of reached) {
        await one.control.reset();
        await send(one.sender);
        const { flow, verdict } = await explained(one, finding);
        expect((await one.control.flow(flow.id)).findings).toContainEqual(verdict);
        expect(await one.read(`/emulator/sign-ins/${flow.id}`)).toContain(verdict.says);
        const isTold = () =>
          one === toPrograms
            ? hasEntry(one.kinde.lines, flow.id, verdict.says)
            : hasLine(toPeople.kinde.errors, flow.id, verdict.says);
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
