import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { conformance } from '../../src/store/conformance.js';
import {
  createKinde,
  filesystemStore,
  memoryStore,
  optionsFromEnv,
  type SessionStore,
} from '../../src/index.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kindling-store-'));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

describe.each([
  ['memory', () => memoryStore()],
  ['filesystem', () => filesystemStore(join(folder, 'sessions'))],
] as [string, () => SessionStore][])('the %s store', (_name, create) => {
  let store: SessionStore;
  beforeEach(() => {
    store = create();
  });

  test('keeps what was last set under an id, and nothing under others', async () => {
    expect(await store.get('a')).toBeUndefined();
    await store.set('a', 'one', 60);
    await store.set('a', 'two with spaces', 60);
    expect([await store.get('a'), await store.get('b')]).toEqual(['two with spaces', undefined]);
  });

  test('forgets what was deleted, and does not mind deleting nothing', async () => {
    await store.set('a', 'one', 60);
    await store.delete('a');
    await store.delete('a');
    expect(await store.get('a')).toBeUndefined();
  });

  test('ST-13 forgets everything when its time is over', async () => {
    await store.set('a', 'one', 60);
    vi.useFakeTimers({ now: Date.now() + 61_000, toFake: ['Date'] });
    expect(await store.get('a')).toBeUndefined();
  });

  test.each(conformance)('$name', ({ run }) => run(create));

  test('takes a hundred at once', async () => {
    await Promise.all(
      Array.from({ length: 100 }, (_, index) => store.set(`id-${index}`, `value ${index}`, 60)),
    );
    const values = await Promise.all(
      Array.from({ length: 100 }, (_, index) => store.get(`id-${index}`)),
    );
    expect(values).toEqual(Array.from({ length: 100 }, (_, index) => `value ${index}`));
  });
});

test('ST-16 the memory store is bounded: the oldest go first', async () => {
  const store = memoryStore({ max: 3 });
  for (const id of ['a', 'b', 'c', 'd']) {
    await store.set(id, id, 60);
  }
  expect(await Promise.all(['a', 'b', 'c', 'd'].map((id) => store.get(id)))).toEqual([
    undefined,
    'b',
    'c',
    'd',
  ]);
});

describe('the filesystem store', () => {
  test('a lock of a process that ended while it wrote holds nobody up', async () => {
    const store = filesystemStore(folder);
    await store.set('a', 'one', 60);
    const ended = spawnSync(process.execPath, ['-e', '']).pid;
    writeFileSync(
      join(folder, 'a.session.lock'),
      `${ended} ${Date.now() + 10_000} ${crypto.randomUUID()}`,
    );
    const swaps = Array.from({ length: 10 }, (_, index) =>
      store.compareAndSet('a', 'one', { to: `${index}`, maxAge: 60 }),
    );
    expect((await Promise.all(swaps)).filter(Boolean)).toHaveLength(1);
    expect(readdirSync(folder)).toEqual(['a.session']);
  });

  test('a lock of a process that stands still is taken from it after a while', async () => {
    const store = filesystemStore(folder);
    writeFileSync(
      join(folder, 'a.session.lock'),
      `${process.pid} ${Date.now() + 10_000} ${crypto.randomUUID()}`,
    );
    const waiting = store.set('a', 'one', 60);
    vi.useFakeTimers({ now: Date.now() + 10_001, toFake: ['Date'] });
    await waiting;
    expect(await store.get('a')).toBe('one');
  });

  test('survives a restart, and only this user can read it', async () => {
    await filesystemStore(folder).set('a', 'one', 60);
    expect(await filesystemStore(folder).get('a')).toBe('one');
    const [file] = readdirSync(folder);
    expect(statSync(join(folder, file!)).mode & 0o077).toBe(0);
    expect(readFileSync(join(folder, file!), 'utf8')).toContain('one');
  });

  test.each(['../../etc/passwd', 'a/b', '', '.', 'a\0b', 'x'.repeat(200)])(
    'ST-17 the id %j never becomes a path',
    async (id) => {
      const store = filesystemStore(folder);
      for (const use of [
        () => store.get(id),
        () => store.set(id, 'x', 60),
        () => store.delete(id),
      ]) {
        await expect(use()).rejects.toThrow('other characters');
      }
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  test('is chosen by SESSION_TYPE', async () => {
    const options = optionsFromEnv({
      SESSION_TYPE: 'filesystem',
      SESSION_FILE_DIR: join(folder, 'x'),
    });
    await options.session!.store!.set('a', 'one', 60);
    expect(readdirSync(join(folder, 'x'))).toEqual(['a.session']);
  });
});

test('a login may ask for APIs of its own', async () => {
  const issuer = 'https://acme.kinde.example';
  const endpoints = {
    issuer,
    authorization_endpoint: `${issuer}/a`,
    token_endpoint: `${issuer}/t`,
    jwks_uri: `${issuer}/j`,
  };
  const secret = '0123456789abcdefghijklmnopqrstuvwxyz';
  const kinde = createKinde({
    issuer,
    clientId: 'c',
    siteUrl: 'https://app.example',
    secret,
    audience: 'https://usual',
    fetch: async () => Response.json(endpoints),
  });
  const request = { method: 'GET', url: '/login', headers: new Headers() };
  const audiences = async (audience?: string[]) =>
    new URL(
      (await kinde.login(request, audience ? { audience } : {})).location,
    ).searchParams.getAll('audience');
  expect([await audiences(), await audiences(['https://a', 'https://b'])]).toEqual([
    ['https://usual'],
    ['https://a', 'https://b'],
  ]);
});

test('FD-29 where there are no files, a store in files is refused when it is made', () => {
  const asked = vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined as never);
  const refusal = expect.objectContaining({
    code: 'config_invalid',
    message: expect.stringContaining('file system'),
  });
  expect(() => filesystemStore(folder)).toThrow(refusal);
  expect(() => optionsFromEnv({ SESSION_TYPE: 'filesystem' })).toThrow(refusal);
  asked.mockRestore();
  expect(() => filesystemStore(folder)).not.toThrow();
});
