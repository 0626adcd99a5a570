// RESULTS.md, made of results.json and nothing else.
import { goals, number, range, title } from './goals.mjs';

const kb = (bytes) => (bytes === undefined ? '–' : number(Math.round(bytes / 1024)));
const two = (value) => (value === undefined ? '–' : value.toFixed(2));
const bytes = (value) => (value === undefined ? '–' : number(value));

export function report(results) {
  const { date, machine, versions } = results;
  const sections = Object.entries(writers)
    .filter(([name]) => results[name])
    .map(([name, write]) => {
      const [title, ...rest] = write(results[name]);
      const day = results.measured[name];
      return [day === date ? title : `${title} (${day})`, ...rest].join('\n\n');
    });
  return `${[
    '# Results',
    `Measured on ${date} with \`npm run bench\`: ${machine.cpu}, ${machine.cores} cores, ${machine.system}, Node ${machine.node.slice(1)}. ${
      machine.pinned
        ? 'The server has one core, load and issuer another.'
        : 'Server and load share their cores.'
    } The numbers of a table come from one run, in rounds that alternate with what they are compared to. Written by the command: do not edit.`,
    '## Goals',
    table(
      ['', 'goal', 'measured', ''],
      goals(results).map(({ goal, wanted, measured, met }) => [
        goal,
        wanted,
        measured,
        met ? 'met' : '**missed**',
      ]),
    ),
    ...sections,
    '## Versions',
    Object.entries(versions.peers)
      .map(([name, version]) => `\`${name}\` ${version}`)
      .join(', '),
  ].join('\n\n')}\n`;
}

const writers = {
  session: (rows) => [
    '## Session route',
    `A signed-in \`GET\` that answers who is calling and what they may. Share of the bare framework’s requests per second of the server’s CPU, both with the same requests, in the quieter rounds of each, with one session and with that many different ones in turn. ${overStarts(rows)}`,
    'The last two columns are the `Cookie` header of each request, and the whole response header of the callback that starts the session.',
    ...['fastify', 'express'].map((on) =>
      table(
        [
          `on ${title(on)}`,
          'one',
          '1,000',
          '10,000',
          'µs CPU, one',
          'cookie, bytes',
          'sign-in, bytes',
        ],
        rows
          .filter((row) => row.on === on)
          .sort(byShare('1'))
          .map((row) =>
            failing(row, 6, (loads) => [
              ...['1', '1000', '10000'].map((size) => share(loads[size])),
              loads[1].micros.toFixed(0),
              bytes(row.cookie),
              bytes(row.head),
            ]),
          ),
      ),
    ),
  ],
  bearer: (rows) => [
    '## Bearer route',
    `A \`GET\` with an access token of Kinde’s, measured as the session route. ${overStarts(rows)} The last column names bad tokens that were answered.`,
    table(
      ['', 'on', 'one token', '1,000', 'every one new', 'accepts'],
      rows
        .sort(byShare('1000'))
        .map((row) =>
          failing(row, 4, (loads) => [
            title(row.on),
            ...['1', '1000', 'new'].map((size) => share(loads[size])),
            row.accepts.length > 0 ? `**${row.accepts.join(', ')}**` : 'none',
          ]),
        ),
    ),
  ],
  pack: (rows) => [
    '## A session, sealed and opened',
    `Without a server, in microseconds of CPU: a known session is written into a new cookie, a process opens one for the first time, and a request brings one that is known. ${overStarts(rows)}`,
    table(
      [
        '',
        'claims',
        'written, µs',
        'opened, µs',
        'known, µs',
        'cookie, bytes',
        'cookies',
        '`Set-Cookie`, bytes',
      ],
      rows.map((row) =>
        row.failed
          ? [row.label, row.person, oneLine(row.failed), ...Array(5).fill('–')]
          : [
              row.label,
              row.person,
              micros(row.seal, 1),
              micros(row.open, 1),
              micros(row.known, 2),
              bytes(row.cookie),
              String(row.cookies),
              bytes(row.lines),
            ],
      ),
    ),
  ],
  lookup: (rows) => [
    '## Look-ups',
    table(
      ['', 'plain object, ns', 'Kindling, ns', 'ratio'],
      rows.map(({ name, plain, ours, ratio }) => [
        name,
        plain.toFixed(1),
        ours.toFixed(1),
        ratio.toFixed(1),
      ]),
    ),
  ],
  login: (rows) => [
    '## Login',
    'From the link to the session: the server’s CPU, and its ratio to `@fastify/secure-session` with `openid-client`.',
    table(
      ['', 'on', 'ms CPU', 'ratio'],
      rows
        .sort((a, b) => (a.millis ?? Infinity) - (b.millis ?? Infinity))
        .map((row) => [
          row.label,
          title(row.on),
          two(row.millis),
          row.failed ? oneLine(row.failed) : two(row.ratio),
        ]),
    ),
  ],
  stampede: (rows) => [
    '## 200 requests on an ended token',
    'Refreshes that reached the issuer, and requests that failed. Using a refresh token twice ends the login, as it does at Kinde. Sessions kept in one process’s memory cannot be used in four.',
    table(
      ['', 'on', 'calls', 'failed', 'login ended', 'calls, 4 processes', 'failed', 'login ended'],
      rows.map((row) => [
        row.label,
        title(row.on),
        ...[1, 4].flatMap((processes) => stampeded(row[processes])),
      ]),
    ),
  ],
  weight: (rows) => [
    '## Weight',
    'Beyond the bare framework: the first import, what an installation brings, and one minified file with everything in it.',
    table(
      [
        '',
        'on',
        'import, ms',
        'memory, KB',
        'packages',
        'installed, KB',
        'bundle, KB',
        'gzipped, KB',
      ],
      rows.map((row) => [
        row.label,
        title(row.on) ?? '–',
        row.millis?.toFixed(0) ?? '–',
        kb(row.memory),
        String(row.packageCount),
        kb(row.installedBytes),
        kb(row.bundleBytes),
        kb(row.gzipBytes),
      ]),
    ),
  ],
  emulator: (rows) => [
    '## The local Kinde',
    '`createEmulator()` in a process that made one before; the command line from the start of Node until it prints its address, beyond an empty Node, in a new project and in one that it was started in before; and a tenant of 100,000 users from a JSON file until its sign-in page is there; once more from the kept state, and written to it.',
    table(
      [
        '',
        'create, ms',
        'first start, ms',
        'later, ms',
        'tenant, ms',
        'memory, KB',
        'page, KB',
        'kept, ms',
        'its memory, KB',
      ],
      rows.map(({ label, create, first, again, tenant, restart }) => [
        label,
        create.toFixed(1),
        first.toFixed(0),
        again.toFixed(0),
        tenant.millis.toFixed(0),
        kb(tenant.memory),
        kb(tenant.bytes),
        restart.millis.toFixed(0),
        kb(restart.memory),
      ]),
    ),
  ],
  crowd: (rows) => [
    '## A million sessions',
    'With `session.store`: a sealed record for each, and its place in a person’s and an organization’s group.',
    table(
      ['store', 'sessions', 'bytes each', 'round trips per request'],
      rows.map((row) =>
        row.failed
          ? [row.label, oneLine(row.failed), '–', '–']
          : [row.label, number(row.count), number(row.bytes), row.trips.toFixed(2)],
      ),
    ),
  ],
};

