// The local Kinde: how soon it is there, in a test and on the command line, and what a large tenant costs.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { median } from '../lib/load.mjs';
import { withBeside } from '../lib/ours.mjs';
import { runApart } from '../lib/processes.mjs';

const PEOPLE = 100_000;
const apart = new URL('../lib/emulator.mjs', import.meta.url);

export async function emulator({ quick, note, beside }) {
  const folder = mkdtempSync(join(tmpdir(), 'kindling-local-kinde-'));
  const seed = join(folder, 'seed.json');
  writeFileSync(seed, JSON.stringify(crowd(PEOPLE)));
  const rows = [];
  for (const { label, beside: other = false } of withBeside(
    [{ label: 'Kindling', ours: true }],
    beside,
  )) {
    note(`emulator: ${label}`);
    const { millis } = await runApart(apart, { what: 'create', beside: other });
    const firsts = [];
    const starts = [];
    for (let round = 0; round < (quick ? 3 : 7); round++) {
      const project = mkdtempSync(join(folder, 'project-'));
      writeFileSync(join(project, 'package.json'), '{}');
      firsts.push(await ready(project, other));
      starts.push(await ready(project, other));
    }
    const tenant = await runApart(apart, { what: 'tenant', seed, beside: other });
    const kept = { what: 'tenant', seed, keep: mkdtempSync(join(folder, 'kept-')), beside: other };
    await runApart(apart, kept);
    const restart = await runApart(apart, kept);
    rows.push({
      label,
      create: median(millis),
      first: median(firsts),
      again: median(starts),
      people: PEOPLE,
      tenant,
      restart,
    });
  }
  rmSync(folder, { recursive: true, force: true });
  return rows;
}

/** Milliseconds from the start of Node until the command line answers on its port, less those of Node alone. */
async function ready(project, beside) {
  const { resolve } = createRequire(new URL(beside ? '../beside/' : '../', import.meta.url));
  const cli = join(dirname(resolve('@kindling/emulator')), 'cli.js');
  const alone = await until([process.execPath, '-e', 'console.log(1)'], project);
  const whole = await until([process.execPath, cli, '--port', '0'], project);
  return whole - alone;
}

/** Milliseconds until a command prints; it is ended then. */
function until([command, ...args], cwd) {
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
    child.once('error', reject);
    child.stdout.once('data', () => {
      const millis = performance.now() - start;
      child.once('exit', () => resolve(millis));
      child.kill('SIGTERM');
    });
  });
}

/** A tenant of many people in a hundred organizations. */
function crowd(count) {
  const codes = Array.from({ length: 100 }, (_, index) => `org_${index}a`);
  return {
    permissions: { 'read:todos': 'See todos' },
    roles: { member: { name: 'Member', permissions: ['read:todos'] } },
    flags: {},
    organizations: Object.fromEntries(
      codes.map((code) => [code, { name: `Organization ${code}` }]),
    ),
    people: Array.from({ length: count }, (_, index) => ({
      email: `person${index}@example.com`,
      givenName: 'Person',
      familyName: `${index}`,
      organizations: { [codes[index % 100]]: { roles: ['member'] } },
    })),
  };
}
