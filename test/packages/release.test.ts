import { execFile } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { afterEach, describe, expect, test } from 'vitest';

interface Step {
  uses?: string;
  run?: string;
  env?: Record<string, string>;
  with?: Record<string, unknown>;
}
interface Job {
  needs?: string | string[];
  permissions?: Record<string, string>;
  environment?: string;
  steps: Step[];
}
interface Workflow {
  permissions?: Record<string, string>;
  jobs: Record<string, Job>;
}

// The parser that the local Kinde reads its seeds with.
const { parse } = createRequire(new URL('../../packages/emulator/package.json', import.meta.url))(
  'yaml',
) as {
  parse(text: string): Workflow;
};
const workflows = Object.fromEntries(
  readdirSync('.github/workflows').map((file) => [
    file,
    parse(readFileSync(`.github/workflows/${file}`, 'utf8')),
  ]),
);
const release = workflows['release.yml']!;
const jobs = Object.entries(release.jobs);
const writes = ({ permissions = {} }: Job) =>
  Object.entries(permissions).flatMap(([right, level]) => (level === 'write' ? [right] : []));
const commands = ({ steps }: Job) =>
  steps.flatMap(({ run = '' }) => run.split('\n')).filter(Boolean);
/** All that may run in a job with rights: git, GitHub's own tool, and one script that imports nothing. */
const HARMLESS =
  /^(git|gh|for name in \$PUBLISHED; do git|\s+--include=|\s+gh pr create|node scripts\/publish\.mjs "\$RUNNER_TEMP\/tarballs"$)/;
const DEVELOPMENT =
  /\b(npm (ci|install|i|test|run|exec|pack)|npx|pnpm|yarn|turbo|changeset (version|publish)|vitest|bootstrap|\.ci\/run|scripts\/pack)\b/;

describe('OP-30 the release workflow', () => {
  test('OP-30 nothing has rights that it does not name', () => {
    for (const [name, workflow] of Object.entries(workflows)) {
      const reads = Object.values(workflow.permissions ?? { none: 'given' }).every(
        (level) => level === 'read',
      );
      expect(reads, name).toBe(true);
    }
    expect(release.permissions).toEqual({});
    for (const [name, job] of jobs) {
      expect(job.permissions, name).toBeDefined();
    }
  });

  test('OP-30 a job with rights installs, builds and tests nothing', () => {
    const privileged = jobs.filter(([, job]) => writes(job).length > 0);
    expect(privileged.map(([name]) => name).sort()).toEqual(['propose', 'publish', 'tag']);
    for (const [name, job] of privileged) {
      for (const line of commands(job)) {
        expect(line, name).toMatch(HARMLESS);
        expect(line, name).not.toMatch(DEVELOPMENT);
      }
    }
  });

  test('OP-30 what installs, builds or tests may only read, and keeps no credentials', () => {
    const working = jobs.filter(([, job]) => commands(job).some((line) => DEVELOPMENT.test(line)));
    expect(working.map(([name]) => name).sort()).toEqual(['pack', 'test', 'versions']);
    for (const [name, { permissions, environment, steps }] of working) {
      expect([permissions, environment], name).toEqual([{ contents: 'read' }, undefined]);
      const checkout = steps.find(({ uses }) => uses?.startsWith('actions/checkout@'));
      expect(checkout?.with, name).toMatchObject({ 'persist-credentials': false });
      expect(JSON.stringify(steps), name).not.toMatch(/github\.token|secrets\./);
    }
  });

  test('OP-30 only one job can publish: after the tests, with the tarballs of the job that packed them, and not much else', () => {
    const able = jobs.filter(([, job]) => writes(job).includes('id-token') || job.environment);
    expect(able.map(([name]) => name)).toEqual(['publish']);
    const { needs, permissions, environment, steps } = release.jobs['publish']!;
    expect([needs, permissions, environment]).toEqual([
      ['test', 'pack'],
      { contents: 'read', 'id-token': 'write' },
      'npm',
    ]);
    const [checkout, , download, publish, ...rest] = steps;
    expect(checkout?.with).toEqual({
      'persist-credentials': false,
      'sparse-checkout': 'scripts/publish.mjs',
      'sparse-checkout-cone-mode': false,
    });
    expect(download).toMatchObject({ with: { name: 'tarballs' } });
    expect(publish).toMatchObject({
      run: 'node scripts/publish.mjs "$RUNNER_TEMP/tarballs"',
      env: { NPM_CONFIG_PROVENANCE: 'true' },
    });
    expect(rest).toEqual([]);
    const upload = release.jobs['pack']!.steps.at(-1);
    expect(upload).toMatchObject({ with: { name: 'tarballs', 'if-no-files-found': 'error' } });
  });

  test('OP-30 every action is pinned to a commit', () => {
    const uses = Object.values(workflows).flatMap((workflow) =>
      Object.values(workflow.jobs).flatMap(({ steps }) => steps.flatMap((step) => step.uses ?? [])),
    );
    expect(uses.length).toBeGreaterThan(5);
    for (const action of uses) {
      expect(action).toMatch(/^actions\/[a-z-]+@[0-9a-f]{40}$/);
    }
  });

  test('OP-30 the script that publishes imports nothing but Node', () => {
    const { importedFiles } = ts.preProcessFile(readFileSync('scripts/publish.mjs', 'utf8'));
    expect(importedFiles.length).toBeGreaterThan(0);
    for (const { fileName } of importedFiles) {
      expect(fileName).toMatch(/^node:/);
    }
  });
});

