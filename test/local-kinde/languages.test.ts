import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createProject, start, type Started } from '../kit/local-kinde.js';

const run = promisify(execFile);
const page = readFileSync('docs/emulator/control.md', 'utf8');
/** The first block of this language below a heading, as a reader copies it. */
const block = (heading: string, language: string) =>
  new RegExp(`^## ${heading}\\n[^]*?^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'm').exec(page)![1]!;

/** Whether a program is here; where it is not, that is said, and in CI it fails. */
const has = async (program: string) =>
  run(program, ['--version']).then(
    () => true,
    () => {
      if (process.env['CI']) {
        throw new Error(`${program} is missing`);
      }
      console.warn(`\n  No ${program} found: the examples for it do not run.\n`);
      return false;
    },
  );
const hasPython = await has('python3');
const hasCurl = await has('curl');

describe('the local Kinde is controlled from other languages', () => {
  const project = createProject();
  let kinde: Started;
  let app: Server;
  let endpoint: string;
  const received: string[] = [];
  beforeAll(async () => {
    app = createServer((request, response) => {
      received.push(request.headers['webhook-id'] as string);
      response.end();
    });
    await new Promise<void>((resolve) => app.listen(0, 'localhost', resolve));
    endpoint = `http://localhost:${(app.address() as AddressInfo).port}/webhooks`;
    const seed = block('Start', 'json').replace('http://localhost:3000/webhooks', endpoint);
    writeFileSync(join(project.folder, 'kinde.seed.json'), seed);
    kinde = await start(project.folder, ['--site', 'http://localhost:3000']);
  }, 60_000);
  beforeEach(() => received.splice(0));
  afterAll(async () => {
    app?.close();
    await kinde?.stop();
    project.remove();
  });
  /** Runs an example as it is written, at the port that this one has. */
  const runHere = async (program: string, args: readonly string[], code: string) => {
    const here = code.replaceAll('http://localhost:4455', kinde.url);
    const { stdout } = await run(program, [...args, here], {
      cwd: project.folder,
      env: { PATH: process.env['PATH'] },
      timeout: 60_000,
    });
    return stdout;
  };
  /** What happened since the reset of an example. */
  const happened = async () => {
    const { entries } = await kinde.control().journal();
    return entries.map(({ kind, ...entry }) => ('what' in entry ? `${kind} ${entry.what}` : kind));
  };

  test.skipIf(!hasPython)(
    'Python without packages resets, signs in, waits for a delivery, moves the clock and arms a fault',
    async () => {
      // -I: neither packages of the user nor of the environment.
      const stdout = await runHere('python3', ['-I', '-c'], block('Python', 'python'));
      const [location, delivery, ahead] = stdout.trim().split('\n');
      expect(location).toMatch(
        /^http:\/\/localhost:3000\/callback\?.*code=.+&state=chosen-at-random/,
      );
      expect(delivery).toBe(`${endpoint} 200`);
      expect(ahead).toBe('7200');
      expect(received).toHaveLength(1);
      expect(await happened()).toEqual(
        expect.arrayContaining(['state reset', 'clock', 'fault armed', 'fault cleared']),
      );
    },
    90_000,
  );

  test.skipIf(!hasCurl || !hasPython)(
    'curl does the same',
    async () => {
      const stdout = await runHere('bash', ['-euc'], block('curl', 'sh'));
      expect(stdout).toContain('"location":"http://localhost:3000/callback?');
      expect(stdout).toContain(`"endpoint":"${endpoint}"`);
      expect(stdout).toContain('"what":"armed"');
      expect(received).toHaveLength(1);
      expect(await happened()).toEqual(
        expect.arrayContaining(['state reset', 'clock', 'fault armed', 'fault cleared']),
      );
    },
    90_000,
  );
});
