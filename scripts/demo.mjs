// npm run demo [-- express|fastify]: a local Kinde and an example app that signs in at it, until Ctrl-C.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { register } from 'tsx/esm/api';

const frameworks = ['express', 'fastify'];
const framework = process.argv[2] ?? 'express';
if (!frameworks.includes(framework)) {
  fail(
    `"${framework}" is not one of the example apps. Use: npm run demo -- ${frameworks.join(' | ')}`,
    2,
  );
}

const port = await choosePort('PORT', 3000);
const emulatorPort = await choosePort('EMULATOR_PORT', 4455, port);
const siteUrl = `http://localhost:${port}`;

register();
const { createEmulator } = await import('@kindling/emulator');
const keep = fileURLToPath(new URL('../.kindling/emulator', import.meta.url));
const emulator = await createEmulator({ siteUrl, keep, environment: 'demo' });
const { url: issuer } = await emulator.listen({ port: emulatorPort });
console.log(`\n  Dashboard          ${emulator.dashboardLink()}`);

const server = fileURLToPath(new URL(`../apps/${framework}-todos/src/server.ts`, import.meta.url));
const app = spawn(process.execPath, ['--import', 'tsx', server], {
  env: { ...process.env, ...emulator.env, PORT: String(port) },
  stdio: ['ignore', 'pipe', 'inherit'],
});
let stopping = false;
app.once('exit', async (code) => {
  await emulator.close();
  if (!stopping) {
    fail('The example app stopped by itself.', code || 1);
  }
});
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    stopping = true;
    app.kill('SIGTERM');
  });
}
app.stdout.once('data', () => {
  console.log(`
  Todos on ${framework === 'express' ? 'Express' : 'Fastify'}   ${siteUrl}
  Local Kinde        ${issuer}

  Open ${siteUrl}, click "Sign in", choose Ada Lovelace (${emulator.state.people[0].email}).
  Switch organization in the header and see what she may do change. Ctrl-C stops both.
`);
});

/** The port that an environment variable names, else the usual one, else a free one. */
async function choosePort(variable, usual, taken) {
  const named = process.env[variable];
  if (named !== undefined) {
    const wanted = Number(named);
    if (!Number.isInteger(wanted) || wanted < 0 || wanted > 65535) {
      fail(`${variable} must be a port number.`, 2);
    }
    if (wanted !== 0 && !(await isFree(wanted))) {
      fail(`Port ${wanted} (${variable}) is taken. Name another, or none for a free one.`, 1);
    }
    return wanted || freePort();
  }
  return usual !== taken && (await isFree(usual)) ? usual : freePort();
}

async function isFree(wanted) {
  const tried = await Promise.all(['127.0.0.1', '::1'].map((host) => listen(wanted, host)));
  return tried.every((result) => result !== 'EADDRINUSE');
}

async function freePort() {
  return listen(0, '127.0.0.1');
}

/** Listens for a moment; answers the port, or why that did not work. */
function listen(wanted, host) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', ({ code }) => resolve(code));
    probe.listen(wanted, host, () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

function fail(message, code) {
  console.error(message);
  process.exit(code);
}