describe.skipIf(process.platform === 'win32')('OP-30 scripts/publish.mjs', () => {
  const folders: string[] = [];
  const execute = promisify(execFile);
  afterEach(() =>
    folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true, force: true })),
  );
  const scratch = () => {
    const folder = mkdtempSync(join(tmpdir(), 'kindling-release-'));
    folders.push(folder);
    return folder;
  };
  /** Tarballs of these manifests, and an `npm` that writes down how it was called and knows what was published. */
  async function rehearse(
    manifests: readonly object[],
    { known = [] as string[], trouble = '' } = {},
  ) {
    const tarballs = scratch();
    const bin = scratch();
    const work = scratch();
    for (const [index, manifest] of manifests.entries()) {
      mkdirSync(join(work, 'package'), { recursive: true });
      writeFileSync(join(work, 'package/package.json'), JSON.stringify(manifest));
      await execute('tar', ['-czf', join(tarballs, `${index}.tgz`), '-C', work, 'package']);
    }
    const log = join(bin, 'log');
    writeFileSync(log, '');
    const cases = known.map((id) => `  "view ${id}"*) exit 0;;`).join('\n');
    const view = trouble
      ? `echo "npm error code ${trouble}" >&2; exit 1`
      : 'echo "npm error code E404" >&2; exit 1';
    writeFileSync(
      join(bin, 'npm'),
      `#!/bin/sh\necho "$*" >> ${log}\ncase "$*" in\n${cases}\n  view*) ${view};;\n  *) exit 0;;\nesac\n`,
    );
    chmodSync(join(bin, 'npm'), 0o755);
    const output = join(bin, 'output');
    writeFileSync(output, '');
    const env = {
      ...process.env,
      PATH: `${bin}${delimiter}${process.env['PATH']}`,
      GITHUB_OUTPUT: output,
    };
    const ended = await execute(process.execPath, ['scripts/publish.mjs', tarballs], { env }).then(
      () => 0,
      ({ code }: { code: number }) => code,
    );
    const calls = readFileSync(log, 'utf8').split('\n');
    const published = calls.filter((line) => line.startsWith('publish'));
    return { ended, published, output: readFileSync(output, 'utf8').trim(), tarballs };
  }
  const one = {
    name: '@kindling/one',
    version: '1.0.0',
    dependencies: { '@kindling/two': '^1.0.0' },
  };
  const two = { name: '@kindling/two', version: '1.0.0' };

  test('OP-30 publishes what is not there yet, what others need first, and runs no scripts', async () => {
    const { ended, published, output, tarballs } = await rehearse([one, two]);
    expect(ended).toBe(0);
    const options = '--access public --ignore-scripts';
    expect(published).toEqual([
      `publish ${tarballs}/1.tgz ${options}`,
      `publish ${tarballs}/0.tgz ${options}`,
    ]);
    expect(output).toBe('published=@kindling/two@1.0.0 @kindling/one@1.0.0');
  });

  test('OP-30 what is there already is left alone', async () => {
    const { ended, published, output } = await rehearse([one, two], {
      known: ['@kindling/two@1.0.0'],
    });
    expect([ended, published.length, output]).toEqual([0, 1, 'published=@kindling/one@1.0.0']);
  });

  test('OP-30 a registry that does not answer, a foreign package and an empty folder are failures', async () => {
    expect(await rehearse([one], { trouble: 'ETIMEDOUT' })).toMatchObject({
      ended: 1,
      published: [],
    });
    for (const name of ['kindling', '@other/one', '@kindling/one; rm']) {
      expect(await rehearse([{ ...one, name }])).toMatchObject({ ended: 1, published: [] });
    }
    expect(await rehearse([])).toMatchObject({ ended: 1, published: [] });
  });
});
