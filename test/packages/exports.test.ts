import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

/** Those that are published. */
const folders = readdirSync('packages').filter(
  (name) =>
    existsSync(`packages/${name}/package.json`) &&
    !JSON.parse(readFileSync(`packages/${name}/package.json`, 'utf8')).private,
);
const entries = folders.flatMap((name) => {
  const { name: full, exports } = JSON.parse(readFileSync(`packages/${name}/package.json`, 'utf8'));
  return Object.entries<string>(exports)
    .filter(([entry, file]) => file.endsWith('.ts') && !entry.includes('*'))
    .map(([entry, file]) => ({
      entry: full + entry.slice(1),
      file: `../../packages/${name}/${file}`,
    }));
});

// After a change that is meant: npx vitest run test/packages --update, and a changeset that tells people.
test('what each package exports at run time changes only on purpose', async () => {
  const exported: Record<string, string[]> = {};
  for (const { entry, file } of entries) {
    exported[entry] = Object.keys(await import(file)).sort();
  }
  await expect(`${JSON.stringify(exported, null, 2)}\n`).toMatchFileSnapshot('exports.json');
});
