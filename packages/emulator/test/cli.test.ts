import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const built = join(root, 'node_modules', '.cli-test');
const cli = join(built, 'dist', 'cli.js');

beforeAll(async () => {
  // As it is published: JavaScript, run by Node alone.
  await build({
    entryPoints: [join(root, 'src/cli.ts')],
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    outdir: join(built, 'dist'),
    external: ['jiti', 'yaml', 'selfsigned'],
  });
  writeFileSync(join(built, 'package.json'), '{"version":"1.2.3","type":"module"}');
});
afterAll(() => rmSync(built, { recursive: true, force: true }));

let folder: string;
let children: ReturnType<typeof spawn>[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kinde-cli-'));
  writeFileSync(join(folder, 'package.json'), '{}');
  children = [];
});
afterEach(async () => {
  await Promise.all(children.map(stop));
  rmSync(folder, { recursive: true });
});

async function stop(child: ReturnType<typeof spawn>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGTERM');
    await once(child, 'close');
  }
}

const launch = (args: readonly string[], env: Record<string, string> = {}) => {
  const child = spawn(process.execPath, [cli, ...args], {
    cwd: folder,
    env: { ...process.env, ...env },
  });
  children.push(child);
  return child;
};

async function run(args: readonly string[], env?: Record<string, string>) {
  const child = launch(args, env);
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => (out += chunk));
  child.stderr.on('data', (chunk) => (err += chunk));
  const [code] = (await once(child, 'close')) as [number];
  return { code, out, err };
}

/** Starts one, and reads the objects that it prints. */
async function started(args: readonly string[] = []) {
  const child = launch(['--json', '--port', '0', ...args]);
  const lines: any[] = [];
  let rest = '';
  child.stdout.on('data', (chunk) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop()!;
    lines.push(...parts.map((line) => JSON.parse(line)));
  });
  await once(child.stdout, 'data');
  return { child, lines, ready: lines[0], stop: () => stop(child) };
}

describe('start', () => {
  test('--version and --help of every command', async () => {
    expect((await run(['--version'])).out).toBe('1.2.3\n');
    expect((await run(['--help'])).out).toContain('snapshot save|load|list|remove <name>');
    expect((await run(['clock', '--help'])).out).toContain('Usage: npx @kindling/emulator clock');
  });

  test('keeps its state beside package.json, with the same environment on every start', async () => {
    const first = await started();
    await first.stop();
    expect(first.ready.state).toBe(join(folder, '.kindling', 'emulator', 'default.json'));
    const kept = JSON.parse(readFileSync(first.ready.state, 'utf8'));
    expect(kept.identity.keys[0].kid).toMatch(/^insecure-emulator-/);
    const second = await started();
    const { KINDE_ISSUER_URL: _, ...env } = second.ready.env;
    expect(first.ready.env).toMatchObject(env);
  });

  test('a second one in the same project is refused, and told where the first is', async () => {
    const { ready } = await started();
    const { code, err } = await run(['--port', '0']);
    expect([code, err]).toEqual([1, expect.stringContaining(`at ${ready.url}`)]);
  });

  test('--memory keeps nothing', async () => {
    const { ready, stop: end } = await started(['--memory']);
    await end();
    expect(ready.state).toBeNull();
    expect(existsSync(join(folder, '.kindling'))).toBe(false);
  });

  test('several environments have their own address, credentials and state', async () => {
    const { lines } = await started(['--environment', 'todos', '--environment', 'billing']);
    await expect.poll(() => lines.length).toBeGreaterThan(1);
    expect(lines.map(({ environment }) => environment)).toEqual(['todos', 'billing']);
    expect(new Set(lines.map(({ url }) => url)).size).toBe(2);
    expect(new Set(lines.map(({ env }) => env.KINDE_CLIENT_ID)).size).toBe(2);
  });

  test('finds the seed of the project, and reads it again when it changes', async () => {
    const file = join(folder, 'kinde.seed.json');
    writeFileSync(file, '{"people":{"ada":{"email":"ada@x.dev"}}}');
    const { lines } = await started();
    writeFileSync(file, '{"people":{"ada":{"email":"ada@x.dev"},"bob":{"email":"bob@x.dev"}}}');
    await expect
      .poll(() => lines.find(({ kind }) => kind === 'seed')?.changes, { timeout: 5_000 })
      .toEqual(['people.bob added']);
    writeFileSync(file, '{"people":5}');
    await expect
      .poll(() => lines.findLast(({ kind }) => kind === 'seed').what, { timeout: 5_000 })
      .toBe('refused');
  });

  test('prints the values of the SDK that the project uses', async () => {
    writeFileSync(
      join(folder, 'package.json'),
      '{"dependencies":{"@kinde-oss/kinde-auth-nextjs":"^2"}}',
    );
    const { ready } = await started(['--callback', '/api/auth/kinde_callback']);
    expect(Object.keys(ready.env)).toContain('KINDE_POST_LOGIN_REDIRECT_URL');
  });

  test('a mistake in an option is told before anything is opened', async () => {
    const { code, out, err } = await run(['--env', join(folder, 'none', '.env'), '--port', '0']);
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain('--env');
    expect(err).not.toMatch(/\n\s+at /);
    expect(existsSync(join(folder, '.kindling'))).toBe(false);
  });
});

