import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { createKinde, optionsFromEnv } from '@kindling/core';
import { createEmulator } from '@kindling/emulator';
import { refuseTenant, writeEnvironment } from '../../packages/emulator/src/cli/env-file.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kindling-newcomer-'));
  file = join(folder, '.env');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs the command until it has started, or ended by itself. */
async function run(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', 'packages/emulator/src/cli.ts', '--port', '0', '--memory', ...args],
    { env: { ...process.env, ...env } },
  );
  let errors = '';
  child.stderr.on('data', (chunk) => (errors += chunk));
  const closed = once(child, 'close');
  await Promise.race([once(child.stdout, 'data'), closed]);
  child.kill();
  const [code] = (await closed) as [number | null];
  return { code, errors };
}

describe('the local Kinde and a .env that is there already', () => {
  test('every other line stays, and a second start makes no second block', async () => {
    const mine = [
      '# mine',
      "DATABASE_URL='postgres://localhost'",
      'KINDE_ISSUER_URL=',
      '',
      'export KINDE_SCOPE=openid',
    ];
    writeFileSync(file, mine.join('\n'));
    const first = await createEmulator({ strict: true });
    const second = await createEmulator({ strict: true });
    for (const { env } of [first, second]) {
      refuseTenant(file);
      writeEnvironment(file, env);
    }
    const text = readFileSync(file, 'utf8');
    const lines = text.trimEnd().split('\n');
    expect(lines.slice(0, mine.length)).toEqual(
      mine.map((line) => (line === 'KINDE_ISSUER_URL=' ? line + second.issuer : line)),
    );
    expect(parseEnv(text)).toMatchObject(second.env);
    expect(lines.length).toBe(mine.length + Object.keys(second.env).length - 1);
  });

  test.each([
    'KINDE_ISSUER_URL="https://acme.kinde.com" \nKINDE_CLIENT_ID=real\n',
    'KINDE_HOST=acme.kinde.com\nexport KINDE_CLIENT_SECRET = real',
  ])(
    'credentials at Kinde are not replaced, unless this is forced: %j',
    async (text) => {
      writeFileSync(file, text);
      const { code, errors } = await run(['--env', file]);
      expect(code).toBe(1);
      expect(errors).toMatch(/Nothing was changed.*--env \.env\.local.*--force/);
      expect(errors).not.toContain('real');
      expect(readFileSync(file, 'utf8')).toBe(text);
    },
    60_000,
  );

  test('credentials at Kinde are replaced where this is forced', async () => {
    writeFileSync(file, 'KINDE_ISSUER_URL=https://acme.kinde.com\n');
    await run(['--env', file, '--force']);
    expect(readFileSync(file, 'utf8')).toMatch(/^KINDE_ISSUER_URL=http:\/\/localhost/);
  }, 60_000);
});

describe('the local Kinde that cannot start says why and what to do', () => {
  test('the port is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const { code, errors } = await run(['--port', String(port)]);
    other.close();
    expect([code, errors]).toEqual([
      1,
      expect.stringMatching(/taken by another program[^]*--port/),
    ]);
  }, 60_000);

  test('an unknown option, a bad seed, production', async () => {
    expect((await run(['--prot', '1'])).errors).toMatch(/--prot[^]*--help/);
    const seed = join(folder, 'seed.json');
    writeFileSync(seed, '{ "flags": 5 }');
    expect((await run(['--seed', seed])).errors).toContain('flags');
    expect((await run([], { NODE_ENV: 'production' })).errors).toMatch(/production/);
  }, 60_000);
});

test('an app with the credentials of another local Kinde is told which there are', async () => {
  const siteUrl = 'http://localhost:3000';
  const now = await createEmulator({ strict: true, siteUrl });
  const env = { ...now.env, KINDE_CLIENT_ID: 'f'.repeat(32) };
  const kinde = createKinde(optionsFromEnv(env, { fetch: now.fetch }));
  const { location } = await kinde.login(new Request(`${siteUrl}/login`));
  const page = await (await now.fetch(location)).text();
  expect(page).toContain('Unknown application');
  expect(page).toMatch(/KINDE_CLIENT_ID/);
  expect(page).toContain(now.env['KINDE_CLIENT_ID']);
});
