import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createEmulator, type Emulator } from '@kindling/emulator';
import { migration } from '@kindling/postgres';
import { Pool } from 'pg';
import { createClient } from 'redis';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { SITE } from './kit/apps.js';
import { createBrowser, type Browser } from './kit/browser.js';
import { send } from './kit/http.js';
import { served, startedApp } from './kit/pages.js';
import { databaseUrl, hasPostgres, hasRedisServerBinary, startRedis } from './kit/services.js';
import {
  allPages,
  joined,
  moduleOf,
  overlookedIn,
  problemsOf,
  snippetsOf,
  written,
} from './kit/snippets.js';

/** Pages whose snippets go on where the one before ended: together they are one module. */
const PROGRAMS = [
  'docs/how-to/management.md',
  'docs/how-to/postgres.md',
  'packages/management/README.md',
];
const pages = allPages();
const snippets = pages.flatMap((page) => {
  const found = snippetsOf(page);
  return PROGRAMS.includes(page) ? [joined(found)] : found;
});
const { files, remove } = written('snippets-docs', snippets.map(moduleOf));
const frameworks = ['express', 'fastify'] as const;
/** Pages that begin with a whole app: it is the first snippet that imports the framework. */
const QUICK_STARTS = [
  ['README.md', 'express'],
  ['README.md', 'fastify'],
  ['packages/express/README.md', 'express'],
  ['packages/fastify/README.md', 'fastify'],
  ['docs/tutorial/express.md', 'express'],
  ['docs/tutorial/fastify.md', 'fastify'],
] as const;
const starts = written(
  'snippets-starts',
  QUICK_STARTS.map(
    ([page, name]) =>
      snippets.find((snippet) => snippet.page === page && snippet.code.includes(`from '${name}';`))!
        .code,
  ),
);
const folder = mkdtempSync(join(tmpdir(), 'kindling-docs-'));
const here = process.cwd();

