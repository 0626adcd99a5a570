import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const source = resolve('packages/management');
const scratch = mkdtempSync(join(tmpdir(), 'management-bundle-'));

/** The package as it would be published. */
beforeAll(() => {
  const target = join(scratch, 'node_modules/@kindling/management');
  mkdirSync(target, { recursive: true });
  const { publishConfig, ...manifest } = JSON.parse(
    readFileSync(join(source, 'package.json'), 'utf8'),
  );
  writeFileSync(
    join(target, 'package.json'),
    JSON.stringify({ ...manifest, exports: publishConfig.exports }),
  );
  symlinkSync(
    join(source, 'node_modules/valibot'),
    join(scratch, 'node_modules/valibot'),
    'junction',
  );
  const command = [
    resolve('node_modules/tsup/dist/cli-default.js'),
    '--config',
    'tsup.config.ts',
    '--silent',
  ];
  const { status, stderr } = spawnSync(
    process.execPath,
    [...command, '--out-dir', join(target, 'dist')],
    {
      cwd: source,
      encoding: 'utf8',
    },
  );
  expect([status, stderr]).toEqual([0, '']);
}, 60_000);
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const bundle = async (contents: string) => {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: scratch },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    write: false,
    logLevel: 'silent',
  });
  return outputFiles[0]!;
};

describe('what a bundler makes of the client', () => {
  test.each([
    [
      'all 184 operations',
      22_016,
      `import { createManagement as f } from '@kindling/management'; g(f);`,
    ],
    [
      'one operation',
      11_264,
      `import { call, createTransport } from '@kindling/management';
       import { list } from '@kindling/management/contract/roles'; g(call(createTransport(o), list));`,
    ],
    [
      'one operation without the client',
      2_560,
      `import { list } from '@kindling/management/contract/roles'; g(list);`,
    ],
    [
      'one resource',
      3_584,
      `import { roles } from '@kindling/management/contract'; g(roles.list);`,
    ],
    ['the error', 1_024, `import { KindeApiError } from '@kindling/management'; g(KindeApiError);`],
  ])('%s: at most %d bytes, compressed', async (_what, most, code) => {
    const { contents, text } = await bundle(code);
    expect(text).not.toContain('__PURE__');
    expect(gzipSync(contents).length).toBeLessThanOrEqual(most);
  });

  test.each([
    [`import '@kindling/management';`],
    [`import '@kindling/management/contract';`],
    [
      `import { createManagement } from '@kindling/management'; import * as contract from '@kindling/management/contract';`,
    ],
  ])('what is not used is not there: %s', async (code) => {
    expect((await bundle(code)).text.trim()).toBe('');
  });

  test('nor when nothing says so: describing operations has no effect', async () => {
    const file = join(scratch, 'node_modules/@kindling/management/package.json');
    const manifest = readFileSync(file, 'utf8');
    writeFileSync(file, manifest.replace('"sideEffects":false', '"sideEffects":true'));
    const { text } = await bundle(`import '@kindling/management/contract';`);
    writeFileSync(file, manifest);
    expect(text).not.toContain('/api/v1');
  });
});
