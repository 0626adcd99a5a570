// The process of works/pack.mjs: what sealing and opening a session takes, without a server around it.
import { createLocalKinde } from './local.mjs';
import { quiet } from './load.mjs';

/** Different sessions of one round, and questions about known ones. */
const SESSIONS = 100;
const QUESTIONS = 20_000;

/** Seconds after which an active session is to be written again (a tenth of this), while its tokens are still fresh. */
const IDLE = 600;

process.once('message', async (message) => process.send(await measure(message)));
process.on('disconnect', () => process.exit());

async function measure({ beside, claims, rounds }) {
  const local = await createLocalKinde({ session: { idle: IDLE } }, { beside, claims });
  const signIns = [];
  for (let n = 0; n <= SESSIONS; n++) {
    signIns.push(await local.signIn());
  }
  const [first, ...cookies] = signIns.map(({ cookie }) => cookie);
  const times = { open: [], known: [], seal: [] };
  for (let round = 0; round < rounds; round++) {
    // One that has opened nothing yet but a session that makes it derive its keys.
    const kinde = local.create();
    const who = entrance(kinde);
    await who(first);
    times.open.push(await micros(cookies, async (cookie) => assertOf(await who(cookie))));
    times.known.push(knownMicros(who, cookies));
    const written = () => micros(cookies, (cookie) => writeAgain(kinde, cookie));
    times.seal.push(await later(IDLE / 5, written));
  }
  // What is not compiled yet is not what a server does.
  const settled = ([name, some]) => [name, quiet(some.slice(rounds >> 2))];
  const [{ cookie, lines }] = signIns;
  const sizes = {
    cookie: cookie.length,
    cookies: cookie.split('; ').length,
    lines: lines.join('').length,
  };
  return { ...sizes, ...Object.fromEntries(Object.entries(times).map(settled)) };
}

/** Who is calling with a cookie, asked as adapters ask; at once where that is known. */
function entrance(kinde) {
  if (!kinde.enter) {
    return (cookie) => kinde.recall({ cookie }, async () => undefined);
  }
  return (cookie) => {
    const headers = { get: (name) => (name === 'cookie' ? cookie : null) };
    const outlet = { setCookies() {}, canSetCookies: true };
    const entered = kinde.enter({ method: 'GET', url: '/me', headers }, outlet);
    return entered instanceof Promise ? entered.then(({ caller }) => caller) : entered.caller;
  };
}

/** Microseconds of CPU for each of some things that are done one after the other. */
async function micros(list, take) {
  const before = process.cpuUsage();
  for (const one of list) {
    await take(one);
  }
  return since(before) / list.length;
}

function knownMicros(who, cookies) {
  const before = process.cpuUsage();
  for (let n = 0; n < QUESTIONS; n++) {
    assertOf(who(cookies[n % SESSIONS]));
  }
  return since(before) / QUESTIONS;
}

function since(before) {
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** Also refuses a promise, which a known session must not take. */
function assertOf(caller) {
  if (caller?.isAuthenticated !== true) {
    throw new Error('a session was not known at once');
  }
}

/** The same session in a new cookie, since it has been used. */
async function writeAgain(kinde, cookie) {
  const headers = { get: (name) => (name === 'cookie' ? cookie : null) };
  const { auth, cookies } = await kinde.authenticate({ method: 'GET', url: '/me', headers });
  if (!auth.isAuthenticated || cookies.length === 0) {
    throw new Error('a session was not written again');
  }
}

/** Does something as if it were some seconds later. */
async function later(seconds, take) {
  const { now } = Date;
  Date.now = () => now() + seconds * 1000;
  try {
    return await take();
  } finally {
    Date.now = now;
  }
}
