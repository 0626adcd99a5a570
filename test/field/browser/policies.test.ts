import fastifyHelmet from '@fastify/helmet';
import { createEmulator, type Emulator } from '@kindling/emulator';
import helmet from 'helmet';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hasChromium, launch } from '../../kit/chromium.js';
import { FRAMEWORKS, MODES, sessionOf, type Plan, type Site } from '../kit/site.js';
import { becomes, choose, startPages, watch, who } from './kit.js';

const STRICT = "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/** Content security policies, as apps set them before everything else. */
const policies: Record<string, NonNullable<Plan['first']>> = {
  'helmet() as it comes': {
    express: (app) => void app.use(helmet()),
    fastify: (app) => app.register(fastifyHelmet),
  },
  'a policy that allows nothing but forms of this site': {
    express: (app) =>
      void app.use((_req, res, next) => (res.set('Content-Security-Policy', STRICT), next())),
    fastify: (app) =>
      app.addHook(
        'onRequest',
        async (_request, reply) => void reply.header('content-security-policy', STRICT),
      ),
  },
};
const rows = FRAMEWORKS.flatMap((framework) =>
  Object.keys(policies).map((policy) => [framework, policy] as const),
);

describe.skipIf(!hasChromium).each(rows)(
  'forms in Chromium, on %s under %s',
  (framework, policy) => {
    let browser: Browser;
    let emulator: Emulator;
    let site: Site;
    let context: BrowserContext;
    let page: Page;
    let complaints: string[];
    beforeAll(async () => {
      browser = await launch();
      emulator = await createEmulator({ strict: true });
      await emulator.listen({ port: 0 });
      site = await startPages(framework, emulator, { first: policies[policy]! });
    });
    afterAll(async () => {
      await browser.close();
      await site.close();
      await emulator.close();
    });
    beforeEach(async () => {
      context = await browser.newContext();
      ({ page, complaints } = await watch(context));
      await page.goto(site.url);
      await page.getByRole('link', { name: 'Sign in' }).click();
      await choose(page, 'Ada Lovelace', 'Acme Rockets');
      expect(await who(page)).toBe('ada@example.com in org_acme0rockets');
    });
    afterEach(() => context.close());

    test('FD-10 signing out by a form ends the session here and at Kinde', async () => {
      await page.getByRole('button', { name: 'Sign out' }).click();
      await becomes(page, 'nobody');
      expect(complaints).toEqual([]);
      // Kinde's own session is over: it asks who this is.
      await page.getByRole('link', { name: 'Sign in' }).click();
      await choose(page, 'Grace Hopper');
      expect(await who(page)).toBe('grace@example.com in org_acme0rockets');
    });

    test('FD-10 switching organization by a form works', async () => {
      await page.getByRole('button', { name: 'Switch' }).click();
      await becomes(page, 'org_globex0gardens');
      expect(complaints).toEqual([]);
    });

    test('FD-15 FD-16 a form of this site is saved, and is answered with a way on where the session has ended', async () => {
      await page.getByRole('button', { name: 'Save' }).click();
      expect(await page.textContent('body')).toContain('saved');
      await page.goto(site.url);
      await context.clearCookies();
      await page.getByRole('button', { name: 'Save' }).click();
      expect(await page.title()).toBe('Please sign in');
      await page.getByRole('link', { name: /sign in/i }).click();
      // Kinde still knows Ada, or asks; in both cases she comes back to the page with the form.
      if (page.url().startsWith(emulator.issuer)) {
        await choose(page, 'Ada Lovelace', 'Acme Rockets');
      }
      expect(await who(page)).toContain('ada@example.com');
    });
  },
);

describe.skipIf(!hasChromium).each(MODES)(
  'forms in Chromium under helmet(), with sessions in the %s',
  (mode) => {
    test('FD-10 signing out by a form works', async () => {
      const browser = await launch();
      const emulator = await createEmulator({ strict: true });
      await emulator.listen({ port: 0 });
      const options = { session: sessionOf(mode) };
      const site = await startPages('express', emulator, {
        first: policies['helmet() as it comes']!,
        options,
      });
      const { page, complaints } = await watch(await browser.newContext());
      try {
        await page.goto(site.url);
        await page.getByRole('link', { name: 'Sign in' }).click();
        await choose(page, 'Grace Hopper');
        await page.getByRole('button', { name: 'Sign out' }).click();
        await becomes(page, 'nobody');
        expect(complaints).toEqual([]);
      } finally {
        await browser.close();
        await site.close();
        await emulator.close();
      }
    });
  },
);
