import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

// The pages to which errors link are published with core. What they link to in other folders is not.
const from = new URL('../docs/errors/', import.meta.url);
const to = new URL('../packages/core/errors/', import.meta.url);
rmSync(to, { recursive: true, force: true });
mkdirSync(to);
for (const page of readdirSync(from).filter((name) => name.endsWith('.md'))) {
  const text = readFileSync(new URL(page, from), 'utf8');
  writeFileSync(new URL(page, to), text.replace(/\[([^\]]+)\]\((\.\.|management)\/[^)]*\)/g, '$1'));
}
