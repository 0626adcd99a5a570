// Breaks one thing after the other under traffic, and holds what is answered against what is promised
// (docs/explanation/faults.md). Everything it breaks it has started itself: processes of the app, a local Kinde, a Redis.
//   node bench/faults.mjs --seconds 6 --people 60 --processes 4 --only redis --only rotate
// `--seconds` is how long each fault lasts. Ends with 1 where a promise was not kept.
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createClient } from 'redis';
import { BREAKAGES } from './crew/breakages.mjs';
import { MODES, run } from './crew/crew.mjs';
import { watchPauses } from './crew/obey.mjs';
import { createPerson, createRandom, isSomebody, pause } from './crew/people.mjs';
import { createTally, grouped, table } from './crew/tally.mjs';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '6' },
    people: { type: 'string', default: '60' },
    processes: { type: 'string', default: '4' },
    only: { type: 'string', multiple: true, default: [] },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
  },
});
const [seconds, count, processes, seed] = [
  values.seconds,
  values.people,
  values.processes,
  values.seed,
].map(Number);
if (!(
  seconds >= 1 &&
  seconds <= 60 &&
  count >= 6 &&
  count <= 1000 &&
  processes >= 2 &&
  processes <= 16
)) {
  throw new Error('--seconds from 1 to 60, --people from 6 to 1000, --processes from 2 to 16');
}
const names = Object.keys(BREAKAGES).filter(
  (name) =>
    values.only.length === 0 ||
    values.only.some((part) => name.toLowerCase().includes(part.toLowerCase())),
);
const unknown = values.only.find(
  (part) => !names.some((name) => name.toLowerCase().includes(part.toLowerCase())),
);
if (unknown !== undefined) {
  throw new Error(
    `No fault is called ${unknown}. There are: ${Object.keys(BREAKAGES).join(', ')}.`,
  );
}
if (
  !['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin'].some((folder) =>
    existsSync(`${folder}/redis-server`),
  )
) {
  throw new Error('There is no redis-server to start: install redis.');
}

/** Seconds that an access token lives: every fault sees everybody renew. */
const LIFETIME = 4;
/** Seconds in which a refresh token that was replaced still works. */
const OVERLAP = 20;
/** The option `timeout` of the app, in seconds. */
const TIMEOUT = 3;
/** The longest that any answer may take: `timeout`, the store's two seconds, and one more; pauses of the machine are added. */
const LONGEST = TIMEOUT + 2 + 1;
/** Seconds between two things that a person does. */
const THINKING = 0.5;
/**
 * Seconds without trouble that count as healthy, and in which that must come about. Every process has to be asked in the first:
 * whether Kinde is back, each finds out by a request.
 */
const QUIET = Math.min(3, seconds);
const HEALING = 15;
/** Seconds until every process knows that somebody was signed out. */
const NEWS = 6;

const GHOSTS = Array.from({ length: 6 }, (_, n) => `ghost.${n}@example.com`);
const NAMES = {
  ...{
    out: 'signed out',
    unavailable: 'unavailable',
    stranger: 'taken for somebody else',
    back: 'back in',
  },
  ...{ error: 'refused', lost: 'without an answer' },
};

const random = createRandom(seed);
const ownPause = watchPauses();
const results = [];
/** What people are told goes into the tally of the fault that is on. */
let tallies = newTallies();
let troubleAt = 0;

await run(120 + names.length * (seconds + HEALING + 10), async (start) => {
  const emails = Array.from({ length: count }, (_, n) => `person.${n}@example.com`);
  const crew = await start({
    ...{
      people: [...emails, ...GHOSTS],
      processes,
      lifetime: LIFETIME,
      overlap: OVERLAP,
      timeout: TIMEOUT,
      redis: 'own',
    },
  });
  const admin = await connect(crew.redis.url);
  const world = { ...crew, admin, random, seconds, tell: tellerOf('store') };
  console.log(
    `${count} people, ${processes} processes, faults of ${seconds} s; access tokens live ${LIFETIME} s, replaced refresh ` +
      `tokens ${OVERLAP} s, timeout ${TIMEOUT} s; seed ${seed}\n`,
  );
  const people = emails.map((email, n) => personOf(email, MODES[n % 3], world, Math.floor(n / 3)));
  world.ghosts = await makeGhosts(world);
  await Promise.all(people.map((person) => person.signIn()));
  let isOver = false;
  const traffic = [
    ...people.map((person) => live(person, () => isOver)),
    haunt(world, () => isOver),
  ];
  await untilHealthy(Date.now());
  for (const name of names) {
    await inject(name, world);
  }
  isOver = true;
  await Promise.all(traffic);
  admin.destroy();
  return report();
});

function newTallies() {
  return Object.fromEntries(MODES.map((mode) => [mode, createTally()]));
}

/** People who were signed out everywhere, and whose cookies somebody has kept. */
async function makeGhosts(world) {
  const ghosts = GHOSTS.map((email, n) =>
    personOf(email, n % 2 ? 'coordination' : 'store', world, n),
  );
  for (const ghost of ghosts) {
    if (!(await ghost.signIn())) {
      throw new Error('nobody can sign in');
    }
    ghost.kept = ghost.cookie();
  }
  for (const { mode, id } of ghosts) {
    await world.members[0].ask('revokeUser', { keep: mode, sub: await id() });
  }
  await sleep(NEWS * 1000);
  return ghosts;
}