let emulator: Emulator;
const closing: (() => Promise<unknown> | void)[] = [];
const stops: (() => Promise<void>)[] = [];
beforeAll(async () => {
  emulator = await createEmulator({ strict: true, siteUrl: SITE });
  for (const [name, value] of Object.entries(emulator.env)) {
    vi.stubEnv(name, value);
  }
  vi.stubEnv('NEW_SECRET', 'another secret of thirty-two characters');
  vi.stubGlobal('escapeHtml', (text: string) => text.replaceAll('<', '&lt;'));
  vi.stubGlobal('users', { save: vi.fn<(user: object) => Promise<void>>().mockResolvedValue() });
  const network = globalThis.fetch;
  vi.stubGlobal('fetch', async (input: RequestInfo, init?: RequestInit) => {
    const { origin } = new URL(input instanceof Request ? input.url : input);
    if (origin === emulator.issuer) {
      return emulator.fetch(input, init);
    }
    if (origin === 'https://api.example') {
      return new Response(new Headers(init?.headers).get('authorization'));
    }
    return network(input, init);
  });
});
afterEach(async () => {
  process.chdir(here);
  for (const close of closing.splice(0)) {
    await close();
  }
});
afterAll(async () => {
  for (const stop of stops) {
    await stop();
  }
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  remove();
  starts.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** Which snippet of a page says this. */
function indexOf(page: string, part: string, framework?: 'express' | 'fastify'): number {
  const path = page.includes('/') ? page : `docs/how-to/${page}.md`;
  const index = snippets.findIndex(
    (snippet) =>
      snippet.page === path && snippet.framework === framework && snippet.code.includes(part),
  );
  expect(index, `${path}: ${part}`).toBeGreaterThanOrEqual(0);
  return index;
}

/** What a snippet exports, run. */
const run = async (page: string, part: string) =>
  (await import(files[indexOf(page, part)]!)) as Record<string, any>;

/** Somebody at an app that has this snippet of a page, mounted as the page says, or else in the usual way. */
async function at(page: string, framework: 'express' | 'fastify', part: string): Promise<Browser> {
  const index = indexOf(page, part, framework);
  process.chdir(folder);
  const { server, close } = await served(snippets[index]!, files[index]!);
  closing.push(close);
  return createBrowser(server, emulator);
}

const GRACE = 'grace@example.com';
const API = { headers: { accept: 'application/json' } };

describe('every snippet of every page', () => {
  const named = (problem: string) =>
    problem.replace(/^\S*snippet-(\d+)\.ts/, (_, index: string) => snippets[Number(index)]!.name);
  // Pages show handlers whole, and make things that the reader goes on with.
  const rules = { noUnusedLocals: false, noUnusedParameters: false };
  // What changes a global type would change it for all the others: such a snippet is a program of its own.
  const isGlobal = (index: number) => /\bdeclare (global|module)\b/.test(snippets[index]!.code);

  test('is found: those in another language than TypeScript, or marked otherwise, would not be compiled', () => {
    expect(pages).toEqual(
      expect.arrayContaining(['README.md', 'docs/how-to/sign-in.md', 'packages/core/README.md']),
    );
    expect(pages.flatMap(overlookedIn)).toEqual([]);
  });

  test('compiles', () => {
    const together = files.filter((_, index) => !isGlobal(index));
    expect(together.length).toBeGreaterThan(60);
    expect(problemsOf(together, rules).map(named)).toEqual([]);
  }, 90_000);

  test('compiles where it changes a global type', () => {
    const alone = files.filter((_, index) => isGlobal(index));
    expect(alone.length).toBeGreaterThan(0);
    expect(alone.flatMap((file) => problemsOf([file], rules)).map(named)).toEqual([]);
  }, 90_000);
});

describe('the snippets run', () => {
  test.each(frameworks)('a route of one’s own starts a sign-up, on %s', async (framework) => {
    const { location, headers } = await (
      await at('sign-in', framework, '/join/:org')
    ).open('/join/org_acme0rockets');
    expect(new URL(location).searchParams.get('org_code')).toBe('org_acme0rockets');
    expect([headers['cache-control'], headers['set-cookie']]).toEqual([
      'no-store',
      [expect.any(String)],
    ]);
  });

  test.each(frameworks)('users are saved before their session starts, on %s', async (framework) => {
    const { save } = (globalThis as any).users;
    save.mockClear();
    const browser = await at('sign-in', framework, 'onSignIn');
    await browser.signIn(GRACE);
    expect(save.mock.calls).toEqual([[{ id: expect.stringMatching(/^kp_/), email: GRACE }]]);
  });

  test.each(frameworks)('sessions live in files, on %s', async (framework) => {
    const browser = await at('sessions', framework, 'filesystemStore');
    await browser.signIn(GRACE);
    expect((await browser.open('/todos')).json()).toEqual({ ok: true });
    expect(existsSync(join(folder, '.sessions'))).toBe(true);
  });

  test('a retiring secret still opens sessions', async () => {
    const browser = await at('sessions', 'express', 'NEW_SECRET');
    await browser.signIn(GRACE);
    expect((await browser.open('/todos')).json()).toEqual({ ok: true });
  });

  test('sessions are listed, and ended everywhere', async () => {
    const browser = await at('sessions', 'express', 'sign-out-everywhere');
    await browser.signIn(GRACE);
    expect((await browser.open('/sessions')).json()).toEqual([
      expect.objectContaining({ isCurrent: true }),
    ]);
    expect((await browser.open('/sign-out-everywhere', { ...API, method: 'POST' })).status).toBe(
      204,
    );
    expect((await browser.open('/sessions', API)).status).toBe(401);
  });

  test.each(frameworks)('an API is called with the user’s token, on %s', async (framework) => {
    const browser = await at('tokens', framework, '/weather');
    await browser.signIn(GRACE);
    expect((await browser.open('/weather')).body).toMatch(/^Bearer eyJ/);
  });

  test.each(frameworks)('an API knows a machine from a user, on %s', async (framework) => {
    const machine = emulator.state.applications.find(({ type }) => type === 'm2m')!;
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: machine.clientId,
      client_secret: machine.clientSecret!,
      audience: emulator.env['KINDE_AUDIENCE']!,
    });
    const answer = await fetch(`${emulator.issuer}/oauth2/token`, { method: 'POST', body });
    const { access_token: token } = (await answer.json()) as { access_token: string };
    const api = await at('tokens', framework, '/reports');
    const headers = { authorization: `Bearer ${token}`, accept: 'application/json' };
    expect((await api.open('/reports', { headers })).json()).toEqual({ machine: true });
    expect((await api.open('/reports', API)).status).toBe(401);
  });

  test('the profile is shown from the token, and as it is now', async () => {
    for (const framework of frameworks) {
      const fromToken = await at('profile', framework, "'/profile',");
      await fromToken.signIn(GRACE);
      expect((await fromToken.open('/profile')).json()).toMatchObject({
        email: GRACE,
        name: 'Grace Hopper',
      });
      const browser = await at('profile', framework, '/profile/now');
      await browser.signIn(GRACE);
      expect((await browser.open('/profile/now')).json()).toMatchObject({
        email: GRACE,
        name: 'Grace Hopper',
      });
    }
  });

  test('problems are shown in the app’s own design, and told to programs by their code', async () => {
    const page = await (
      await at('handle-errors', 'express', 'renderProblem')
    ).open('/callback?code=1&state=2');
    expect([page.status, page.body]).toEqual([400, expect.stringMatching(/^<h1>/)]);
    expect(
      (await (await at('handle-errors', 'fastify', 'setErrorHandler')).open('/todos')).status,
    ).toBe(200);
  });

  test('an app is tested without a port for Kinde, a browser or waiting', async () => {
    const { granted, refused } = await run('test-your-app', 'refused');
    expect([granted.status, refused.status]).toEqual([200, 401]);
    expect(await granted.json()).toMatchObject({
      permissions: expect.arrayContaining(['create:todos']),
    });
  });

  test.each(frameworks)('every route is written by hand, on %s', async (framework) => {
    const browser = await at('sign-in', framework, "'/account'");
    expect((await browser.open('/account')).json()).toEqual({ signedIn: false, permissions: [] });
    expect((await browser.open('/register')).location).toContain('prompt=create');
    expect((await browser.signIn(GRACE)).location).toBe(`${SITE}/account`);
    const account = (await browser.open('/account')).json();
    expect(account).toEqual({
      signedIn: true,
      permissions: expect.arrayContaining(['create:todos']),
    });
    expect((await browser.open('/logout', { method: 'POST' })).location).toContain(
      `${emulator.issuer}/logout`,
    );
    expect((await browser.open('/account')).json()).toEqual({ signedIn: false, permissions: [] });
  });

  test.each(frameworks)(
    'the README for %s asks Kinde, renews, and starts a sign-in of its own',
    async (framework) => {
      const page = `packages/${framework}/README.md`;
      const browser = await at(page, framework, '/now');
      expect((await browser.open('/now', API)).status).toBe(401);
      await browser.signIn('ada@example.com', '/login', 'org_acme0rockets');
      expect((await browser.open('/now')).json()).toMatchObject({ mayAdd: true });
      expect((await browser.open('/refresh', { ...API, method: 'POST' })).status).toBe(204);
      expect((await browser.open('/todos', { ...API, method: 'DELETE' })).status).toBe(204);
      const { location } = await (await at(page, framework, '/sign-in')).open('/sign-in');
      expect(new URL(location).searchParams.get('org_code')).toBe('org_acme0rockets');
    },
  );

  test('core is a whole app where requests are web requests', async () => {
    const { handle } = await run('packages/core/README.md', 'handle(request: Request)');
    const open = (path: string, cookie = '') =>
      handle(new Request(SITE + path, { headers: { cookie } }));
    const signIn = async (email: string) => {
      const start: Response = await open('/login');
      const back = await emulator.signIn(start.headers.get('location')!, { email });
      return cookieOf(await open(back.pathname + back.search, cookieOf(start)));
    };
    const grace = await signIn(GRACE);
    const alan = await signIn('alan@example.com');
    expect(await (await open('/', grace)).text()).toBe('Hello Grace');
    const statuses = await Promise.all(
      [grace, alan, ''].map(async (cookie) => (await open('/todos', cookie)).status),
    );
    expect(statuses).toEqual([200, 403, 401]);
  });

  test('a store of one’s own is tried', async () => {
    const file = files[indexOf('packages/core/README.md', 'conformance')]!;
    const child = spawn(process.execPath, [
      '--import',
      'tsx',
      '--test',
      '--test-reporter',
      'tap',
      file,
    ]);
    const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    expect([code, /^# pass (\d+)$/m.exec(said)?.[1]]).toEqual([0, expect.stringMatching(/^[1-9]/)]);
  });

  test('claims are read, and missing ones are a no', async () => {
    const { answersFor } = await run('packages/claims/README.md', 'answersFor');
    expect(answersFor({})).toEqual({ mayAdd: false, limit: 3, mayAddAtAcme: false });
    expect(answersFor({ org_code: 'org_acme', permissions: ['create:todos'] })).toMatchObject({
      mayAdd: true,
      mayAddAtAcme: true,
    });
    const { tenant } = await run('packages/claims/README.md', 'defineKinde');
    await expect(createEmulator({ strict: true, seed: tenant })).resolves.toBeDefined();
  });

  test('the emulator does what its README shows', async () => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    const before = { ...process.env };
    try {
      for (const part of ['listen(', 'signIn(', 'limitManagement(', 'webhooks.settled(']) {
        await run('packages/emulator/README.md', part);
      }
      expect(log.mock.calls.flat()).toEqual([
        expect.stringMatching(/^Sign in at http/),
        '/callback',
      ]);
    } finally {
      log.mockRestore();
      Object.assign(process.env, before);
    }
  });

  /** Somebody at an app of a page beside a Redis of its own. */
  const besideRedis = async (...where: Parameters<typeof at>) => {
    const { port, stop } = await startRedis();
    stops.push(stop);
    vi.stubEnv('REDIS_URL', `redis://127.0.0.1:${port}`);
    // What the snippet's client is given to tell its troubles: at the end, this Redis is gone.
    const { error } = console;
    console.error = () => {};
    const browser = await at(...where).finally(() => (console.error = error));
    await browser.signIn(GRACE);
    const client = await createClient({ url: process.env['REDIS_URL']! }).connect();
    expect(await client.dbSize()).toBeGreaterThan(0);
    client.destroy();
    return browser;
  };

  test.skipIf(!hasRedisServerBinary).each(frameworks)(
    'sessions live in Redis, on %s',
    async (framework) => {
      const browser = await besideRedis('packages/redis/README.md', framework, 'redisStore');
      expect((await browser.open('/todos')).json()).toEqual({ ok: true });
    },
  );

  test.skipIf(!hasRedisServerBinary).each(frameworks)(
    'sessions of a user are shown, and one is revoked, on %s',
    async (framework) => {
      const page = 'docs/explanation/scaling.md';
      const browser = await besideRedis(page, framework, '/account/sessions');
      const [session] = (await browser.open('/account/sessions')).json();
      expect(session).toMatchObject({ isCurrent: true });
      const end = `/account/sessions/${session.id}/end`;
      const answer = await browser.open(end, { ...API, method: 'POST' });
      expect(answer.location).toBe('/account/sessions');
      expect((await browser.open('/account/sessions', API)).status).toBe(401);
    },
  );

  test.skipIf(!hasPostgres).each(frameworks)(
    'sessions live in Postgres, on %s',
    async (framework) => {
      const schema = `kindling_docs_${framework}_${process.pid}`;
      const url = new URL(databaseUrl);
      url.searchParams.set('options', `-c search_path=${schema}`);
      const pool = new Pool({ connectionString: url.href });
      try {
        await pool.query(`CREATE SCHEMA ${schema}`);
        await pool.query(migration());
        vi.stubEnv('DATABASE_URL', url.href);
        const browser = await at('packages/postgres/README.md', framework, 'postgresStore');
        await browser.signIn(GRACE);
        expect((await browser.open('/todos')).json()).toEqual({ ok: true });
        expect(
          (await pool.query('SELECT count(*)::int AS sessions FROM kinde_sessions')).rows[0]
            .sessions,
        ).toBeGreaterThan(0);
      } finally {
        await pool.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
        await pool.end();
      }
    },
  );
});

/** What a browser would send back. */
function cookieOf(response: Response): string {
  return cookiesOf(response.headers.getSetCookie());
}

const cookiesOf = (lines: readonly string[]) =>
  lines
    .filter((line) => !/max-age=0/i.test(line))
    .map((line) => line.split(';')[0])
    .join('; ');

describe('what a page starts with is an app that people sign in to', () => {
  test.each(QUICK_STARTS)('%s, on %s', async (page, framework) => {
    const file =
      starts.files[QUICK_STARTS.findIndex((row) => row[0] === page && row[1] === framework)]!;
    const { port, local, stop } = await startedApp(file);
    closing.push(stop);
    const server = { address: () => ({ port }) } as Server;
    const open = (path: string, cookie = '', { method = 'GET', accept = 'text/html' } = {}) =>
      send(server, path, { method, headers: { host: `localhost:${port}`, cookie, accept } });
    const signIn = async (email: string, path = '/login') => {
      const start = await open(path);
      expect(new URL(start.location).origin).toBe(local.issuer);
      const back = await local.signIn(start.location, { email });
      expect(back.pathname).toBe('/callback');
      return cookiesOf(
        (await open(back.pathname + back.search, cookiesOf(start.setCookies))).setCookies,
      );
    };
    const isTutorial = page.startsWith('docs/tutorial');
    // Nobody may do without a permission what needs one: Alan loses what he has for reading todos, and never could add any.
    if (isTutorial) {
      local.state.people.find(({ givenName }) => givenName === 'Alan')!.organizations = {};
    }
    const grace = await signIn(GRACE, '/login?return_to=/todos');
    const alan = await signIn('alan@example.com');
    expect((await open('/')).body).toMatch(/^Hello(! |$)/);
    expect((await open('/', grace)).body).toMatch(/^Hello Grace/);
    expect((await open('/', alan)).body).toMatch(/^Hello Alan/);
    const ask = { method: isTutorial ? 'GET' : 'POST', accept: 'application/json' };
    const todos = await Promise.all([grace, alan, ''].map((cookie) => open('/todos', cookie, ask)));
    expect(todos.map(({ status }) => status)).toEqual([isTutorial ? 200 : 201, 403, 401]);
    if (isTutorial) {
      expect(todos[0]!.body).toBe('grace@example.com may add up to 8 todos.');
    }
  });
});

test('every variable that is read has a row in the reference, and so have those of Kinde’s Python SDK', () => {
  const page = readFileSync('docs/reference/configuration.md', 'utf8');
  const sources = ['core/src/options/options', 'core/src/options/env', 'management/src/options'];
  const read = sources.flatMap((file) =>
    [
      ...readFileSync(`packages/${file}.ts`, 'utf8').matchAll(
        /['"]((?:KINDE|MGMT|SITE|SESSION)_[A-Z_]+)['"]/g,
      ),
    ].map(([, variable]) => variable!),
  );
  expect(read.length).toBeGreaterThan(20);
  const python = (
    'KINDE_CLIENT_ID KINDE_CLIENT_SECRET KINDE_REDIRECT_URI KINDE_HOST KINDE_ISSUER_URL GRANT_TYPE KINDE_AUDIENCE ' +
    'KINDE_CALLBACK_URL LOGOUT_REDIRECT_URL SITE_HOST SITE_PORT SITE_URL CODE_VERIFIER SECRET_KEY SESSION_TYPE ' +
    'SESSION_PERMANENT TEMPLATES_AUTO_RELOAD MGMT_API_CLIENT_ID MGMT_API_CLIENT_SECRET'
  ).split(' ');
  // `SESSION_TYPES` and the like are names of lists in the code.
  const missing = [...read, ...python].filter(
    (name) => !/TYPES$/.test(name) && !page.includes(`\`${name}\``),
  );
  expect(missing).toEqual([]);
});

test('every option and every route has a row in the reference', () => {
  const page = readFileSync('docs/reference/configuration.md', 'utf8');
  const source = readFileSync('packages/core/src/options/options.ts', 'utf8');
  const membersOf = (name: string) =>
    [
      ...new RegExp(`export interface ${name} \\{([^]*?)\\n\\}`)
        .exec(source)![1]!
        .matchAll(/^ {2}(\w+)\??:/gm),
    ].map(([, member]) => member!);
  const names = [
    ...membersOf('KindeOptions').filter((name) => name !== 'session'),
    ...membersOf('SessionOptions').map((name) => `session.${name}`),
    ...membersOf('Paths'),
  ];
  expect(names.length).toBeGreaterThan(30);
  const rows = page.match(/^\| `.*$/gm)!.map((row) => row.split('|')[1]!);
  expect(names.filter((name) => !rows.some((row) => row.includes(`\`${name}\``)))).toEqual([]);
});