const withRange = (middle, starts, text) => {
  const between = range(starts, text);
  return between ? `${text(middle)} (${between})` : text(middle);
};
const share = (load) => (load ? withRange(load.ratio, load.starts, two) : '–');
const micros = ({ micros, starts }, digits) =>
  withRange(micros, starts, (value) => value.toFixed(digits));

/** How often both sides were started, for a table's reader. */
function overStarts(rows) {
  const found = rows.flatMap(({ loads, known }) => Object.values(loads ?? {}).concat(known ?? []));
  const starts = Math.max(1, ...found.map((one) => one.starts?.length ?? 1));
  return starts > 1
    ? `Each is the median over ${starts} starts, in brackets its range.`
    : 'Each is of one start, and another start may find up to 0.12 more or less.';
}

const byShare = (size) => (a, b) => (b.loads?.[size]?.ratio ?? 0) - (a.loads?.[size]?.ratio ?? 0);
const oneLine = (text) => text.split('\n')[0].slice(0, 120);

/** A row's cells, or why there are none. */
function failing(row, columns, write) {
  const cells = row.failed
    ? [oneLine(row.failed), ...Array(columns - 1).fill('–')]
    : write(row.loads);
  return [row.label, ...cells];
}

function stampeded(row) {
  if (!row) {
    return ['–', '–', '–'];
  }
  if (row.failed) {
    return [oneLine(row.failed), '–', '–'];
  }
  return [String(row.calls), String(row.failures), row.revoked ? 'yes' : 'no'];
}

function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [
    line(head),
    line(head.map((_, index) => (index === 0 ? '---' : '---:'))),
    ...rows.map(line),
  ].join('\n');
}
