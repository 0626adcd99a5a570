// What was promised, and whether it was measured. A goal whose work did not run, or failed, is not met; where both sides were
// started several times, the median decides.
const share = (value) => value.toFixed(2);

/** The range of what several starts found; '' where there was one. */
export function range(starts = [], text = share) {
  return starts.length > 1 ? `${text(Math.min(...starts))}–${text(Math.max(...starts))}` : '';
}

/** Rows `{ goal, wanted, measured, met }`. */
export function goals(results) {
  const {
    session = [],
    bearer = [],
    pack = [],
    lookup = [],
    login = [],
    stampede = [],
    weight = [],
    versions,
  } = results;
  const kindling = (rows, on, label = 'Kindling') =>
    rows.find((row) => row.on === on && row.label === label);
  const atLeast = (goal, least, load) => {
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
  };
  const atMost = (goal, most, value, text) =>
    row(goal, `≤ ${text(most)}`, value, value <= most, text);
  const sessionOf = (on, size) => kindling(session, on, 'Kindling, cookie')?.loads?.[size];
  const bearerOf = (load) => kindling(bearer, 'fastify')?.loads?.[load];
  const millis = (value) => `${Math.round(value)} ms`;
  const bytes = (value) => `${number(value)} bytes`;
  const kb = (value) => `${(value / 1024).toFixed(1)} KB`;
  const most = Math.max(...lookup.map(({ ratio }) => ratio));
  const counts = Object.entries(versions?.dependencies ?? {});
  return [
    ...sessionGoals.map(([on, size, least]) =>
      atLeast(
        `session route on ${title(on)}, ${number(size)} session${size > 1 ? 's' : ''}`,
        least,
        sessionOf(on, size),
      ),
    ),
    atLeast('bearer route on Fastify, one token', 0.9, bearerOf('1')),
    atLeast('bearer route on Fastify, 1,000 tokens', 0.85, bearerOf('1000')),
    atLeast('bearer route on Fastify, every token new', 0.3, bearerOf('new')),
    atMost(
      'session cookie',
      2_000,
      kindling(session, 'fastify', 'Kindling, cookie')?.cookie,
      bytes,
    ),
    atMost(
      'response header of the callback that signs in',
      2_600,
      kindling(session, 'fastify', 'Kindling, cookie')?.head,
      bytes,
    ),
    atMost(
      '`Set-Cookie` with 100 permissions, 10 organizations, 10 flags',
      3_800,
      pack.find(({ person, label }) => label === 'Kindling' && /^100/.test(person))?.lines,
      bytes,
    ),
    atMost(
      'the slowest look-up, beside a plain object’s',
      3,
      lookup.length > 0 ? most : undefined,
      (n) => `${n.toFixed(1)} ×`,
    ),
    atMost(
      'login, beside @fastify/secure-session’s',
      1,
      kindling(login, 'fastify', 'Kindling, cookie')?.ratio,
      share,
    ),
    ...[1, 4].map((processes) => stampedeGoal(stampede, processes)),
    ...['fastify', 'express'].map((on) =>
      atMost(`first import, beyond ${title(on)}`, 40, kindling(weight, on)?.millis, millis),
    ),
    atMost(
      'core in a bundle, gzipped',
      25 * 1024,
      weight.find(({ label }) => label === 'Kindling core')?.gzipBytes,
      kb,
    ),
    atMost(
      'dependencies of a package (the emulator apart)',
      4,
      counts.length > 0
        ? Math.max(...counts.filter(([name]) => name !== 'emulator').map(([, n]) => n))
        : undefined,
      String,
    ),
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
