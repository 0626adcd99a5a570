// Publishes the tarballs of a folder whose versions are not on the registry yet.
//   node scripts/publish.mjs <folder>
// It runs where publishing is allowed, so it needs Node and npm and nothing that was installed: no other file of this
// repository, no script of a package.
import { execFile } from 'node:child_process';
import { appendFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const [folder] = process.argv.slice(2);
const run = promisify(execFile);
const tarballs = readdirSync(folder).filter((file) => file.endsWith('.tgz'));
if (tarballs.length === 0) {
  throw new Error(`There are no tarballs in ${folder}.`);
}

const all = await Promise.all(tarballs.map(read));
const published = [];
for (const { id, tarball } of inOrder(all)) {
  if (await isPublished(id)) {
    continue;
  }
  await run('npm', ['publish', tarball, '--access', 'public', '--ignore-scripts']);
  console.log(`Published ${id}`);
  published.push(id);
}
if (process.env.GITHUB_OUTPUT) {
  appendFileSync(process.env.GITHUB_OUTPUT, `published=${published.join(' ')}\n`);
}

/** What a tarball says it is. */
async function read(file) {
  const tarball = join(folder, file);
  const { stdout } = await run('tar', ['-xzOf', tarball, 'package/package.json']);
  const { name, version, dependencies = {} } = JSON.parse(stdout);
  const id = `${name}@${version}`;
  if (!/^@kindling\/[a-z-]+@\d+\.\d+\.\d+(-[\w.]+)?$/.test(id)) {
    throw new Error(`${file} is ${JSON.stringify(id)}.`);
  }
  return { id, name, tarball, needs: Object.keys(dependencies) };
}

/** What others need comes first, so that what is on the registry can be installed at every moment. */
function inOrder(given) {
  const sorted = new Set();
  const add = (one) => {
    for (const name of one.needs) {
      given.filter((other) => other.name === name && !sorted.has(other)).forEach(add);
    }
    sorted.add(one);
  };
  given.forEach(add);
  return sorted;
}

async function isPublished(id) {
  try {
    await run('npm', ['view', id, 'version', '--prefer-online']);
    return true;
  } catch (cause) {
    if (/E404/.test(cause.stderr)) {
      return false;
    }
    throw new Error(`Whether ${id} is published cannot be found out.`, { cause });
  }
}
