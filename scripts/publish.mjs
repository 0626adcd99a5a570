// Publishes every package whose version is not on the registry yet, and tags it. Run by the release workflow, and by the
// rehearsal. The manifests get the address of the repository that runs this: provenance is refused without it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packages, run } from './workspace.mjs';

const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository } = process.env;

if (server && repository) {
  for (const { name, folder, manifest } of packages) {
    const address = { type: 'git', url: `git+${server}/${repository}.git`, directory: `packages/${name}` };
    writeFileSync(join(folder, 'package.json'), `${JSON.stringify({ ...manifest, repository: address }, null, 2)}\n`);
  }
}
await run('turbo', ['run', 'build']);
console.log(await run('changeset', ['publish']));
