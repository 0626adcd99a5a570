import { readFileSync } from 'node:fs';
import { migration } from '@kindling/postgres';
import { Pool } from 'pg';
import { expect, test } from 'vitest';
import { databaseUrl, hasPostgres } from '../kit/services.js';

const read = (page: string) => readFileSync(`docs/${page}.md`, 'utf8');

/** The code of a page in this language. */
const blocksOf = (page: string, language: string) =>
  [...read(page).matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm'))].map(
    ([, code]) => code!,
  );

test.each([
  ['express', ['typescript', '@types/express', '@types/node']],
  ['fastify', ['typescript', '@types/node']],
])('the tutorial for %s installs what its editor needs, and says how to compile', (page, types) => {
  const [install = ''] = blocksOf(`tutorial/${page}`, 'sh');
  for (const name of types) {
    expect(install.split(/\s/)).toContain(name);
  }
  const [config = '{}'] = blocksOf(`tutorial/${page}`, 'json');
  expect(JSON.parse(config).compilerOptions).toMatchObject({
    module: 'nodenext',
    types: ['node'],
  });
});

test.each(['tutorial/express', 'tutorial/fastify', 'how-to/migrate'])(
  '%s says what stands in for req.user and req.session',
  (page) => {
    expect(read(page)).toMatch(/(req|request)\.user`.*(req|request)\.kinde\.user`/);
    expect(read(page)).toMatch(/(req|request)\.session[^|]*\|.*(req|request)\.kinde\.user\.id`/);
  },
);

test('the page on proxies says that trust proxy is not needed', () => {
  expect(read('how-to/proxies')).toMatch(/`trust proxy`[^.]*change nothing/);
});

test('the page on flags says what a misspelt code returns, and how to find it', () => {
  expect(read('how-to/flags')).toMatch(/isDefault: true[^]*compile error[^]*defineKinde/);
});

test('no snippet waits for Redis before the app listens', () => {
  const pages = ['docs/how-to/redis.md', 'docs/how-to/sessions.md', 'packages/redis/README.md'];
  for (const page of pages) {
    expect(readFileSync(page, 'utf8'), page).not.toMatch(/await [^;\n]*\.connect\(\)/);
  }
});

test('the page on toolchains has the messages that people search for', () => {
  for (const words of ['EBADENGINE', 'ERR_REQUIRE_ESM', 'TS1479', 'node20', 'nodenext']) {
    expect(read('how-to/toolchains')).toContain(words);
  }
});

test('Express 4 is accepted by the package manager', () => {
  const { peerDependencies } = JSON.parse(readFileSync('packages/express/package.json', 'utf8'));
  expect(peerDependencies.express).toMatch(/\^4\..*\|\|.*\^5/);
});

test.skipIf(!hasPostgres)('the SQL of the page runs in a database without its schema', async () => {
  const page = blocksOf('how-to/postgres', 'sql').find((sql) => sql.includes('CREATE SCHEMA'))!;
  const schema = `newcomer_${process.pid}`;
  const pool = new Pool({ connectionString: databaseUrl });
  try {
    await pool.query(page.replace('app', schema));
    await pool.query(migration({ table: `${schema}.kinde_sessions` }));
    await pool.query(`SELECT * FROM ${schema}.kinde_sessions_groups`);
  } finally {
    await pool.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
    await pool.end();
  }
});
