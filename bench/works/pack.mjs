// What a session costs where it is sealed and opened: for the person of the other works, and for one about whom Kinde has
// much to say.
import { createHash } from 'node:crypto';
import { median } from '../lib/load.mjs';
import { withBeside } from '../lib/ours.mjs';
import { runApart } from '../lib/processes.mjs';
import { howOften } from '../lib/starts.mjs';

const file = new URL('../lib/sealing.mjs', import.meta.url);

/** Claims of the access and the ID token beside the usual ones. */
const people = [
  { person: 'as in the other tables', claims: {} },
  { person: '100 permissions, 10 organizations, 10 flags', claims: claimsOfMany() },
];

function claimsOfMany() {
  const things = [
    ...[
      'accounts',
      'approvals',
      'audits',
      'branches',
      'budgets',
      'contacts',
      'contracts',
      'customers',
      'devices',
    ],
    ...[
      'discounts',
      'documents',
      'employees',
      'exports',
      'files',
      'folders',
      'invoices',
      'licences',
      'locations',
    ],
    ...['members', 'messages', 'orders', 'payments', 'products', 'projects', 'reports'],
  ];
  const permissions = ['create', 'read', 'update', 'delete'].flatMap((verb) =>
    things.map((one) => `${verb}:${one}`),
  );
  // Codes that Kinde makes are as good as random.
  const codes = Array.from(
    { length: 10 },
    (_, n) => `org_${createHash('sha256').update(`${n}`).digest('hex').slice(0, 11)}`,
  );
  const flags = {
    theme: { t: 's', v: 'dark' },
    plan: { t: 's', v: 'enterprise' },
    region: { t: 's', v: 'eu-west-1' },
    beta: { t: 'b', v: true },
    new_editor: { t: 'b', v: true },
    audit_log: { t: 'b', v: true },
    maintenance_banner: { t: 'b', v: false },
    seats: { t: 'i', v: 250 },
    upload_limit_mb: { t: 'i', v: 512 },
    api_requests_per_minute: { t: 'i', v: 6000 },
  };
  return {
    access: { permissions, feature_flags: flags, org_code: codes[0] },
    id: { org_codes: codes },
  };
}

export async function pack({ quick, note, only, beside }) {
  const rows = withBeside([{ label: 'Kindling', ours: true }], beside)
    .filter(({ label }) => only(label))
    .flatMap((build) =>
      people.map(({ person, claims }) => ({ row: { ...build, person }, claims, found: [] })),
    );
  if (rows.length === 0) {
    return [];
  }
  const { starts } = howOften(quick);
  for (let start = 0; start < starts; start++) {
    note(`pack: start ${start + 1} of ${starts}`);
    for (const { row, claims, found } of start % 2 ? [...rows].reverse() : rows) {
      const message = { beside: row.beside, claims, rounds: quick ? 24 : 60 };
      found.push(await runApart(file, message).catch((error) => ({ failed: error.message })));
    }
  }
  return rows.map(({ row, found }) => ({ ...row, ...summary(found) }));
}

/** Sizes as they came, times as median and as all that was found. */
function summary(found) {
  const failed = found.find((one) => one.failed);
  if (failed) {
    return failed;
  }
  const timed = (name) => ({
    micros: median(found.map((one) => one[name])),
    starts: found.map((one) => one[name]),
  });
  const { cookie, cookies, lines } = found[0];
  return {
    cookie,
    cookies,
    lines,
    seal: timed('seal'),
    open: timed('open'),
    known: timed('known'),
  };
}