test('every parameter that a link may carry is on the page about signing in', () => {
  const page = readFileSync('docs/how-to/sign-in.md', 'utf8');
  const list = /const WIRE = \[([^\]]+)\]/.exec(
    readFileSync('packages/core/src/login/parameters.ts', 'utf8'),
  )![1]!;
  const names = [...list.matchAll(/'(\w+)'/g)].map(([, name]) => name!);
  expect(names.length).toBeGreaterThan(15);
  expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});

test('every page can be found from the documentation’s first', () => {
  const first = readFileSync('docs/README.md', 'utf8');
  const linked = /^docs\/(tutorial|how-to|explanation|reference)\/[^/]+\.md$/;
  expect(
    pages.filter(
      (page) => linked.test(page) && !first.includes(`](${page.slice('docs/'.length)})`),
    ),
  ).toEqual([]);
});

test.each(['docs/errors', 'docs/errors/management'])(
  'every page of %s says what happened and how to solve it, as the list of codes does',
  (folder) => {
    const list = readFileSync(`${folder}/README.md`, 'utf8');
    const codes = readdirSync(folder).filter((file) => /^[a-z_]+\.md$/.test(file));
    expect(codes.length).toBeGreaterThan(10);
    for (const file of codes) {
      const code = file.replace('.md', '');
      const page = readFileSync(`${folder}/${file}`, 'utf8');
      const [, happened = '', status] =
        /^# [a-z_]+\n\n\*\*(.+?)\*\*\s+(?:HTTP (\d{3}))?/.exec(page) ?? [];
      expect(page.startsWith(`# ${code}\n`), file).toBe(true);
      expect(page, file).toMatch(/^## Solution$/m);
      const row = new RegExp(`^\\| \\[${code}\\]\\(${file}\\) +\\| (\\d+) +\\| (.+?) +\\|$`, 'm');
      const [, listed, meaning] = row.exec(list) ?? [];
      // What is only ever a warning has a status for the rare case that somebody throws it.
      const isWarning = status === undefined;
      expect([listed, meaning], file).toEqual(
        isWarning
          ? [expect.any(String), expect.stringContaining('(a warning)')]
          : [status, happened],
      );
    }
  },
);

test('headings name their subject', () => {
  const written = /^docs\/(reference\/(management|security)|emulator)|^packages|^reports/;
  const clauses = pages
    .filter((page) => !written.test(page))
    .flatMap((page) =>
      [...readFileSync(page, 'utf8').matchAll(/^#+ (?:What|Whose|Whoever)\b.*$/gm)].map(
        ([heading]) => `${page}: ${heading}`,
      ),
    );
  expect(clauses).toEqual([]);
});

/** What can be named after `#` on a page. */
function anchorsOf(page: string): string[] {
  const headings = readFileSync(page, 'utf8')
    .replaceAll(/^```[^]*?^```$/gm, '')
    .matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );
}

test('every link of the documentation leads to something, down to the heading', () => {
  const broken = [...pages, 'llms.txt'].flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(/\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)/g)]
      .filter(([, target, anchor]) => {
        const path = target ? join(dirname(page), target) : page;
        return (
          !existsSync(path) || (anchor && path.endsWith('.md') && !anchorsOf(path).includes(anchor))
        );
      })
      .map(([link]) => `${page} → ${link.slice(1)}`),
  );
  expect(broken).toEqual([]);
});
