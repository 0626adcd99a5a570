// People who sign in, read, renew, switch organization and sign out, over several processes and three ways to keep sessions.
// Nothing is broken on purpose: every answer must name its own person, and nobody is signed out without having asked.
//   node bench/soak.mjs --seconds 60 --people 500 --processes 4 --seed 1
// Ends with 1 where that did not hold. Uses REDIS_URL or the Redis at the standard port, else a folder.
import { parseArgs } from 'node:util';
import { isListening, MODES, run } from './crew/crew.mjs';
import { createPerson, createRandom, isSomebody, pause } from './crew/people.mjs';
import { createTally, grouped, table } from './crew/tally.mjs';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    people: { type: 'string', default: '500' },
    processes: { type: 'string', default: '4' },
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
  seconds > 0 &&
  seconds <= 3600 &&
  count >= 3 &&
  count <= 5000 &&
  processes >= 1 &&
  processes <= 16
)) {
  throw new Error('--seconds up to 3600, --people from 3 to 5000, --processes up to 16');
}

/** Seconds that an access token lives, so that everybody renews again and again. */
const LIFETIME = 8;
/** Seconds between two things that a person does: a crowd that two cores can serve. */
const THINKING = Math.max(1.5, count / 120);
/** The option `timeout` of the app. A machine that is slow must not lose answers, since refresh tokens work once here. */
const TIMEOUT = 30;
/** Sign-ins under way at the same time while everybody arrives. */
const ARRIVING = 16;
/** What nothing explains where nothing is broken. */
const WRONG = ['out', 'stranger', 'back', 'unavailable', 'error', 'lost'];
const NAMES = { own: 'own answers', out: 'signed out', back: 'came back', lost: 'no answer' };

const random = createRandom(seed);
const tallies = Object.fromEntries(MODES.map((mode) => [mode, createTally()]));

await run(seconds + 180, async (start) => {
  const redis = await redisUrl();
  const emails = Array.from({ length: count }, (_, n) => `person.${n}@example.com`);
  console.log(
    `${count} people, ${processes} processes, ${seconds} s; stores: ${redis ? 'Redis' : 'a folder (no Redis)'}; ` +
      `access tokens live ${LIFETIME} s, refresh tokens work once; seed ${seed}`,
  );
  const { provider, members } = await start({
    ...{ people: emails, processes, lifetime: LIFETIME, overlap: 0, timeout: TIMEOUT, redis },
  });
  const people = emails.map((email, n) => {
    const mode = MODES[n % MODES.length];
    const { tell } = tallies[mode];
    return createPerson({
      email,
      mode,
      home: Math.floor(n / MODES.length),
      members,
      provider,
      random,
      tell,
      patience: 2 * TIMEOUT,
    });
  });
  await arrive(people);
  const end = Date.now() + seconds * 1000;
  await Promise.all(people.map((person) => live(person, { end, members })));
  const pauses = await Promise.all([provider, ...members].map((one) => one.ask('longestPause')));
  console.log(`longest pause of a process: ${Math.max(...pauses).toFixed(1)} s`);
  return report(people, await provider.ask('counts'));
});

async function redisUrl() {
  const url = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
  const { hostname, port } = new URL(url);
  return (await isListening(Number(port) || 6379, hostname)) ? url : undefined;
}

async function arrive(people) {
  const begun = Date.now();
  const waiting = [...people];
  const worker = async () => {
    for (let person = waiting.pop(); person; person = waiting.pop()) {
      if (await person.signIn()) {
        tallies[person.mode].tell('sign-in');
      }
    }
  };
  await Promise.all(Array.from({ length: ARRIVING }, worker));
  console.log(`everybody has signed in after ${((Date.now() - begun) / 1000).toFixed(1)} s`);
}

async function live(person, { end, members }) {
  const { tell } = tallies[person.mode];
  while (Date.now() < end) {
    await pause(THINKING, random);
    if (!person.isIn) {
      if (await person.signIn()) {
        tell('sign-in');
      }
      continue;
    }
    const what = random();
    if (what < 0.55) {
      await person.read();
    } else if (what < 0.75) {
      await person.readAtOnce(3);
    } else if (what < 0.85) {
      await person.read('/public');
    } else if (what >= 0.93) {
      await leave(person, members);
    } else if (await person.switchOrganization()) {
      tell('switch');
    }
  }
}

/** Signs out, and looks whether that holds: for the browser, and in a store also for whoever has copied its cookies. */
async function leave(person, members) {
  const { tell } = tallies[person.mode];
  const before = await person.signOut();
  if (before === undefined) {
    return;
  }
  tell('sign-out');
  const member = members[Math.floor(random() * members.length)];
  const copies = person.mode === 'store' ? [person.cookie(), before] : [person.cookie()];
  for (const copy of copies) {
    if (await isSomebody(member.ports[person.mode], copy)) {
      tell('back', 0, 'signed in after signing out');
    }
  }
}

function report(people, { refreshes, logins, reuse }) {
  const kinds = ['sign-in', 'own', 'switch', 'sign-out', ...WRONG];
  const head = ['sessions', 'people', ...kinds.map((kind) => NAMES[kind] ?? kind), 'slowest'];
  const rows = MODES.map((mode) => {
    const tally = tallies[mode];
    const number = people.filter((person) => person.mode === mode).length;
    return [
      mode,
      number,
      ...kinds.map((kind) => tally.of(kind)),
      `${(tally.slowest / 1000).toFixed(1)} s`,
    ];
  });
  console.log(`\n${table([head, ...rows])}\n`);
  console.log(
    `Kinde redeemed ${logins} codes and renewed ${refreshes} times; refresh tokens used twice: ${reuse}`,
  );
  const wrong = MODES.flatMap((mode) =>
    tallies[mode].samples.map((sample) => `${mode}, ${sample}`),
  );
  for (const line of grouped(wrong).slice(0, 20)) {
    console.log(`  ${line}`);
  }
  const total = MODES.reduce(
    (sum, mode) => sum + WRONG.reduce((all, kind) => all + tallies[mode].of(kind), 0),
    0,
  );
  const nothing = MODES.some((mode) => tallies[mode].of('own') === 0) || refreshes === 0;
  const isGood = total + reuse === 0 && !nothing;
  console.log(
    isGood
      ? 'Soak: held.'
      : `Soak: NOT held (${nothing ? 'nothing was answered' : `${total + reuse} times`}).`,
  );
  return isGood ? 0 : 1;
}
