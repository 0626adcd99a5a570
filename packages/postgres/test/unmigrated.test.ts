import { KindeError } from '@kindling/core';
import { createEmulator } from '@kindling/emulator';
import { postgresStore } from '@kindling/postgres';
import pg from 'pg';
import { describe, expect, test, vi } from 'vitest';
import { frameworks, optionsFor, SITE } from '../../../test/kit/apps.js';
import { createBrowser } from '../../../test/kit/browser.js';
import { databaseUrl, hasPostgres } from '../../../test/kit/services.js';

describe.runIf(hasPostgres)('a table that was not migrated', () => {
  test.each(Object.keys(frameworks))(
    'is told on the page of development, on stderr and in the event, on %s',
    async (framework) => {
      const table = `kindling_unmigrated_${process.pid}`;
      const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 });
      const emulator = await createEmulator({ strict: true, siteUrl: SITE });
      const print = vi.spyOn(console, 'error').mockImplementation(() => {});
      const onEvent = vi.fn();
      const store = postgresStore(pool, { table });
      const app = await frameworks[framework]!(
        optionsFor(emulator, { session: { store }, onEvent }),
      );
      try {
        const browser = createBrowser(app, emulator);
        const page = await browser.open(await browser.callbackFor('ada@example.com'));
        const command = `npx @kindling/postgres --table ${table}`;
        expect(page.status).toBe(503);
        expect(page.body).toContain(command);
        const printed = print.mock.calls.join('\n');
        expect(printed).toContain(command);
        expect(printed).toContain(new KindeError('store_unavailable', '').docs);
        expect(print).toHaveBeenCalledTimes(1);
        expect(onEvent).toHaveBeenCalledWith(
          expect.objectContaining({ name: 'store', outcome: 'failed', reason: '42P01' }),
        );
      } finally {
        print.mockRestore();
        app.closeAllConnections();
        app.close();
        await Promise.all([pool.end(), emulator.close()]);
      }
    },
  );
});