describe('run', () => {
  test('gives a command the environment of the app, and exits with its code', async () => {
    const script = 'console.log(JSON.stringify(process.env)); process.exit(7)';
    const { code, out, err } = await run(['run', '--', process.execPath, '-e', script]);
    const env = JSON.parse(out);
    expect([code, err]).toEqual([7, '']);
    expect(env.KINDE_EMULATOR_URL).toBe(env.KINDE_ISSUER_URL);
    expect(env.KINDE_EMULATOR_TOKEN).toMatch(/^[\w-]{43}$/);
    expect(existsSync(join(folder, '.kindling'))).toBe(false);
  });

  test('passes signals on to the command', async () => {
    const script =
      "process.on('SIGTERM', () => process.exit(3)); console.log(1); setInterval(() => {}, 1000)";
    const child = launch(['run', '--', process.execPath, '-e', script]);
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    expect(await once(child, 'close')).toEqual([3, null]);
  });

  test('says that a command does not exist', async () => {
    const { code, err } = await run(['run', '--', 'no-such-command']);
    expect([code, err]).toEqual([127, expect.stringContaining('no-such-command cannot be run')]);
  });
});

describe('commands for one that runs', () => {
  test('leave no trace in what the app did, and use up no fault', async () => {
    const { lines } = await started();
    await run(['fault', 'arm', 'slow', '--for', '1']);
    expect((await run(['status'])).out).toMatch(/faults +slow/);
    expect((await run(['status'])).out).toMatch(/faults +slow/);
    expect(lines.map(({ kind }) => kind)).not.toContain('request');
    expect(lines.map(({ kind }) => kind)).not.toContain('step');
  });

  test('name the environments that run where the one that is meant does not', async () => {
    await started(['--environment', 'todos']);
    const { code, err } = await run(['status']);
    expect([code, err]).toEqual([1, expect.stringContaining('--environment todos')]);
  });

  test('refuse words that they would not use', async () => {
    const { code, err } = await run(['reset', 'my', 'snapshot']);
    expect([code, err]).toEqual([1, expect.stringContaining('"snapshot" was not expected')]);
    expect(err).toContain('npx @kindling/emulator reset [seed|empty|<snapshot>]');
    expect((await run(['clock', '-2h'])).err).toContain('back only to a time');
  });

  test('end quietly where their output is read no further', async () => {
    const { ready } = await started();
    await Promise.all(Array.from({ length: 50 }, () => fetch(`${ready.url}/oauth2/auth`)));
    const child = launch(['logs', '--json']);
    child.stdout.destroy();
    let err = '';
    child.stderr.on('data', (chunk) => (err += chunk));
    await once(child, 'close');
    expect(err).toBe('');
  });
});

test('the terminal says that the callback of the SDK is not registered', async () => {
  const screenWith = async (args: readonly string[]) => {
    const child = launch(['--port', '0', '--memory', '--sdk', 'next', ...args]);
    let out = '';
    child.stdout.on('data', (chunk) => (out += chunk));
    await expect.poll(() => out).toContain('Stop with Ctrl-C');
    return out;
  };
  const advice = ['--callback', '/api/auth/kinde_callback'];
  expect(await screenWith([])).toContain(`not registered here: ${advice.join(' ')}`);
  expect(await screenWith(advice)).not.toContain('not registered here');
});

test('the terminal says which environment it is, and where the next link comes from', async () => {
  const child = launch(['--port', '0', '--environment', 'todos']);
  let out = '';
  child.stdout.on('data', (chunk) => (out += chunk));
  await expect.poll(() => out).toContain('Stop with Ctrl-C');
  expect(out).toContain('(environment todos)');
  expect(out).toContain('for another: npx @kindling/emulator open --environment todos');
});

test('a state that cannot be read is set aside, and the terminal says what that means', async () => {
  const first = await started();
  await first.stop();
  writeFileSync(first.ready.state, '{');
  const child = launch(['--port', '0', '--quiet']);
  let err = '';
  child.stderr.on('data', (chunk) => (err += chunk));
  await expect.poll(() => err).toContain('The kept state could not be read. It is in ');
});

test('seed check says what does not fit together', async () => {
  const file = join(folder, 'kinde.config.ts');
  writeFileSync(file, "export const tenant = { people: [{ email: 'a@b.c' }] as const };");
  expect((await run(['seed', 'check'])).out).toContain('1 users, 0 organizations');
  writeFileSync(file, "export default { people: [{ email: 'ada' }] };");
  const { code, err } = await run(['seed', 'check']);
  expect([code, err]).toEqual([1, expect.stringContaining('must be an e-mail address')]);
});
