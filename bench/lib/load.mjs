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
 * `atLeast` goes on until so many were answered. Resolves with how many were answered and how long that took.
 */
export async function load({ port, requests, seconds, atLeast = 0, connections = 32 }) {
  let next = cursors.get(requests) ?? 0;
  let answered = 0;
  const sockets = await Promise.all(
    Array.from({ length: connections }, () => {
      const socket = connect({ port, host: 'localhost', noDelay: true });
      return new Promise((resolve, reject) =>
        socket.once('connect', () => resolve(socket)).once('error', reject),
      );
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
            if (Date.now() >= end && answered >= atLeast) {
              return resolve();
            }
            socket.write(requests[next]);
            if (++next === requests.length) {
              next = 0;
            }
          };
          socket.on('error', reject);
          socket.on('data', (chunk) => {
            const answer = pending ? Buffer.concat([pending, chunk]) : chunk;
            const length = lengthOf(answer);
            if (answer.length < length) {
              return void (pending = answer);
            }
            pending = null;
            if (answer[9] !== 50) {
              return reject(new Error(`not a 200: ${answer.subarray(0, 300).toString('latin1')}`));
            }
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
  for (const socket of sockets) {
    socket.removeAllListeners('close').destroy();
  }
  return { answered, elapsed };
}

/** How long an answer is; the search starts where the body may, since answers are mostly headers. */
function lengthOf(answer) {
  const end = answer.indexOf('\r\n\r\n');
  if (end < 0) {
    return Infinity;
  }
  const at = answer.indexOf('ontent-', 0, 'latin1');
  for (
    let from = at;
    from >= 0 && from < end;
    from = answer.indexOf('ontent-', from + 7, 'latin1')
  ) {
    if ((answer[from + 7] | 32) !== 108) {
      continue;
    } // Content-Length
    let length = 0;
    for (let i = from + 15; answer[i] !== 13; i++) {
      length = length * 10 + answer[i] - 48;
    }
    return end + 4 + length;
  }
  throw new Error(`an answer without a length: ${answer.subarray(0, 300).toString('latin1')}`);
}

/** Seconds of the server's CPU that a round needs, however little of it a busy machine gives. */
const LEAST = 0.08;

/** One measured round against a running app: requests per second, and microseconds of the server's CPU for each. */
export async function round(app, requests, seconds) {
  const before = await app.usage();
  const total = { answered: 0, elapsed: 0, used: 0 };
  while (total.used < LEAST) {
    const { answered, elapsed } = await load({ port: app.port, requests, seconds });
    total.answered += answered;
    total.elapsed += elapsed;
    total.used = ((await app.usage()) - before) / 1e6;
  }
  return { rate: total.answered / total.elapsed, micros: (total.used * 1e6) / total.answered };
}

/** Load until the server has used some seconds of CPU, so that what is hot is compiled. */
async function warm(app, requests, seconds) {
  const end = (await app.usage()) + seconds * 1e6;
  while ((await app.usage()) < end) {
    await load({ port: app.port, requests, seconds: 0.1 });
  }
}

/**
 * Rounds of an app and of the bare framework in turn, both with the same requests. What is compared is the CPU that a request
 * took in the quieter rounds of each: whatever else a machine does only ever adds to it. `warmup` is seconds of CPU.
 */
export async function compare(app, bare, { requests, seconds, rounds, warmup }) {
  // Every request has been seen once before anything is measured, unless there are so many that none ever is.
  const atLeast = requests.length > 10_000 ? 0 : requests.length;
  await load({ port: app.port, requests, seconds: 0, atLeast });
  await warm(app, requests, warmup);
  await warm(bare, requests, warmup / 2);
  const ours = [];
  const theirs = [];
  // The app alone moves through them: what it has seen is not for the bare framework to skip.
  const same = [...requests];
  const measure = { ours: async () => ours.push(await round(app, requests, seconds)) };
  measure.theirs = async () => theirs.push(await round(bare, same, seconds));
  for (let i = 0; i < rounds; i++) {
    for (const side of i % 2 ? ['ours', 'theirs'] : ['theirs', 'ours']) {
      await measure[side]();
    }
  }
  const [micros, bareMicros] = [ours, theirs].map((side) => quiet(side.map((one) => one.micros)));
  const [rate, bareRate] = [ours, theirs].map((side) => -quiet(side.map((one) => -one.rate)));
  const pairs = ours.map((one, i) => theirs[i].micros / one.micros);
  return {
    ratio: bareMicros / micros,
    wall: rate / bareRate,
    median: median(pairs),
    rate,
    micros,
    bareMicros,
  };
}

/** The value below which the quietest quarter lies. */
export const quiet = (values) =>
  [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 4)];

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** What several starts found about one load; `starts` has the ratio of each. */
export function middle(found) {
  const of = (name) => median(found.map((one) => one[name]));
  return {
    ratio: of('ratio'),
    starts: found.map(({ ratio }) => ratio),
    wall: of('wall'),
    rate: of('rate'),
    micros: of('micros'),
    bareMicros: of('bareMicros'),
  };
}
