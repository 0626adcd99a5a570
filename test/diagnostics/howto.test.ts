import { readFileSync } from 'node:fs';
import { type AuditEvent, createKinde } from '@kindling/core';
import { createEmulator, type Emulator } from '@kindling/emulator';
import { Pool } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { optionsFor, SITE } from '../kit/apps.js';
import { createBrowser, type Browser } from '../kit/browser.js';
import { served } from '../kit/pages.js';
import { databaseUrl, hasPostgres } from '../kit/services.js';
import { moduleOf, snippetsOf, written } from '../kit/snippets.js';
import { FRAMEWORKS, type Framework } from './kit/site.js';
import { ADA } from './kit/visitor.js';

const snippets = ['log-and-monitor', 'handle-errors'].flatMap((page) =>
  snippetsOf(`docs/how-to/${page}.md`),
);
const { files, remove } = written('snippets-diagnostics', snippets.map(moduleOf));

let emulator: Emulator;
const closing: (() => Promise<void>)[] = [];
beforeAll(async () => {
  emulator = await createEmulator({ siteUrl: SITE });
  for (const [name, value] of Object.entries({ ...emulator.env, DATABASE_URL: databaseUrl })) {
    vi.stubEnv(name, value);
  }
  vi.stubGlobal('fetch', emulator.fetch);
});
afterEach(async () => {
  vi.restoreAllMocks();
  emulator.faults.clear();
  for (const close of closing.splice(0)) {
    await close();
  }
});
afterAll(async () => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  remove();
  await emulator.close();
});

/** The snippet that says this, for a framework or none. */
function find(part: string, framework?: Framework): number {
  const index = snippets.findIndex(
    (snippet) => snippet.framework === framework && snippet.code.includes(part),
  );
  expect(index, part).toBeGreaterThanOrEqual(0);
  return index;
}

/** Somebody at an app that has this snippet. */
async function at(framework: Framework, part: string): Promise<Browser> {
  const index = find(part, framework);
  const { server, close } = await served(snippets[index]!, files[index]!);
  closing.push(close);
  return createBrowser(server, emulator);
}

describe.each(FRAMEWORKS)('the snippets run on %s', (framework) => {
  test('events are counted', async () => {
    const browser = await at(framework, 'kinde_events_total');
    await browser.signIn(ADA);
    const { body } = await browser.open('/metrics');
    expect(body).toContain('kinde_events_total{name="callback",outcome="done",code=""} 1\n');
  });

  test('a cancelled sign-in leads home, every other error to its page', async () => {
    const browser = await at(framework, "'access_denied'");
    const callback = new URL(await browser.callbackFor(ADA), SITE);
    callback.searchParams.delete('code');
    callback.searchParams.set('error', 'access_denied');
    const cancelled = await browser.open(callback.pathname + callback.search);
    expect([cancelled.status, cancelled.location]).toEqual([303, '/?cancelled']);
    const other = await browser.open('/callback?code=1');
    expect([other.status, other.body]).toEqual([400, expect.stringContaining('state_missing')]);
  });

  test('an error is handled where the app handles all of them', async () => {
    const browser = await at(framework, 'throw error');
    const answer = await browser.open('/callback?code=1');
    expect([answer.status, answer.body]).toEqual([400, 'Sorry: state_missing']);
  });
});

test('a slow request to Kinde is told', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  await import(files[find('tracingChannel')]!);
  const slow = new Promise((resolve) => setTimeout(resolve, 1100));
  emulator.faults.once('/.well-known/openid-configuration', async (_request, next) => {
    await slow;
    return next();
  });
  const kinde = createKinde(optionsFor(emulator));
  await kinde.login({ method: 'GET', url: '/login', headers: new Headers() });
  expect(warn.mock.calls).toEqual([
    ['Kinde is slow', expect.objectContaining({ endpoint: 'discovery', outcome: 'done' })],
  ]);
});

test.runIf(hasPostgres)('audit events are stored in Postgres', async () => {
  const page = readFileSync('docs/how-to/log-and-monitor.md', 'utf8');
  const [, sql] = /^```sql\n([^]*?)^```$/m.exec(page)!;
  const schema = `audit_${process.pid}`;
  const url = `${databaseUrl}?options=-c%20search_path%3D${schema}`;
  vi.stubEnv('DATABASE_URL', url);
  const pool = new Pool({ connectionString: url });
  await pool.query(`create schema ${schema}`);
  try {
    await pool.query(sql!);
    const { onAudit } = (await import(files[find('AuditEvent')]!)) as {
      onAudit(event: AuditEvent): Promise<void>;
    };
    const event = { type: 'signed_in', at: 1_700_000_000, userId: 'kp_1', by: 'session' } as const;
    await onAudit(event);
    const { rows } = await pool.query('select type, user_id, event from audit_log');
    expect(rows).toEqual([{ type: 'signed_in', user_id: 'kp_1', event }]);
  } finally {
    await pool.query(`drop schema ${schema} cascade`);
    await pool.end();
  }
});
