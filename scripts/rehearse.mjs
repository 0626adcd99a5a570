// Rehearses releases: what is committed is versioned, built and published to a registry on this machine, installed by a fresh
// project and used; then one package changes, and the project upgrades. Touches neither the tree nor npm's configuration.
//   pnpm release:rehearse
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { packages, readJson, root, run, withFolder } from './workspace.mjs';

/** The last verdaccio for Node 20, with the one dependency that it asks for by a tag that not every mirror has. */
const REGISTRY = {
  private: true,
  dependencies: { verdaccio: '6.8.0' },
  overrides: { 'node-fetch': '2.7.0' },
};

await withFolder(async (scratch) => {
  const registry = await startRegistry(join(scratch, 'registry'));
  try {
    const release = await checkOut(join(scratch, 'release'), registry);
    const first = await release();
    console.table(first);
    const project = await startProject(join(scratch, 'project'), registry);
    console.log(`Installed and used: ${await project.use()}`);

    const second = await release('claims');
    console.table(second);
    mustBe(
      second.filter(({ published }) => published).map(({ name }) => name),
      touchedBy('@kindling/claims', first),
    );
    await project.upgrade();
    console.log(`Upgraded and used: ${await project.use()}`);

    const third = await release();
    mustBe(third.filter(({ published }) => published).length, 0);
    console.log('A release without changesets publishes nothing.');
  } finally {
    await registry.stop();
  }
});

/** What a new minor version of a package brings new versions of: before 1.0 it is outside of `^`, so also what depends on it. */
function touchedBy(changed, released) {
  const isEarly = released.find(({ name }) => name === changed).after.startsWith('0.');
  return packages
    .map(({ manifest }) => manifest)
    .filter(
      ({ name, dependencies = {} }) =>
        name === changed || (isEarly && Object.hasOwn(dependencies, changed)),
    )
    .map(({ name }) => name);
}

function mustBe(actual, expected) {
  const [is, should] = [actual, expected].map((value) => JSON.stringify(value));
  if (is !== should) {
    throw new Error(`Published: ${is}. Expected: ${should}.`);
  }
}

