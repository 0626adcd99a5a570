import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createEmulator, type Emulator } from '../src/index.js';

let emulator: Emulator;
beforeEach(async () => {
  emulator = await createEmulator();
});
afterEach(() => emulator.close());

describe('on a port', () => {
  test('a port that somebody else has on the other loopback address is taken, and nothing stays open', async () => {
    const other = createServer();
    const ipv6 = await new Promise<boolean>((resolve) =>
      other.once('error', () => resolve(false)).listen(0, '::1', () => resolve(true)),
    );
    if (!ipv6) {
      return;
    }
    const { port } = other.address() as AddressInfo;
    await expect(emulator.listen({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow('fetch failed');
    other.close();
  });

  test('an issuer that was given stays; otherwise it becomes the address', async () => {
    const named = await createEmulator({ issuer: 'https://acme.example' });
    await named.listen({ port: 0 });
    expect(named.issuer).toBe('https://acme.example');
    await named.close();
    const { url } = await emulator.listen({ port: 0, host: '127.0.0.1' });
    expect([emulator.issuer, emulator.env['KINDE_ISSUER_URL']]).toEqual([url, url]);
  });

  test('EM-11 the published key is never one of a port, not even as a key that was replaced', async () => {
    const { jwk } = emulator.state.key;
    await emulator.rotateKeys({ keepOld: 3_600 });
    const { url } = await emulator.listen({ port: 0 });
    const { keys } = (await (await fetch(`${url}/.well-known/jwks`)).json()) as {
      keys: { n: string }[];
    };
    expect(keys.map(({ n }) => n)).not.toContain(jwk.n);
    expect(keys.length).toBeGreaterThan(0);
  });

  test.each([
    'evil.example',
    'localhost.evil.example',
    '169.254.169.254',
    '127.0.0.1.evil.example',
  ])('a request for the name %s is refused', async (host) => {
    const { url } = await emulator.listen({ port: 0 });
    const asked = request(`${url}/.well-known/jwks`, { headers: { host } }).end();
    const [response] = (await once(asked, 'response')) as [{ statusCode: number; resume(): void }];
    response.resume();
    expect(response.statusCode).toBe(403);
  });
});

describe('faults', () => {
  const keys = () => emulator.fetch(`${emulator.issuer}/.well-known/jwks`);

  test('a single one comes first and goes; the others stay until they are cleared', async () => {
    emulator.faults.always('/.well-known/jwks', async (_request, next) => {
      const headers = { ...Object.fromEntries((await next()).headers), 'x-slow': 'yes' };
      return Response.json({ keys: [] }, { headers });
    });
    emulator.faults.once('/.well-known/jwks', () => new Response('down', { status: 503 }));
    expect((await keys()).status).toBe(503);
    expect(await (await keys()).json()).toEqual({ keys: [] });
    expect(await (await keys()).json()).toEqual({ keys: [] });
    emulator.faults.clear();
    expect(((await (await keys()).json()) as { keys: unknown[] }).keys).toHaveLength(1);
  });

  test('one that throws is a connection that breaks; one that waits can be given up on', async () => {
    emulator.faults.once('/.well-known/jwks', () => Promise.reject(new TypeError('fetch failed')));
    await expect(keys()).rejects.toThrow('fetch failed');
    emulator.faults.once('/.well-known/jwks', () => new Promise(() => {}));
    const signal = AbortSignal.timeout(10);
    await expect(emulator.fetch(`${emulator.issuer}/.well-known/jwks`, { signal })).rejects.toThrow(
      'timeout',
    );
  });
});

test('a token signed by the unpublished key fails; one of the current key is as good as Kinde’s', async () => {
  const claims = {
    sub: emulator.state.people[0]!.id,
    iss: emulator.issuer,
    scp: [],
    exp: emulator.clock.now() + 60,
  };
  const profileWith = async (key: 'current' | 'unpublished') => {
    const headers = { authorization: `Bearer ${await emulator.sign(claims, { key })}` };
    return (await emulator.fetch(`${emulator.issuer}/oauth2/v2/user_profile`, { headers })).status;
  };
  expect([await profileWith('current'), await profileWith('unpublished')]).toEqual([200, 401]);
});

describe('the command', () => {
  const cli = fileURLToPath(new URL('../src/cli.ts', import.meta.url));
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kinde-emulator-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const run = async (args: string[], env: Record<string, string> = {}) => {
    const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), cli, ...args], {
      cwd: folder,
      env: { ...process.env, ...env },
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => (out += chunk));
    child.stderr.on('data', (chunk) => (err += chunk));
    const [code] = (await once(child, 'close')) as [number];
    return { code, out, err };
  };

  test('--help tells how to use it', async () => {
    expect(await run(['--help'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('--seed'),
      err: '',
    });
  });

  test('--env writes the environment of an app into a new file that only this user can read', async () => {
    const file = join(folder, '.env');
    const child = spawn(process.execPath, [
      '--import',
      'tsx',
      cli,
      '--port',
      '0',
      '--memory',
      '--env',
      file,
    ]);
    await once(child.stdout, 'data');
    const env = parseEnv(readFileSync(file, 'utf8'));
    const { issuer } = (await (
      await fetch(`${env['KINDE_ISSUER_URL']}/.well-known/openid-configuration`)
    ).json()) as {
      issuer: string;
    };
    expect([issuer, statSync(file).mode & 0o777]).toEqual([env['KINDE_ISSUER_URL'], 0o600]);
    expect(env['KINDE_CLIENT_SECRET']).toMatch(/^[0-9a-f]{48}$/);
    child.kill();
    await once(child, 'close');
  });

  test('errors are one sentence, without a stack', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const taken = String((other.address() as AddressInfo).port);
    const bad = join(folder, 'bad.json');
    writeFileSync(bad, '{"people": 1}');
    const broken = join(folder, 'broken.json');
    writeFileSync(broken, '{');
    const cases: [string[], string, Record<string, string>?][] = [
      [['--prot', '1'], '--help'],
      [['--port', ''], '--port must be a number'],
      [['--site', 'localhost:3000'], 'siteUrl (--site) must be an origin'],
      [['--port', taken], 'is taken by another program'],
      [['--seed', bad], 'people: must be a list'],
      [['--seed', broken], 'broken.json cannot be read'],
      [['--seed', join(folder, 'brokn.json')], 'did you mean'],
      [['strt'], 'did you mean start?'],
      [['--port', '0', 'status'], 'a command comes first'],
      [['status'], 'No local Kinde'],
      [['clock', 'tomorrow'], 'is no time'],
      [['env', '--format', 'jsn'], 'did you mean json?'],
      [['run'], 'needs a command'],
      [['--port', '0'], 'refuses to run', { NODE_ENV: 'production' }],
    ];
    for (const [args, message, env] of cases) {
      const { code, out, err } = await run(args, env);
      expect([code, out], args.join(' ')).toEqual([1, '']);
      expect(err).toContain(message);
      expect(err).not.toMatch(/\n\s+at /);
    }
    other.close();
  }, 60_000);
});
