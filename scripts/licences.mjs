// Writes docs/reference/licences.md: what is installed along with each package, and under which licence. Fails for a licence
// that is not on the list below. With --check it compares instead of writing.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dependenciesOf, packages, root } from './workspace.mjs';

/** Licences that ask for no more than to be kept with the code. */
const ALLOWED = [
  'MIT',
  'ISC',
  '0BSD',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
  'BlueOak-1.0.0',
  // node-forge: the first of the two is what it is used under.
  '(BSD-3-Clause OR GPL-2.0)',
];
const FILE = join(root, 'docs/reference/licences.md');

const ours = new Set(packages.map(({ manifest }) => manifest.name));
const found = new Map();
for (const pkg of packages) {
  for (const { manifest } of dependenciesOf(pkg).values()) {
    if (ours.has(manifest.name)) {
      continue;
    }
    const row = found.get(manifest.name) ?? {
      licence: manifest.license ?? 'none named',
      users: new Set(),
    };
    found.set(manifest.name, { ...row, users: row.users.add(pkg.name) });
  }
}
const rows = [...found]
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([name, { licence, users }]) => [`\`${name}\``, licence, [...users].join(', ')]);

const page = `# Licences

What comes along with the packages, directly or through something else, without their peers. All of it may be used like
Kindling itself, which is [MIT](../../LICENSE). \`npm run licences\` writes this page; anything but
${ALLOWED.slice(0, -1).join(', ')} or ${ALLOWED.at(-1)} fails in CI.

${tableOf([['package', 'licence', 'comes with'], ...rows])}`;

const refused = [...found].filter(([, { licence }]) => !ALLOWED.includes(licence));
for (const [name, { licence }] of refused) {
  console.error(`${name} is under ${licence}, which is not on the list.`);
}
if (refused.length > 0) {
  process.exitCode = 1;
} else if (!process.argv.includes('--check')) {
  writeFileSync(FILE, page);
} else if (readFileSync(FILE, 'utf8') !== page) {
  console.error('docs/reference/licences.md is not what is installed. Run: npm run licences');
  process.exitCode = 1;
}

/** A Markdown table as Prettier writes it. */
function tableOf([head, ...body]) {
  const widths = head.map((_, column) =>
    Math.max(...[head, ...body].map((row) => row[column].length)),
  );
  const line = (row) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |\n`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('');
}