/** A registry that keeps our packages to itself and asks npm's configured one for all others. */
async function startRegistry(folder) {
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), JSON.stringify(REGISTRY));
  const flags = [
    '--no-audit',
    '--no-fund',
    '--prefer-offline',
    '--ignore-scripts',
    '--loglevel=error',
  ];
  await run('npm', ['install', ...flags], { cwd: folder });
  const upstream = (await run('npm', ['config', 'get', 'registry'], { cwd: folder }))
    .trim()
    .split('\n')
    .at(-1);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const config = {
    storage: join(folder, 'storage'),
    uplinks: { upstream: { url: upstream, timeout: '60s', maxage: '30m' } },
    packages: {
      '@kindling/*': { access: '$all', publish: '$all' },
      '**': { access: '$all', proxy: 'upstream' },
    },
    auth: { htpasswd: { file: join(folder, 'htpasswd') } },
    log: { type: 'stdout', level: 'error' },
    max_body_size: '20mb',
  };
  writeFileSync(join(folder, 'config.yaml'), JSON.stringify(config));
  const args = [
    join(folder, 'node_modules/verdaccio/bin/verdaccio'),
    '--config',
    'config.yaml',
    '--listen',
    url,
  ];
  const server = spawn(process.execPath, args, {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const gone = new Promise((resolve) => server.once('exit', resolve));
  const stop = () => server.kill() && gone;
  for (let attempt = 0; !(await answers(url)); attempt++) {
    if (attempt === 150 || server.exitCode !== null) {
      await stop();
      throw new Error('The registry does not start.');
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return { stop, env: environment(folder, url) };
}

/** npm's configuration for everything here: the token is only there because npm publishes nothing without one. */
function environment(folder, url) {
  const userconfig = join(folder, 'npmrc');
  writeFileSync(userconfig, `registry=${url}\n//${new URL(url).host}/:_authToken=rehearsal\n`);
  const cache = join(folder, 'cache');
  return {
    ...{ npm_config_userconfig: userconfig, npm_config_registry: url, npm_config_cache: cache },
    ...{
      NPM_CONFIG_USERCONFIG: userconfig,
      npm_config_provenance: 'false',
      npm_config_audit: 'false',
    },
    ...{
      GITHUB_SERVER_URL: '',
      GITHUB_REPOSITORY: '',
      npm_config_fund: 'false',
      npm_config_loglevel: 'error',
    },
  };
}

async function answers(url) {
  const reply = await fetch(`${url}-/ping`).catch(() => undefined);
  return reply?.ok === true;
}

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** The committed state in a folder of its own. Answers how to release it, after a change of one package if there is one. */
async function checkOut(folder, { env }) {
  await run('git', ['clone', '--quiet', '--no-hardlinks', root, folder]);
  await run('pnpm', ['install', '--frozen-lockfile', '--prefer-offline'], { cwd: folder });
  const bin = { PATH: `${join(folder, 'node_modules/.bin')}:${process.env.PATH}` };
  const git = (...args) =>
    run('git', ['-c', 'user.name=rehearsal', '-c', 'user.email=@', ...args], { cwd: folder });
  const versions = async () => {
    const listed = JSON.parse(
      await run('pnpm', ['-r', 'ls', '--depth', '-1', '--json'], { cwd: folder }),
    );
    return new Map(
      listed.filter((one) => !one.private).map(({ name, version }) => [name, version]),
    );
  };
  return async (changed) => {
    const before = await versions();
    if (changed) {
      const entry = join(folder, 'packages', changed, 'src/index.ts');
      writeFileSync(
        entry,
        `${readFileSync(entry, 'utf8')}\n/** For the rehearsal. */\nexport const rehearsed = true;\n`,
      );
      const note = `---\n'@kindling/${changed}': minor\n---\n\nA rehearsed change.\n`;
      writeFileSync(join(folder, '.changeset/rehearsal.md'), note);
    }
    await run('changeset', ['version'], { cwd: folder, env: bin });
    await git('commit', '--quiet', '--all', '--allow-empty', '--message', 'Versions');
    const tarballs = mkdtempSync(`${folder}-tarballs-`);
    await run(process.execPath, ['scripts/pack.mjs', tarballs], {
      cwd: folder,
      env: { ...env, ...bin },
    });
    const log = await publish(folder, tarballs, env);
    const after = await versions();
    return [...after].map(([name, version]) => ({
      ...{ name, before: before.get(name), after: version },
      published: log.includes(`${name}@${version}`),
    }));
  };
}

/** As the workflow does it: the script alone, in a folder where nothing is installed. */
function publish(folder, tarballs, env) {
  const alone = mkdtempSync(`${tarballs}-alone-`);
  cpSync(join(folder, 'scripts/publish.mjs'), join(alone, 'publish.mjs'));
  return run(process.execPath, ['publish.mjs', tarballs], { cwd: alone, env });
}

/** Somebody's project: Express, the local Kinde, and a page for whoever signed in. */
async function startProject(folder, { env }) {
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  cpSync(join(root, 'scripts/trials/sign-in.mjs'), join(folder, 'app.mjs'));
  const npm = (...args) => run('npm', args, { cwd: folder, env });
  await npm('install', 'express@5', '@kindling/express', '@kindling/claims', '@kindling/emulator');
  const versionOf = (name) =>
    `${name} ${readJson(join(folder, 'node_modules', name, 'package.json')).version}`;
  return {
    upgrade: () =>
      npm(
        'install',
        '@kindling/express@latest',
        '@kindling/claims@latest',
        '@kindling/core@latest',
      ),
    async use() {
      const answer = await run(process.execPath, ['app.mjs'], { cwd: folder });
      const names = ['claims', 'core', 'express', 'emulator'].map((name) =>
        versionOf(`@kindling/${name}`),
      );
      return `${answer.trim()} (${names.join(', ')})`;
    },
  };
}
