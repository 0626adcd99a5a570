// Builds and packs every package into a folder, for scripts/publish.mjs, which runs where nothing is built.
//   node scripts/pack.mjs <folder>
// The manifests get the address of the repository that runs this: provenance is refused without it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packages, packAll } from './workspace.mjs';

const [folder] = process.argv.slice(2);
if (!folder) {
  throw new Error('Say where: node scripts/pack.mjs <folder>');
}
const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository } = process.env;

if (server && repository) {
  for (const { name, folder: place, manifest } of packages) {
    const address = {
      type: 'git',
      url: `git+${server}/${repository}.git`,
      directory: `packages/${name}`,
    };
    writeFileSync(
      join(place, 'package.json'),
      `${JSON.stringify({ ...manifest, repository: address }, null, 2)}\n`,
    );
  }
}
mkdirSync(folder, { recursive: true });
for (const [name, tarball] of await packAll(folder)) {
  console.log(`${name}: ${tarball}`);
}
