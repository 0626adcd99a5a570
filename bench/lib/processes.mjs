// Processes, each on its core.
import { execFileSync, fork } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const cores = cpus().length;

/** Servers on the first core, everything else on the second, where the machine has both and can tell them apart. */
export const canPin = (() => {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' });
    return cores > 1;
  } catch {
    return false;
  }
})();

function pin(pid, core) {
  if (canPin) {
    execFileSync('taskset', ['-apc', String(core), String(pid)], { stdio: 'ignore' });
  }
}

/** The load is made by this process. */
export const pinSelf = () => pin(process.pid, 1);

const started = new Set();
process.on('exit', () => started.forEach((child) => child.kill()));

async function start(file, { core, message, args = [] }) {
  const child = fork(here(file), {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: ['--no-warnings', ...args],
  });
  started.add(child);
  pin(child.pid, core);
  let errors = '';
  child.stderr.on('data', (part) => (errors = (errors + part).slice(-4000)));
  child.send(message);
  const port = await new Promise((resolve, reject) => {
    child.once('message', (answer) => resolve(answer.port));
    child.once('exit', () =>
      reject(new Error(`it stopped: ${errors.trim().split('\n').slice(-12).join('\n')}`)),
    );
  });
  let last = 0;
  const ask = (what) =>
    new Promise((resolve, reject) => {
      const id = ++last;
      const listen = (answer) => {
        if (answer.id !== id) {
          return;
        }
        child.off('message', listen).off('exit', gone);
        resolve(answer.value);
      };
      const gone = () => reject(new Error(`it stopped: ${errors}`));
      child.on('message', listen).once('exit', gone);
      child.send({ ask: what, id });
    });
  const stop = async () => {
    started.delete(child);
    if (child.exitCode === null) {
      await new Promise((resolve) => child.once('exit', resolve).kill());
    }
  };
  return {
    port,
    stop,
    usage: () => ask('usage'),
    memory: () => ask('memory'),
    errors: () => errors,
  };
}

/** An app by module name and variant, as `{ port, usage, memory, stop }`. */
export const startApp = (name, variant, options, args = []) =>
  start('./server.mjs', {
    core: 0,
    args: ['--require', here('./settle.cjs'), ...args],
    message: { module: new URL(`../apps/${name}.mjs`, import.meta.url).href, variant, options },
  });

export const startIssuer = (key) => start('./issuer.mjs', { core: 1, message: { key } });

/** Runs a file in a process of its own, on the server's core: it gets one message and answers one. */
export async function runApart(url, message, execArgv = []) {
  const child = fork(fileURLToPath(url), { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv });
  started.add(child);
  pin(child.pid, 0);
  let errors = '';
  child.stderr.on('data', (part) => (errors = (errors + part).slice(-4000)));
  child.send(message);
  try {
    return await new Promise((resolve, reject) => {
      child.once('message', resolve);
      child.once('exit', () => reject(new Error(`it stopped: ${errors.trim()}`)));
    });
  } finally {
    started.delete(child);
    child.kill();
  }
}
