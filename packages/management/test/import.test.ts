import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEmulator, type Emulator } from '@kindling/emulator';
import { managementFromEnv, type Management } from '@kindling/management';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  importUsers,
  type ImportedPerson,
  type Progress,
} from '../../../apps/import-users/src/index.js';
import { readPeople } from '../../../apps/import-users/src/read.js';
import { createProgressLine } from '../../../apps/import-users/src/terminal.js';
import { json, reset, status } from '../../../test/kit/management.js';

const USER = '/api/v1/user';
const USERS = '/api/v1/users';
const AT_ONCE = { 'retry-after': '0' };

let emulator: Emulator;
let management: Management;
beforeEach(async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  emulator = await createEmulator({
    strict: true,
    seed: { permissions: {}, roles: {}, flags: {} },
  });
  management = managementFromEnv(emulator.env, { fetch: emulator.fetch });
});
afterEach(() => {
  vi.restoreAllMocks();
});
const addresses = () => emulator.state.people.map(({ email }) => email);

function* crowd(size: number): Generator<ImportedPerson, void> {
  for (let number = 0; number < size; number += 1) {
    yield {
      email: `person${number}@example.com`,
      given_name: 'Person',
      family_name: String(number),
    };
  }
}

describe('an import', () => {
  /** Trouble before anything is done, after it was done, and without an answer. */
  const troubled = () => {
    const count = { posts: 0, gets: 0 };
    emulator.faults.always(USER, async (_request, next) => {
      const number = (count.posts += 1);
      if (number % 7 === 0) {
        return status(429, AT_ONCE)();
      }
      if (number % 11 === 0) {
        return status(503)();
      }
      const answer = await next();
      if (number % 13 === 0) {
        return status(503)();
      }
      return number % 17 === 0 ? reset() : answer;
    });
    emulator.faults.always(USERS, (_request, next) => {
      count.gets += 1;
      return count.gets % 5 === 0 ? status(503, AT_ONCE)() : next();
    });
    return count;
  };

  test('of ten thousand people, through rate limits, outages and lost answers, loses and doubles nobody', async () => {
    const count = troubled();
    let read = 0;
    let ahead = 0;
    function* counted() {
      for (const person of crowd(10_000)) {
        read += 1;
        yield person;
      }
    }
    const seen: Progress[] = [];
    const failed: ImportedPerson[] = [];
    const result = await importUsers(management, counted(), {
      onFailure: (person) => void failed.push(person),
      onProgress(progress) {
        ahead = Math.max(ahead, read - progress.done);
        if (progress.done % 1000 === 0) {
          seen.push(progress);
        }
      },
    });
    expect(result).toEqual({
      done: 10_000,
      created: 10_000 - failed.length,
      existing: 0,
      failed: failed.length,
    });
    // Whoever had bad luck every time is named, and the next run has them.
    emulator.faults.clear();
    await importUsers(management, failed);
    expect(failed.length).toBeLessThan(10);
    expect([emulator.state.people.length, new Set(addresses()).size, seen.length]).toEqual([
      10_000, 10_000, 10,
    ]);
    expect([ahead <= 8, count.posts > 12_000, count.gets > 2_000]).toEqual([true, true, true]);
  }, 300_000);

  test('can run again: whoever is there is counted, not changed, also when two lines have the same address', async () => {
    const first = await importUsers(management, [...crowd(20), ...crowd(5)]);
    expect(first).toEqual({ done: 25, created: 20, existing: 5, failed: 0 });
    expect(await importUsers(management, crowd(20))).toEqual({
      done: 20,
      created: 0,
      existing: 20,
      failed: 0,
    });
    expect(emulator.state.people).toHaveLength(20);
  });

  test('goes on without those who are refused or remain in doubt, and names them', async () => {
    const failures: string[] = [];
    emulator.faults.always(USER, async (request, next) =>
      (await request.clone().text()).includes('person3@') ? status(503)() : next(),
    );
    const people = [...crowd(5), { email: 'nobody' }];
    const result = await importUsers(management, people, {
      onFailure: ({ email }) => void failures.push(email),
    });
    expect([result, failures.sort()]).toEqual([
      { done: 6, created: 4, existing: 0, failed: 2 },
      ['nobody', 'person3@example.com'],
    ]);
  });

  test('waits as long as Kinde asks, also when that is longer than one call waits', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    let posts = 0;
    emulator.faults.always(USER, (_request, next) => {
      posts += 1;
      return posts <= 4
        ? status(429, posts === 1 ? { 'ratelimit-reset': '0.05' } : AT_ONCE)()
        : next();
    });
    expect(await importUsers(management, crowd(1))).toMatchObject({ created: 1, failed: 0 });
    expect(posts).toBe(5);
    vi.useRealTimers();
  });

  test('stops at once for what concerns everybody, and when it is told to', async () => {
    let read = 0;
    function* endless() {
      for (;;) {
        yield { email: `person${(read += 1)}@example.com` };
      }
    }
    emulator.faults.always('/oauth2/token', json({ error: 'invalid_client' }, { status: 401 }));
    await expect(importUsers(management, endless())).rejects.toMatchObject({
      code: 'token_refused',
    });
    emulator.faults.clear();
    const controller = new AbortController();
    const stopped = importUsers(management, endless(), {
      signal: controller.signal,
      onProgress: ({ done }) => done === 10 && controller.abort(new Error('enough')),
    });
    await expect(stopped).rejects.toThrow('enough');
    expect(read).toBeLessThan(50);
  });
});

