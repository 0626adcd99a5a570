// What was promised, and whether it was measured. A goal whose work did not run, or failed, is not met; where both sides were
// started several times, the median decides.
const share = (value) => value.toFixed(2);

/** The range of what several starts found; '' where there was one. */
export function range(starts = [], text = share) {
  return starts.length > 1 ? `${text(Math.min(...starts))}–${text(Math.max(...starts))}` : '';
}

/** Rows `{ goal, wanted, measured, met }`. */
export function goals(results) {
  return [
    ...sessionGoals.map(([on, size, least]) => sessionGoal(results, { on, size, least })),
    ...bearerGoals(results),
    ...headerGoals(results),
    ...speedGoals(results),
    ...[1, 4].map((processes) => stampedeGoal(results.stampede ?? [], processes)),
    ...weightGoals(results),
    ...emulatorGoals(results),
  ];
}

const sessionGoals = [
  ['fastify', 1, 0.95],
  ['fastify', 1_000, 0.85],
  ['fastify', 10_000, 0.6],
  ['express', 1, 0.93],
  ['express', 1_000, 0.9],
  ['express', 10_000, 0.8],
];

function sessionGoal({ session }, { on, size, least }) {
  return atLeast(
    `session route on ${title(on)}, ${number(size)} session${size > 1 ? 's' : ''}`,
    least,
    kindling(session, on, COOKIE)?.loads?.[size],
  );
}

function bearerGoals({ bearer }) {
  const loads = kindling(bearer, 'fastify')?.loads;
  return [
    atLeast('bearer route on Fastify, one token', 0.9, loads?.['1']),
    atLeast('bearer route on Fastify, 1,000 tokens', 0.85, loads?.['1000']),
    atLeast('bearer route on Fastify, every token new', 0.3, loads?.['new']),
  ];
}

function headerGoals({ session, pack = [] }) {
  const ours = kindling(session, 'fastify', COOKIE);
  const large = pack.find(({ person, label }) => label === 'Kindling' && /^100/.test(person));
  return [
    atMost('session cookie', 2_000, ours?.cookie, bytes),
    atMost('response header of the callback that signs in', 2_600, ours?.head, bytes),
    atMost(
      '`Set-Cookie` with 100 permissions, 10 organizations, 10 flags',
      3_800,
      large?.lines,
      bytes,
    ),
  ];
}

function speedGoals({ lookup = [], login }) {
  const ratios = lookup.map(({ ratio }) => ratio);
  const ours = kindling(login, 'fastify', COOKIE);
  return [
    atMost('the slowest look-up, beside a plain object’s', 3, most(ratios), times),
    atMost('login, beside @fastify/secure-session’s', 1, ours?.ratio, share),
  ];
}

function weightGoals({ weight = [], versions }) {
  const core = weight.find(({ label }) => label === 'Kindling core');
  const counts = Object.entries(versions?.dependencies ?? {});
  const others = counts.filter(([name]) => name !== 'emulator').map(([, count]) => count);
  return [
    ...['fastify', 'express'].map((on) =>
      atMost(`first import, beyond ${title(on)}`, 40, kindling(weight, on)?.millis, millis),
    ),
    atMost('core in a bundle, gzipped', 25 * 1024, core?.gzipBytes, kb),
    atMost('dependencies of a package (the emulator apart)', 4, most(others), String),
  ];
}

/** Asked of no other: nothing else makes a local Kinde. */
function emulatorGoals({ emulator = [] }) {
  const ours = emulator.find(({ label }) => label === 'Kindling');
  if (!ours) {
    return [];
  }
  const { create, first, again, tenant, restart } = ours;
  return [
    atMost('createEmulator(), after the first', 5, create, millis),
    atMost('the local Kinde answers after Node’s start, the first time', 300, first, millis),
    atMost('the same, with what was kept', 300, again, millis),
    atMost('100,000 users: the sign-in page is there', 3_000, tenant.millis, millis),
    atMost('100,000 users: memory of the process', 400 * 2 ** 20, tenant.memory, kb),
    atMost('100,000 users that were kept: the same', 3_000, restart?.millis, millis),
    atMost('100,000 users that were kept: memory', 400 * 2 ** 20, restart?.memory, kb),
    atMost('100,000 users: the sign-in page', 50_000, tenant.bytes, kb),
  ];
}

const COOKIE = 'Kindling, cookie';

function kindling(rows = [], on, label = 'Kindling') {
  return rows.find((row) => row.on === on && row.label === label);
}

function atLeast(goal, least, load) {
  const { measured, ...rest } = row(
    goal,
    `≥ ${share(least)}`,
    load?.ratio,
    load?.ratio >= least,
    share,
  );
  return {
    ...rest,
    measured: load ? `${measured} (${range(load.starts) || 'one start'})` : measured,
  };
}

function atMost(goal, limit, value, text) {
  return row(goal, `≤ ${text(limit)}`, value, value <= limit, text);
}

/** The largest of some values; `undefined` where there is none. */
function most(values) {
  return values.length > 0 ? Math.max(...values) : undefined;
}

const millis = (value) => `${Math.round(value)} ms`;
const bytes = (value) => `${number(value)} bytes`;
const kb = (value) => `${(value / 1024).toFixed(1)} KB`;
const times = (value) => `${value.toFixed(1)} ×`;

function stampedeGoal(rows, processes) {
  const ours = rows.filter(({ ours: own }) => own).map((row) => row[processes]);
  const isGood = ours.length > 0 && ours.every((row) => row?.calls === 1 && row.failures === 0);
  const text = ours
    .filter(Boolean)
    .map((row) =>
      row.failed
        ? 'failed'
        : `${row.calls} call${row.calls === 1 ? '' : 's'}, ${row.failures} failures`,
    );
  return {
    goal: `200 requests on an ended token, ${processes === 1 ? 'one process' : `${processes} processes`}`,
    wanted: '1 call, 0 failures',
    measured: [...new Set(text)].join('; ') || '–',
    met: isGood,
  };
}

function row(goal, wanted, value, met, text) {
  return {
    goal,
    wanted,
    measured: Number.isFinite(value) ? text(value) : '–',
    met: Number.isFinite(value) && met,
  };
}

export const title = (on) => ({ fastify: 'Fastify', express: 'Express' })[on];
export const number = (value) => value.toLocaleString('en-US');
