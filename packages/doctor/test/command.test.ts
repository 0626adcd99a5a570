import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { optionsFromEnv } from '@kindling/core';
import type { Report } from '@kindling/doctor';
import { createEmulator, defaultSeed, type Emulator } from '@kindling/emulator';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { OTHERS, SPELLINGS } from '../src/variables.js';
import { freePort } from '../../../test/kit/services.js';
import { problemsOf, snippetsOf, written } from '../../../test/kit/snippets.js';

const PAGE = 'docs/how-to/doctor.md';
const folder = mkdtempSync(join(tmpdir(), 'kindling-doctor-'));
const cli = join(folder, 'cli.mjs');

let emulator: Emulator;
/** Where no app runs. */
let site: string;
beforeAll(async () => {
  // As it is published: one file of JavaScript, run by Node alone.
  await build({
    entryPoints: ['packages/doctor/src/cli.ts'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: cli,
  });
  site = `http://localhost:${await freePort()}`;
  emulator = await createEmulator({ strict: true, siteUrl: site });
  await emulator.listen({ port: 0 });
});
afterAll(async () => {
  await emulator.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** The command in its folder, with nothing in its environment but this. Whatever it prints, no secret is among it. */
async function doctor(
  args: string[],
  env: Record<string, string> = { ...emulator.env },
): Promise<Run> {
  const run = await new Promise<Run>((resolve) => {
    execFile(process.execPath, [cli, ...args], { env, cwd: folder }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });
  for (const [name, value] of Object.entries(env)) {
    if (/SECRET/.test(name) && value) {
      expect(run.out + run.err).not.toContain(value);
    }
  }
  return run;
}

const file = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const tenant = JSON.stringify({
  permissions: defaultSeed.permissions,
  roles: defaultSeed.roles,
  flags: defaultSeed.flags,
});

describe('kindling-doctor', () => {
  test('says in a table that all is well, and exits with 0', async () => {
    const { code, out, err } = await doctor([
      '--tenant',
      file('tenant.mjs', `export const tenant = ${tenant};`),
    ]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^ok {7}client {8}Kinde knows the client and its secret\.$/m);
    expect(out).toMatch(/^ok {7}clock {9}The clocks agree/m);
    expect(out).toMatch(/^ok {7}drift {9}All 13 /m);
    expect(out).toMatch(/\n\n11 ok, 3 skipped\n$/);
  });

  test('says what failed and what to do about it, and exits with 1', async () => {
    const { code, out } = await doctor([], {
      ...emulator.env,
      KINDE_REDIRECT_URI: `${site}/back`,
    });
    expect(code).toBe(1);
    expect(out).toMatch(
      /^failed {3}callback-url {2}http:\/\/localhost:\d+\/back is not .*\n {23}→ Start the local Kinde/m,
    );
    expect(out).toMatch(/\n\n1 failed, 9 ok, 4 skipped\n$/);
  });

  test('writes JSON for CI, in both cases', async () => {
    const fine = await doctor(['--json']);
    const wrong = await doctor(['--json'], {});
    const report = JSON.parse(fine.out) as Report;
    const failure = JSON.parse(wrong.out) as Report;
    expect([fine.code, report.ok, wrong.code, failure.ok]).toEqual([0, true, 1, false]);
    expect(report.findings[0]).toEqual({
      check: 'process',
      outcome: 'ok',
      detail: expect.any(String),
    });
  });

  test('takes a default export, too', async () => {
    const { code, out } = await doctor([
      '--tenant',
      file('default.mjs', `export default ${tenant};`),
    ]);
    expect([code, out.includes('as declared')]).toEqual([0, true]);
  });

  const linesOf = (env: object) =>
    Object.entries(env)
      .map(([name, value]) => `${name}=${value}`)
      .join('\n');

  test('--env reads files: later ones win over earlier ones, and the environment over all', async () => {
    const first = file('first.env', linesOf(emulator.env));
    const second = file('second.env', 'KINDE_CLIENT_ID=second\nKINDE_SITE_URL=http://localhost:2');
    const { code, out } = await doctor(['--env', first, '--env', second], {
      KINDE_CLIENT_ID: emulator.env['KINDE_CLIENT_ID']!,
      KINDE_REDIRECT_URI: 'http://localhost:2/callback',
      KINDE_POST_LOGOUT_REDIRECT_URL: 'http://localhost:2',
    });
    expect(out).toMatch(/^skipped {2}site .*localhost:2 /m);
    expect(out).toContain('Kinde knows the client and its secret');
    expect(code).toBe(1);
  });

  test('a file that was not read is told, with how the doctor and the app read it', async () => {
    const unread = file('.env', linesOf(emulator.env));
    const { out } = await doctor([], {});
    rmSync(unread);
    expect(out).toMatch(
      /No KINDE_\* variable is set, but the file \.env .*\n.*--env \.env.*node --env-file=\.env/,
    );
  });

  test('colours are for terminals, and for those who ask for them', async () => {
    const escape = '\u001b[';
    expect((await doctor([])).out).not.toContain(escape);
    const forced = await doctor([], { ...emulator.env, FORCE_COLOR: '1' });
    expect(forced.out).toContain(`${escape}32mok     ${escape}39m  process`);
    const json = await doctor(['--json'], { ...emulator.env, FORCE_COLOR: '1' });
    expect(json.out).not.toContain(escape);
  });

  test('Postgres is not asked where the app has no driver for it', async () => {
    const { out } = await doctor([], { DATABASE_URL: 'postgres://localhost/todos' });
    expect(out).toMatch(/^skipped {2}postgres .*pg is not installed/m);
  });

  test.each([
    ['an option that there is not', ['--tenent', 'x'], /--tenent. Did you mean --tenant\?/],
    ['a longer name of an option', ['--environment', '.env'], /Did you mean --env\?/],
    ['a file without its option', ['.env'], /Unexpected argument \.env.*--env/],
    ['a file that is not there', ['--env', 'nowhere.env'], /--env nowhere\.env .* no such file/],
    ['a table that is none', ['--table', 'a b'], /table must be a name/],
    [
      'a module that is not there',
      ['--tenant', 'nowhere.mjs'],
      /nowhere\.mjs cannot be loaded: the module, or one that it imports, does not exist/,
    ],
    [
      'a module that exports something else',
      ['--tenant', file('other.mjs', 'export default {};')],
      /no defineKinde object/,
    ],
    [
      'a module that throws',
      ['--tenant', file('throws.mjs', 'throw new Error("not today");')],
      /not today/,
    ],
  ])('%s is wrong usage, which exits with 2', async (_title, args, message) => {
    const { code, out, err } = await doctor(args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(message);
    expect(err).toContain('Try kindling-doctor --help.');
  });

  test('a Node that does not run TypeScript is told what to do; one that does, does', async () => {
    const { code, err } = await doctor([
      '--tenant',
      file('tenant.ts', `export const tenant: object = ${tenant};`),
    ]);
    expect([code, err]).toEqual(
      'typescript' in process.features && process.features.typescript
        ? [0, expect.any(String)]
        : [2, expect.stringContaining('Node 22.18 or later')],
    );
  });

  test('--help names every option, and the exit codes', async () => {
    const { code, out } = await doctor(['--help']);
    expect([code, out]).toEqual([0, expect.stringContaining('Exit code: 0')]);
    for (const option of ['--env', '--tenant', '--table', '--json', '--help']) {
      expect(out).toMatch(new RegExp(`^  ${option}\\b`, 'm'));
    }
  });
});

test('the doctor knows every variable that is read, and no other', () => {
  const ofOptions = SPELLINGS.filter(([first]) => !/MANAGEMENT|^SESSION_TYPE$/.test(first!));
  expect(ofOptions.length).toBeGreaterThan(10);
  for (const name of ofOptions.flat()) {
    const { siteUrl, session, ...found } = optionsFromEnv({ [name]: 'https://acme.example' });
    const values = [...Object.values(found), ...Object.values(session ?? {}), siteUrl].flat();
    const isRead = name === 'SESSION_PERMANENT' ? false : 'https://acme.example';
    expect(values, name).toContain(isRead);
  }
  const told = [...SPELLINGS.flat(), ...OTHERS];
  for (const file of ['core/src/options/options.ts', 'management/src/options.ts']) {
    const source = readFileSync(`packages/${file}`, 'utf8');
    const named = [
      ...source.matchAll(/'((?:KINDE|MGMT|SITE|SESSION|LOGOUT|SECRET)_[A-Z_]+)'/g),
    ].map(([, name]) => name!);
    expect(named.length).toBeGreaterThan(3);
    expect(told).toEqual(expect.arrayContaining(named));
  }
});

describe('the how-to page', () => {
  const page = readFileSync(PAGE, 'utf8');

  test('its sample shows the checks that there are, in their order and their form', async () => {
    const sample = /^```text\n([^]*?)^```$/m.exec(page)![1]!;
    const checksOf = (text: string) => [
      ...new Set(
        [...text.matchAll(/^(?:ok|warning|failed|skipped) +([a-z-]+) {2}/gm)].map(
          ([, check]) => check,
        ),
      ),
    ];
    const { out } = await doctor([]);
    expect(checksOf(sample)).toHaveLength(13);
    expect(checksOf(sample)).toEqual(checksOf(out));
    for (const check of checksOf(sample)) {
      expect(page, 'the table of checks').toContain(`| \`${check}\``);
    }
  });

  test('its snippets compile and run', async () => {
    const snippets = [...snippetsOf(PAGE), ...snippetsOf('packages/doctor/README.md')].map(
      ({ code }) => code,
    );
    expect(snippets).toHaveLength(2);
    const { files, remove } = written('snippets-doctor', snippets);
    const [log, error] = [vi.spyOn(console, 'log'), vi.spyOn(console, 'error')].map((spy) =>
      spy.mockImplementation(() => {}),
    );
    try {
      expect(problemsOf(files)).toEqual([]);
      for (const [name, value] of Object.entries(emulator.env)) {
        vi.stubEnv(name, value);
      }
      emulator.state.applications.find(({ type }) => type === 'reg')!.redirectUris = [];
      for (const path of files) {
        await import(path);
      }
      expect(error!.mock.calls).toEqual([[[expect.objectContaining({ check: 'callback-url' })]]]);
      expect(log!.mock.calls).toContainEqual(['ok', 'client', expect.any(String), '']);
      expect(process.exitCode).toBe(1);
    } finally {
      process.exitCode = undefined;
      vi.unstubAllEnvs();
      vi.restoreAllMocks();
      remove();
    }
  }, 60_000);
});
