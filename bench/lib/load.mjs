// Load over bare sockets: a generator that is slower than the server would measure itself.
import { connect } from 'node:net';

/** The bytes of a GET request. */
export const get = (path, headers = {}) =>
  Buffer.from(
    `GET ${path} HTTP/1.1\r\nhost: localhost\r\n${Object.entries(headers)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')}\r\n`,
    'latin1',
  );

const cursors = new WeakMap();

/**
 * Sends requests in turn over some connections for a while, each waiting for its answer. Every answer has to be a 200.
 * The next load with the same requests goes on where this one ended, so that new ones stay new.
 * Resolves with how many were answered and how long that took.
 */
export async function load({ port, requests, seconds, connections = 32 }) {
  let next = cursors.get(requests) ?? 0;
  let answered = 0;
  const sockets = await Promise.all(
    Array.from({ length: connections }, () => {
      const socket = connect({ port, host: 'localhost', noDelay: true });
      return new Promise((resolve, reject) => socket.once('connect', () => resolve(socket)).once('error', reject));
    }),
  );
  const started = process.hrtime.bigint();
  const end = Date.now() + seconds * 1000;
  await Promise.all(
    sockets.map(
      (socket) =>
        new Promise((resolve, reject) => {
          let pending = null;
          const send = () => {
            if (Date.now() >= end) return resolve();
            socket.write(requests[next]);
            if (++next === requests.length) next = 0;
          };
          socket.on('error', reject);
          socket.on('data', (chunk) => {
            const answer = pending ? Buffer.concat([pending, chunk]) : chunk;
            const length = lengthOf(answer);
            if (answer.length < length) return void (pending = answer);
            pending = null;
            if (answer[9] !== 50) return reject(new Error(`not a 200: ${answer.subarray(0, 300).toString('latin1')}`));
            answered += 1;
            send();
          });
          socket.on('close', () => reject(new Error('the server closed a connection')));
          send();
        }),
    ),
  );
  const elapsed = Number(process.hrtime.bigint() - started) / 1e9;
  cursors.set(requests, next);
  for (const socket of sockets) socket.removeAllListeners('close').destroy();
  return { answered, elapsed };
}

/** How long an answer is; the search starts where the body may, since answers are mostly headers. */
function lengthOf(answer) {
  const end = answer.indexOf('\r\n\r\n');
  if (end < 0) return Infinity;
  const at = answer.indexOf('ontent-', 0, 'latin1');
  for (let from = at; from >= 0 && from < end; from = answer.indexOf('ontent-', from + 7, 'latin1')) {
    if ((answer[from + 7] | 32) !== 108) continue; // Content-Length
    let length = 0;
    for (let i = from + 15; answer[i] !== 13; i++) length = length * 10 + answer[i] - 48;
    return end + 4 + length;
  }
  throw new Error(`an answer without a length: ${answer.subarray(0, 300).toString('latin1')}`);
}

/** One measured round against a running app: requests per second, and per second of the server's CPU. */
export async function round(app, requests, seconds) {
  const before = await app.usage();
  const { answered, elapsed } = await load({ port: app.port, requests, seconds });
  const used = ((await app.usage()) - before) / 1e6;
  return { rate: answered / elapsed, perCpu: answered / used, busy: used / elapsed, micros: (used * 1e6) / answered };
}

/** Rounds of an app and of the bare framework in turn, both with the same requests. */
export async function compare(app, bare, { requests, seconds, rounds, warmup = seconds }) {
  await load({ port: app.port, requests, seconds: warmup });
  await load({ port: bare.port, requests, seconds: warmup / 2 });
  const results = [];
  // The app alone moves through them: what it has seen is not for the bare framework to skip.
  const same = [...requests];
  for (let i = 0; i < rounds; i++) {
    const turns = i % 2 ? [app, bare] : [bare, app];
    const pair = new Map();
    for (const one of turns) pair.set(one, await round(one, one === app ? requests : same, seconds));
    results.push({ ours: pair.get(app), bare: pair.get(bare) });
  }
  const ratios = results.map(({ ours, bare: other }) => ours.perCpu / other.perCpu);
  const rates = results.map(({ ours, bare: other }) => ours.rate / other.rate);
  return {
    ratio: median(ratios),
    low: Math.min(...ratios),
    high: Math.max(...ratios),
    wall: median(rates),
    rate: median(results.map(({ ours }) => ours.rate)),
    micros: median(results.map(({ ours }) => ours.micros)),
    bareMicros: median(results.map(({ bare: other }) => other.micros)),
    busy: median(results.map(({ ours }) => ours.busy)),
  };
}

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};
