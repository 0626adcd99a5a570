import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createProject, start, type Started } from '../kit/local-kinde.js';

const OLDER = fileURLToPath(
  new URL('../../packages/emulator/test/fixtures/state-version-0.json', import.meta.url),
);

describe('a state file', () => {
  let project: ReturnType<typeof createProject>;
  let kinde: Started | undefined;
  let state: string;
  beforeEach(() => {
    project = createProject();
    state = join(project.folder, '.kindling/emulator');
    mkdirSync(state, { recursive: true, mode: 0o700 });
  });
  afterEach(async () => {
    await kinde?.stop();
    project.remove();
  });

  test('of version 0 is read: the app keeps its credentials, and what happened stays', async () => {
    copyFileSync(OLDER, join(state, 'default.json'));
    const { seed, snapshot, site } = JSON.parse(readFileSync(OLDER, 'utf8'));
    writeFileSync(join(project.folder, 'kinde.seed.json'), JSON.stringify(seed));
    kinde = await start(project.folder, ['--site', site.siteUrl]);
    const [app] = snapshot.data.applications;
    expect(kinde.env).toMatchObject({
      KINDE_CLIENT_ID: app.clientId,
      KINDE_CLIENT_SECRET: app.clientSecret,
    });
    // Grace is not in the seed: she was made through the API.
    const { token } = await kinde.control().createToken({ person: 'grace@example.com' });
    expect(token).toMatch(/^eyJ/);
    expect(readdirSync(state).filter((name) => name.includes('broken'))).toEqual([]);
  }, 60_000);

  test.each([
    ['is cut off', (whole: string) => whole.slice(0, whole.length / 2)],
    ['is empty', () => ''],
    ['is no text', () => Buffer.from([0xff, 0xfe, 0x00, 0x80])],
    [
      'was changed by hand',
      (whole: string) => whole.replaceAll('"people":', '"people":5,"persons":'),
    ],
  ])(
    'that %s is set aside and told, and not a byte of it is lost',
    async (_how, breakIt) => {
      kinde = await start(project.folder);
      await kinde.stop();
      const file = join(state, 'default.json');
      const broken = Buffer.from(breakIt(readFileSync(file, 'utf8')) as string);
      writeFileSync(file, broken);

      kinde = await start(project.folder, [], { json: false });
      const aside = readdirSync(state).find((name) => name.includes('.broken-'));
      expect(readFileSync(join(state, aside!)).equals(broken)).toBe(true);
      const { errors } = kinde;
      await expect
        .poll(() => errors.join('\n'), { timeout: 20_000 })
        .toContain(join(state, aside!));
      expect((await kinde.control().status()).version).toBeDefined();
    },
    60_000,
  );
});
