import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createEmulator, defaultSeed, type Emulator } from '../src/index.js';
import { createFileSnapshots } from '../src/keep/snapshots.js';
import { appOf, callerOf, managementToken } from './kit.js';

let folder: string;
let open: Emulator[];
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'keep-')), 'state');
  open = [];
});
afterEach(async () => {
  await Promise.all(open.map((emulator) => emulator.close()));
  rmSync(join(folder, '..'), { recursive: true });
});

const file = (name = 'default.json') => join(folder, name);
const start = async (options: Parameters<typeof createEmulator>[0] = {}) => {
  const emulator = await createEmulator({ keep: folder, ...options });
  open.push(emulator);
  return emulator;
};
/** An address where nobody listens. */
const closed = async () => {
  const emulator = await createEmulator();
  const { url } = await emulator.listen({ port: 0 });
  await emulator.close();
  return url;
};
const site = 'http://localhost:3000';
const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);
const journalOf = ({ state }: Emulator, kind: string) =>
  state.journal.after(0).filter((entry) => entry.kind === kind) as any[];

describe('a restart', () => {
  test('is invisible to an app: same credentials, key, users, sessions and webhooks', async () => {
    const first = await start();
    const tokens = await appOf(first, site).signIn('grace@example.com');
    const call = callerOf(first, await managementToken(first));
    await call('users.create', {
      profile: { given_name: 'New' },
      identities: [{ type: 'email', details: { email: 'new@example.com' } }],
    });
    await call('webhooks.create', {
      endpoint: 'http://localhost:9/hook',
      name: 'Hook',
      event_types: ['user.created'],
    });
    first.clock.advance('2h');
    first.clock.freeze();
    const { env, clock } = first;
    const now = clock.now();
    await first.close();

    const second = await start();
    expect(second.env).toEqual(env);
    expect(second.clock.now()).toBe(now);
    expect(second.state.people.map(({ email }) => email)).toContain('new@example.com');
    expect(second.state.webhooks.map(({ name }) => name)).toEqual(['Hook']);
    const refreshed = await appOf(second, site).refresh(tokens);
    expect(refreshed.status).toBe(200);
    expect(await appOf(second, site).isActive(tokens)).toBe(true);
  });

  test('after a crash goes on from the last change', async () => {
    const first = await start();
    await appOf(first, site).signIn('grace@example.com');
    await expect
      .poll(() => existsSync(file()) && readFileSync(file(), 'utf8'))
      .toContain('"usedAt"');
    // As after a crash: nobody gave the files up.
    rmSync(file('default.running.json'));
    const second = await start();
    expect(second.state.grants.size).toBe(1);
    expect(second.env).toEqual(first.env);
  });

  test('with another address of the app moves its redirect URIs along', async () => {
    await (await start()).close();
    const second = await start({ siteUrl: 'http://localhost:5173', callbacks: ['/auth'] });
    expect(second.state.applications[0]!.redirectUris).toEqual([
      'http://localhost:5173/callback',
      'http://localhost:5173/auth',
    ]);
  });

  test('brings in what changed in the seed, and keeps what changed here', async () => {
    const first = await start();
    first.state.roles['member']!.name = 'Changed here';
    first.state.people[0]!.givenName = 'Augusta';
    await first.close();
    const seed = structuredClone(defaultSeed);
    seed.roles['viewer']!.name = 'Reader';
    seed.people[0]!.familyName = 'King';
    seed.people.push({ email: 'new@example.com', organizations: {} });
    seed.people.splice(2, 1);
    const { state } = await start({ seed });
    expect([state.roles['member']!.name, state.roles['viewer']!.name]).toEqual([
      'Changed here',
      'Reader',
    ]);
    expect(state.people.map(({ givenName, familyName }) => [givenName, familyName])).toEqual([
      ['Augusta', 'King'],
      ['Grace', 'Hopper'],
      [undefined, undefined],
    ]);
  });
});

