import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { managementFromEnv } from '@kindling/management';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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
  const received: string[] = [];
  beforeAll(async () => {
    kinde = await start(project.folder, ['--site', 'http://localhost:3000']);
    app = createServer((request, response) => {
      received.push(request.headers['webhook-id'] as string);
      response.end();
    });
    await new Promise<void>((resolve) => app.listen(0, 'localhost', resolve));
    const { port } = app.address() as AddressInfo;
    await managementFromEnv(kinde.env).webhooks.create({
      endpoint: `http://localhost:${port}/webhooks`,
      event_types: ['user.authenticated'],
      name: 'App',
    });
  }, 60_000);
  afterAll(async () => {
    app?.close();
    await kinde?.stop();
    project.remove();
  });
  /** As it is written, at the port that this one has. */
  const here = (code: string) => code.replaceAll('http://localhost:4455', kinde.url);

  test.skipIf(!hasPython)(
    'Python without packages resets, signs in, moves the clock, arms a fault and waits for a delivery',
    async () => {
      // The example begins with a reset, which takes webhooks with it: here it goes back to a snapshot instead.
      const code = here(block('Python', 'python')).replace(
        'control("POST", "/reset", {})',
        'control("POST", "/snapshots/start")\ncontrol("POST", "/reset", {"to": "start"})',
      );
      const { stdout } = await run('python3', ['-c', code], { cwd: project.folder });
      const [location, delivery] = stdout.trim().split('\n');
      expect(location).toMatch(/^http:\/\/localhost:3000\/callback\?.*code=/);
      expect(delivery).toMatch(/\/webhooks 200$/);
      expect(received.length).toBeGreaterThan(0);
    },
    60_000,
  );

  test.skipIf(!hasCurl || !hasPython)(
    'curl does the same',
    async () => {
      const { stdout } = await run('bash', ['-euc', here(block('curl', 'sh'))], {
        cwd: project.folder,
      });
      expect(stdout).toContain('"location":"http://localhost:3000/callback?');
      expect(stdout).toContain('"armed"');
    },
    60_000,
  );
});
