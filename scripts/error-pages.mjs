import { cpSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// The pages to which errors link are published with core.
const root = new URL('../', import.meta.url);
const to = new URL('packages/core/errors/', root);
rmSync(to, { recursive: true, force: true });
cpSync(fileURLToPath(new URL('docs/errors/', root)), fileURLToPath(to), {
  recursive: true,
  filter: (path) => !path.includes('management'),
});