async function haunt(world, isOver) {
  while (!isOver()) {
    await pause(0.1, random);
    const member = world.members[Math.floor(random() * world.members.length)];
    if (!member.isBroken) {
      await knockAt(member, world.ghosts[Math.floor(random() * world.ghosts.length)]);
    }
  }
}

async function knockAt({ ports }, { mode, kept }) {
  if (await isSomebody(ports[mode], kept)) {
    tallies[mode].tell('back', 0, 'somebody who was signed out is in again');
  }
}

function personOf(email, mode, { members, provider }, home) {
  return createPerson({
    email,
    mode,
    home,
    members,
    provider,
    random,
    tell: tellerOf(mode),
    patience: LONGEST + 2,
  });
}

function tellerOf(mode) {
  return (kind, milliseconds, what, member) => {
    // Of a process that is broken at the moment nobody expects anything.
    if (member?.isBroken || (kind === 'lost' && member?.wasBrokenAt > Date.now() - 2_000)) {
      return tallies[mode].tell(kind === 'own' ? 'own' : 'at the broken process');
    }
    if (kind !== 'own') {
      troubleAt = Date.now();
    }
    tallies[mode].tell(kind, milliseconds, what);
  };
}

async function live(person, isOver) {
  while (!isOver()) {
    await pause(THINKING, random);
    const what = random();
    if (!person.isIn || what < 0.03) {
      await person.signIn();
    } else if (what < 0.7) {
      await person.read();
    } else {
      await person.readAtOnce(3);
    }
  }
}

/** Seconds from `since` to the last trouble, once there was none for a while; `undefined` where it does not end. */
async function untilHealthy(since) {
  const limit = Date.now() + HEALING * 1000;
  troubleAt = Math.max(troubleAt, since - 1);
  while (Date.now() < limit) {
    await sleep(100);
    if (Date.now() - Math.max(troubleAt, since) > QUIET * 1000) {
      return Math.max(0, (troubleAt - since) / 1000);
    }
  }
  return undefined;
}

async function inject(name, world) {
  const fault = BREAKAGES[name];
  tallies = newTallies();
  const begun = Date.now();
  await fault.begin(world);
  await sleep(Math.max(0, begun + seconds * 1000 - Date.now()));
  await fault.end?.(world);
  const healed = await untilHealthy(Date.now());
  for (const member of world.members) {
    for (const ghost of world.ghosts) {
      await knockAt(member, ghost);
    }
  }
  const result = {
    name,
    fault,
    tallies,
    healed,
    broken: brokenPromises(fault, healed, await longestPause(world)),
  };
  results.push(result);
  const verdict = result.broken.length === 0 ? 'kept' : result.broken.join('; ');
  console.log(`${name}: ${verdict}`);
}

/** Seconds for which a busy machine kept one of the processes from answering, this one included. */
async function longestPause({ provider, members }) {
  const pauses = await Promise.all([provider, ...members].map((one) => one.ask('longestPause')));
  return Math.max(ownPause(), ...pauses);
}

function brokenPromises({ allowed }, healed, pause) {
  const broken = MODES.flatMap((mode) => {
    const tally = tallies[mode];
    const wrong = ['out', 'unavailable'].filter((kind) => !allowed[kind]?.includes(mode));
    const found = [...wrong, 'stranger', 'back', 'error', 'lost'].filter(
      (kind) => tally.of(kind) > 0,
    );
    const slow =
      tally.slowest > (LONGEST + pause) * 1000
        ? [`${(tally.slowest / 1000).toFixed(1)} s for an answer`]
        : [];
    return [...found.map((kind) => `${tally.of(kind)} ${NAMES[kind]}`), ...slow].map(
      (what) => `${mode}: ${what}`,
    );
  });
  return healed === undefined ? [...broken, `not healthy within ${HEALING} s`] : broken;
}

function report() {
  const three = (of, kind) => MODES.map((mode) => of[mode].of(kind)).join('/');
  const head = [
    'fault',
    'own',
    '503',
    'signed out',
    'at the broken process',
    'slowest',
    'healthy after',
    '',
  ];
  const rows = results.map(({ name, tallies: of, healed, broken }) => [
    ...[
      name,
      three(of, 'own'),
      three(of, 'unavailable'),
      three(of, 'out'),
      three(of, 'at the broken process'),
    ],
    `${(Math.max(...MODES.map((mode) => of[mode].slowest)) / 1000).toFixed(1)} s`,
    ...[
      healed === undefined ? 'never' : `${healed.toFixed(1)} s`,
      broken.length === 0 ? 'kept' : 'NOT KEPT',
    ],
  ]);
  console.log(`\nAnswers by ${MODES.join('/')}\n${table([head, ...rows])}\n`);
  const failed = results.filter(({ broken }) => broken.length > 0);
  for (const { name, fault, broken, tallies: of } of failed) {
    console.log(`${name}. Promised: ${fault.promise}. Found: ${broken.join('; ')}`);
    const samples = MODES.flatMap((mode) => of[mode].samples.map((sample) => `${mode}, ${sample}`));
    for (const line of grouped(samples).slice(0, 12)) {
      console.log(`  ${line}`);
    }
  }
  const verdict =
    failed.length === 0
      ? 'every promise was kept'
      : `${failed.length} of ${results.length} NOT kept`;
  console.log(`Faults: ${verdict}.`);
  return failed.length === 0 ? 0 : 1;
}

function connect(url) {
  return createClient({ url, socket: { reconnectStrategy: () => 100 } })
    .on('error', () => {})
    .connect();
}