describe('a file of people', () => {
  const folder = mkdtempSync(join(tmpdir(), 'import-users-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const all = async (path: string) => {
    const people: ImportedPerson[] = [];
    for await (const person of readPeople(path)) {
      people.push(person);
    }
    return people;
  };

  test('has a person on each line, as JSON or as CSV', async () => {
    const ada = { email: 'ada@example.com', given_name: 'Ada', family_name: 'Lovelace, Countess' };
    const lines = `${JSON.stringify({ ...ada, error: 'from the last time' })}\r\n\n{"email":"grace@example.com"}`;
    expect(await all(file('a.ndjson', lines))).toEqual([ada, { email: 'grace@example.com' }]);
    const rows =
      '\ufeffemail,given_name,family_name,team\nada@example.com,Ada,"Lovelace, Countess",x\ngrace@example.com,,,\n';
    expect(await all(file('a.csv', rows))).toEqual([ada, { email: 'grace@example.com' }]);
  });

  test.each([
    'nothing',
    '{"email":7}',
    '{"given_name":"Ada"}',
    '[]',
    'null',
    '{"email":"a@b.c","given_name":{}}',
  ])('with a line that is nobody says which: %s', async (line) => {
    await expect(all(file('b.ndjson', `{"email":"ada@example.com"}\n${line}\n`))).rejects.toThrow(
      'person 2',
    );
  });

  test('is imported on the command line, with a line of progress and those who failed on standard output', async () => {
    const { url } = await emulator.listen({ port: 0 });
    const people = file('c.ndjson', '{"email":"ada@example.com"}\n{"email":"nobody"}\n');
    const { stdout, stderr, code } = await new Promise<{
      stdout: string;
      stderr: string;
      code: unknown;
    }>((resolve) =>
      execFile(
        process.execPath,
        ['--import', 'tsx', 'src/main.ts', people],
        {
          cwd: 'apps/import-users',
          env: { ...process.env, ...emulator.env, KINDE_ISSUER_URL: url },
        },
        (error, stdout, stderr) => resolve({ stdout, stderr, code: error?.code ?? 0 }),
      ),
    );
    await emulator.close();
    expect([code, JSON.parse(stdout)]).toMatchObject([1, { email: 'nobody' }]);
    expect(stderr).toContain('2 people: 1 created, 0 there already, 1 failed');
    expect(addresses()).toEqual(['ada@example.com']);
  });
});

describe('progress', () => {
  const progress = (done: number): Progress => ({ done, created: done, existing: 0, failed: 0 });
  test('is one line that changes in a terminal, at most ten times a second, and a line for a thousand elsewhere', () => {
    const written: string[] = [];
    let now = 0;
    const terminal = { isTTY: true, write: (text: string) => void written.push(text) };
    const line = createProgressLine(terminal, () => now);
    for (let done = 1; done <= 100; done += 1) {
      now += 20;
      line.show(progress(done));
    }
    line.end(progress(100));
    expect(written).toHaveLength(21);
    expect(written.at(-1)).toBe(
      '\r\u001b[K100 people: 100 created, 0 there already, 0 failed (50 a second)\n',
    );
    written.length = 0;
    const log = createProgressLine({ write: terminal.write }, () => now);
    for (let done = 1; done <= 2500; done += 1) {
      log.show(progress(done));
    }
    expect(written).toHaveLength(2);
  });
});
