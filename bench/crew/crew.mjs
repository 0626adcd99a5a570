// The processes of a soak or a fault run: a local Kinde, the app several times, and where it is asked for a Redis of one's own.
// Everything listens on 127.0.0.1, and nothing outlives the run.
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export const SITE = 'https://app.example';
/** The three ways to keep sessions. */
export const MODES = ['cookie', 'coordination', 'store'];
const SECRET = 'bench-session-secret-bench-session-secret-1';
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const here = (file) => fileURLToPath(new URL(file, import.meta.url));

const children = new Set();
const folders = new Set();

process.on('exit', () => {
  for (const child of children) {
    child.kill('SIGKILL');
  }
  for (const folder of folders) {
    rmSync(folder, { recursive: true, force: true });
  }
});

/**
 * Does a run, ends with the number it answers, and leaves nothing behind, also where it fails or is stopped. It may take no
 * longer than `seconds`.
 */
export async function run(seconds, work) {
  let crew;
  const finish = async (code) => {
    await crew?.sweep().catch(() => {});
    process.exit(code);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, () => void finish(130));
  }
  setTimeout(() => {
    console.error(`It does not end within ${seconds} s.`);
    void finish(1);
  }, seconds * 1000);
  try {
    await finish(await work(async (plan) => (crew = await startCrew(plan))));
  } catch (error) {
    console.error(error);
    await finish(1);
  }
}

function scratch(name) {
  const folder = mkdtempSync(join(tmpdir(), `kindling-${name}-`));
  folders.add(folder);
  return folder;
}

/** What our files import is looked for in this checkout's root, whatever is installed beside the benchmark. */
const fromRoot = {
  name: 'from-root',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^(@kindling|express|fastify|redis)/ }, ({ importer, path, kind }) =>
      importer.startsWith(here('.')) ? resolve(path, { resolveDir: ROOT, kind }) : undefined,
    );
  },
};

/** One file for each process, so that it starts quickly. */
async function bundle(folder) {
  await build({
    entryPoints: ['provider', 'member', 'keeper'].map((name) => here(`${name}.mjs`)),
    outdir: folder,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    plugins: [fromRoot],
    logLevel: 'error',
  });
}

/** A process that is asked things over IPC. */
function start(file, args = []) {
  const child = fork(file, {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: ['--no-warnings', ...args],
  });
  children.add(child);
  let errors = '';
  child.stderr.on('data', (part) => (errors = (errors + part).slice(-4000)));
  child.once('exit', () => children.delete(child));
  const waiting = new Map();
  let last = 0;
  child.on('message', ({ id, value, error }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    if (error) {
      reject(new Error(error));
    } else {
      resolve(value);
    }
  });
  child.once('exit', () => {
    for (const { reject } of waiting.values()) {
      reject(new Error(`a process ended: ${errors.trim().split('\n').slice(-12).join('\n')}`));
    }
  });
  const ask = (what, about) =>
    new Promise((resolve, reject) => {
      waiting.set(++last, { resolve, reject });
      child.send({ id: last, ask: what, about });
    });
  const end = async (signal = 'SIGKILL') => {
    if ((child.exitCode ?? child.signalCode) !== null) {
      return;
    }
    const over = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await over;
  };
  return { child, ask, end, errors: () => errors };
}

/**
 * Starts everything. `redis` is the URL of one to use, or `'own'` for one that the run may break.
 * `members[n].ports[mode]` is where process `n` answers; `restart` brings it back at the same ports.
 */
async function startCrew({ people, processes, lifetime, overlap, timeout, redis }) {
  const folder = scratch('crew');
  await bundle(folder);
  const provider = start(join(folder, 'provider.cjs'));
  const { issuer, env } = await provider.ask('start', { people, lifetime, overlap, site: SITE });
  const own = redis === 'own' ? await startRedis(join(folder, 'keeper.cjs')) : undefined;
  const url = own?.url ?? redis;
  const prefix = `kindling-bench-${process.pid}-${Date.now()}`;
  const options = {
    issuer,
    clientId: env.KINDE_CLIENT_ID,
    clientSecret: env.KINDE_CLIENT_SECRET,
    siteUrl: SITE,
    secret: SECRET,
    audience: 'https://api.bench.example',
    timeout,
    production: false,
  };
  const storeOf = (mode) => ({ redis: url, folder, prefix: url ? `${prefix}:${mode}:` : mode });
  const members = await Promise.all(Array.from({ length: processes }, (_, n) => startMember(n)));
  return {
    provider,
    redis: own,
    prefix,
    members,
    issuer,
    sweep: async () => (own ? own.kill() : redis && sweep(redis, prefix)),
  };

  async function startMember(n) {
    const member = { name: `${n % 2 ? 'fastify' : 'express'} ${n + 1}`, ports: {}, restart };
    await restart();
    return member;
    async function restart() {
      Object.assign(member, start(join(folder, 'member.cjs')));
      for (const keep of MODES) {
        const about = {
          framework: n % 2 ? 'fastify' : 'express',
          keep,
          options,
          store: storeOf(keep),
        };
        member.ports[keep] = await member.ask('serve', { ...about, port: member.ports[keep] ?? 0 });
      }
    }
  }
}

/** A Redis that others use, too, keeps nothing of this run. */
async function sweep(url, prefix) {
  const { createClient } = await import('redis');
  const client = await createClient({ url, socket: { reconnectStrategy: false } })
    .on('error', () => {})
    .connect();
  for await (const keys of client.scanIterator({ MATCH: `${prefix}*`, COUNT: 1000 })) {
    if (keys.length > 0) {
      await client.unlink(keys);
    }
  }
  client.destroy();
}

/** A Redis that writes down what it confirms, so that a restart forgets nothing. */
async function startRedis(keeper) {
  const place = { port: await freePort(), folder: scratch('redis') };
  const { child, ask } = start(keeper);
  // It ends by itself when this process is gone, and takes its server along. Killed, it could not.
  children.delete(child);
  const up = async () => {
    await ask('start', place);
    for (let tries = 0; !(await isReady(place.port)); tries++) {
      if (tries === 200) {
        throw new Error('redis-server does not start');
      }
      await sleep(25);
    }
  };
  await up();
  return {
    url: `redis://127.0.0.1:${place.port}`,
    up,
    kill: () => ask('kill'),
    signal: (name) => ask('signal', name),
  };
}

async function freePort() {
  const server = createServer();
  const port = await new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve(server.address().port)),
  );
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** It listens before it has read what it knew. */
function isReady(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.setTimeout(1_000, () => socket.destroy());
    socket.once('data', (part) => resolve(part.toString().startsWith('+PONG')) ?? socket.destroy());
    socket.once('error', () => {}).once('close', () => resolve(false));
    socket.write('PING\r\n');
  });
}

export function isListening(port, host = '127.0.0.1') {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    const done = (answer) => resolve(answer) ?? socket.destroy();
    socket.setTimeout(1_000, () => done(false));
    socket.once('connect', () => done(true)).once('error', () => done(false));
  });
}
