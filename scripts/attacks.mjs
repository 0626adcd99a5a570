// Which cases of the attack catalogue have a test: `npm run attacks` prints covered / total per section and writes
// docs/reference/security.md. A test covers a case by naming its id in its title.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as prettier from 'prettier';

const root = fileURLToPath(new URL('..', import.meta.url));
const { sections, elsewhere } = JSON.parse(readFileSync(`${root}test/attacks.json`, 'utf8'));

const files = testsIn([
  'test',
  ...readdirSync(`${root}packages`).map((name) => `packages/${name}/test`),
]);
function testsIn(folders) {
  const inside = (folder) =>
    existsSync(root + folder)
      ? readdirSync(root + folder, { recursive: true }).map((file) => join(folder, file))
      : [];
  return folders
    .flatMap(inside)
    .filter((file) => file.endsWith('.test.ts'))
    .sort();
}
const found = new Map();
for (const file of files) {
  for (const [id] of readFileSync(root + file, 'utf8').matchAll(/\b[A-Z]{2}-\d{2}\b/g)) {
    found.set(id, (found.get(id) ?? new Set()).add(file));
  }
}

const rows = sections.map(({ name, cases }) => {
  const ids = Object.entries(cases).flatMap(([prefix, count]) =>
    Array.from({ length: count }, (_, index) => `${prefix}-${String(index + 1).padStart(2, '0')}`),
  );
  return {
    name,
    ids,
    covered: ids.filter((id) => found.has(id)),
    missing: ids.filter((id) => !found.has(id)),
  };
});
for (const { name, ids, covered, missing } of rows) {
  console.log(
    `${String(covered.length).padStart(3)} / ${String(ids.length).padStart(3)}  ${name}${missing.length > 0 && process.argv.includes('--missing') ? `: ${missing.join(' ')}` : ''}`,
  );
}
const total = rows.reduce((sum, { ids }) => sum + ids.length, 0);
const covered = rows.reduce((sum, row) => sum + row.covered.length, 0);
console.log(`${String(covered).padStart(3)} / ${total}  in all`);

const link = (file) => `[${file.split('/').at(-1)}](../../${file})`;
const page = `# Attack cases and their tests

Written by \`npm run attacks\`; do not edit. ${covered} of ${total} cases of the catalogue have a test that names them.

| section | covered | of |
| --- | --- | --- |
${rows.map(({ name, ids, covered: done }) => `| ${name} | ${done.length} | ${ids.length} |`).join('\n')}

## Cases without a test, and why

${Object.entries(elsewhere)
  .map(([ids, reason]) => `- **${ids}**: ${reason}`)
  .join('\n')}

## Where each case is tested

${rows
  .filter((row) => row.covered.length > 0)
  .map(
    ({ name, covered: done }) =>
      `### ${name}\n\n${done.map((id) => `- ${id}: ${[...found.get(id)].map(link).join(', ')}`).join('\n')}`,
  )
  .join('\n\n')}
`;
const target = `${root}docs/reference/security.md`;
const text = await prettier.format(page, {
  ...(await prettier.resolveConfig(target)),
  parser: 'markdown',
});
if (process.argv.includes('--check')) {
  const kept = readFileSync(target, 'utf8');
  if (kept !== text) {
    console.error('docs/reference/security.md is not what the tests say. Run: npm run attacks');
    process.exitCode = 1;
  }
} else {
  writeFileSync(target, text);
}