describe('the files', () => {
  test('are for this user only, in a folder that git ignores', async () => {
    const emulator = await start();
    await emulator.close();
    expect([mode(folder), mode(file()), mode(file('default.token'))]).toEqual([
      '700',
      '600',
      '600',
    ]);
    expect(readFileSync(file('.gitignore'), 'utf8')).toBe('*\n');
    expect(existsSync(file('default.running.json'))).toBe(false);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('are not followed where they are symbolic links', async () => {
    await (await start()).close();
    const elsewhere = join(folder, '..', 'elsewhere');
    writeFileSync(elsewhere, 'theirs');
    rmSync(file());
    symlinkSync(elsewhere, file());
    await expect(start()).rejects.toThrow('is no file but a symbolic link');
    expect(readFileSync(elsewhere, 'utf8')).toBe('theirs');
    expect(existsSync(file('default.running.json'))).toBe(false);
  });

  test.each([
    ['is half written', '{"version":1,"iden'],
    ['is of another form', '{"version":1,"identity":5}'],
    ['was changed by hand', undefined],
  ])('a state file that %s is set aside, told, and nothing in it is lost', async (_how, text) => {
    const first = await start();
    await first.close();
    const changed = JSON.parse(readFileSync(file(), 'utf8'));
    changed.snapshot.data.people = [{ id: 5 }];
    const broken = text ?? JSON.stringify(changed);
    writeFileSync(file(), broken);
    const second = await start();
    const entry = journalOf(second, 'state').find(({ what }) => what === 'set-aside');
    expect(readFileSync(entry.name, 'utf8')).toBe(broken);
    expect(entry.name).toContain('default.broken-');
    expect(second.state.people).toHaveLength(3);
  });

  test.each(['file', 'snapshot'])(
    'a %s of a later release is refused, and not touched',
    async (part) => {
      await (await start()).close();
      const kept = JSON.parse(readFileSync(file(), 'utf8'));
      (part === 'file' ? kept : kept.snapshot).version = 99;
      const text = JSON.stringify(kept);
      writeFileSync(file(), text);
      await expect(start()).rejects.toThrow('later release');
      expect(readFileSync(file(), 'utf8')).toBe(text);
      expect(existsSync(file('default.running.json'))).toBe(false);
    },
  );

  test('of version 0, which had no clock, are read: users, credentials, key, webhooks and sessions', async () => {
    const text = readFileSync(new URL('fixtures/state-version-0.json', import.meta.url), 'utf8');
    mkdirSync(folder, { mode: 0o700 });
    writeFileSync(file(), text, { mode: 0o600 });
    const { seed, identity, snapshot } = JSON.parse(text);
    const now = 1_800_000_600;
    const emulator = await start({ seed, clock: { now: () => now } });
    const { state } = emulator;
    expect(journalOf(emulator, 'state').map(({ what }) => what)).toEqual(['restored']);
    expect(state.people.map(({ givenName }) => givenName)).toEqual(['Ada', 'Grace']);
    expect(state.webhooks.map(({ name }) => name)).toEqual(['App']);
    expect(state.applications).toEqual(snapshot.data.applications);
    expect(state.identity.keys[0]!.kid).toBe(identity.keys[0].kid);
    expect([state.clock.settings.ahead, state.clock.now()]).toEqual([0, now]);
    const [[refresh_token]] = snapshot.data.refreshTokens;
    const tokens = { refresh_token } as unknown as Parameters<typeof app.refresh>[0];
    const app = appOf(emulator, site);
    expect(await app.refresh(tokens)).toMatchObject({ status: 200 });
    await emulator.close();
    const kept = JSON.parse(readFileSync(file(), 'utf8'));
    expect(kept.snapshot).toMatchObject({ version: 1, clock: { ahead: 0 } });
  });

  test('that lack a part are read: it begins anew', async () => {
    await (await start()).close();
    const kept = JSON.parse(readFileSync(file(), 'utf8'));
    delete kept.snapshot.data.environmentFlags;
    kept.snapshot.data.people[0].givenName = 'Kept';
    writeFileSync(file(), JSON.stringify(kept));
    const { state } = await start();
    expect([state.people[0]!.givenName, state.environmentFlags]).toEqual(['Kept', {}]);
  });

  test('a time that no clock can show is no sound state, and changes nothing', async () => {
    const first = await start();
    await first.close();
    const kept = JSON.parse(readFileSync(file(), 'utf8'));
    kept.snapshot.clock.frozenAt = -5;
    kept.snapshot.data.people = [];
    writeFileSync(file(), JSON.stringify(kept));
    const second = await start();
    expect(journalOf(second, 'state').map(({ what }) => what)).toEqual(['set-aside']);
    expect(second.state.people).toHaveLength(3);
    expect(() => second.restore(kept.snapshot)).toThrow('clock.frozenAt');
    expect(second.state.people).toHaveLength(3);
    expect(second.env['KINDE_CLIENT_SECRET']).toBe(first.env['KINDE_CLIENT_SECRET']);
  });

  test('what changes while the state is being written is kept, and no half of a file is left', async () => {
    const emulator = await start();
    const people = Array.from({ length: 5_000 }, (_, index) => ({
      id: `kp_${index}`,
      email: `user${index}@example.com`,
      organizations: {},
    }));
    emulator.state.people.push(...people);
    // The key is there now, so that the state is written from here on.
    await emulator.sign({});
    emulator.state.people[0]!.givenName = 'Late';
    await emulator.close();
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    const { state } = await start();
    expect([state.people.length, state.people[0]!.givenName]).toEqual([5_003, 'Late']);
  });

  test('a state that cannot be written is told, and requests go on', async () => {
    const emulator = await start();
    await emulator.sign({});
    chmodSync(folder, 0o500);
    rmSync(file(), { force: true });
    const { status } = await emulator.fetch(`${emulator.issuer}/oauth2/auth`);
    expect(status).toBeLessThan(500);
    chmodSync(folder, 0o700);
  });
});

describe('two processes', () => {
  test('a second one on the same state is refused, and told where the first is', async () => {
    const first = await start();
    const { url } = await first.listen({ port: 0 });
    await expect(start()).rejects.toThrow(`at ${url}`);
    expect((await start({ environment: 'other' })).env).not.toEqual(first.env);
  });

  test('what a process left behind that is gone does not count', async () => {
    await (await start()).close();
    const left = { version: 1, pid: 2 ** 22 - 1, startedAt: 5 };
    writeFileSync(file('default.running.json'), JSON.stringify(left));
    await start();
    const { pid } = JSON.parse(readFileSync(file('default.running.json'), 'utf8'));
    expect(pid).toBe(process.pid);
  });

  test('an id that went to another process, and a port that something else has, do not count', async () => {
    await (await start()).close();
    const left = { version: 1, pid: process.ppid, startedAt: 5, url: await closed() };
    writeFileSync(file('default.running.json'), JSON.stringify(left));
    await start();
  });

  test.each(['folder', 'token'])(
    'a %s that another user of this machine left there is not used',
    async (what) => {
      mkdirSync(folder);
      writeFileSync(file('default.token'), `${'x'.repeat(43)}\n`);
      const left = what === 'folder' ? folder : file('default.token');
      if (process.getuid?.() === 0) {
        chownSync(left, 4343, 4343);
      }
      vi.spyOn(process, 'getuid').mockReturnValue(4242);
      await expect(start()).rejects.toThrow('belongs to another user of this machine');
      vi.restoreAllMocks();
    },
  );

  test('of two that start at once after a crash, one gets the state', async () => {
    await (await start()).close();
    const url = await closed();
    for (const left of [JSON.stringify({ pid: process.pid, startedAt: 0, url }), '{"pid":']) {
      writeFileSync(file('default.running.json'), left);
      const both = await Promise.allSettled([start(), start()]);
      const lost = both.find((one) => one.status === 'rejected');
      expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      expect(String(lost!.reason)).toMatch(/claimed by another|used by another/);
      await open.at(-1)!.close();
    }
  });

  test('an environment is named by letters and digits', async () => {
    await expect(start({ environment: '../etc' })).rejects.toThrow("An environment's name");
  });
});

describe('named snapshots', () => {
  test('are kept, listed, loaded and forgotten', async () => {
    const emulator = await start();
    const snapshots = createFileSnapshots(join(folder, 'snapshots', 'default'));
    expect(await snapshots.list()).toEqual([]);
    const snapshot = emulator.capture();
    await snapshots.save('before', snapshot);
    expect(await snapshots.list()).toEqual([{ name: 'before', takenAt: snapshot.takenAt }]);
    expect(await snapshots.load('before')).toEqual(snapshot);
    expect(await snapshots.load('after')).toBeUndefined();
    expect([await snapshots.remove('before'), await snapshots.remove('before')]).toEqual([
      true,
      false,
    ]);
    await expect(snapshots.save('../x', snapshot)).rejects.toThrow(TypeError);
  });

  test('what is no snapshot is refused, and nothing changes', async () => {
    const emulator = await start();
    const before = emulator.capture().data;
    const late = { ...emulator.capture(), data: { createdAt: 1e300 } };
    const shapeless = { version: 1, data: { people: {} } };
    for (const wrong of [null, 'x', {}, { version: 99 }, shapeless, late]) {
      expect(() => emulator.restore(wrong as never)).toThrow(TypeError);
    }
    expect(emulator.capture().data).toEqual(before);
  });
});
