import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { optionsFromEnv } from '@kindling/core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApp } from '../../apps/express-todos/src/app.js';
import { hasChromium, launch } from '../kit/chromium.js';
import { createProject, start, type Started } from '../kit/local-kinde.js';

describe.skipIf(!hasChromium)('the error page of an app in development', () => {
  const project = createProject();
  let kinde: Started;
  let app: Server;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let site: string;

  beforeAll(async () => {
    app = createServer();
    await new Promise<void>((resolve) => app.listen(0, 'localhost', resolve));
    site = `http://localhost:${(app.address() as AddressInfo).port}`;
    kinde = await start(project.folder, ['--site', site]);
    // The mistake: a secret of another application.
    const options = { ...optionsFromEnv(kinde.env), clientSecret: 'x'.repeat(48) };
    app.on('request', createApp(options));
    browser = await launch();
    context = await browser.newContext();
    page = await context.newPage();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    app?.closeAllConnections();
    app?.close();
    await kinde?.stop();
    project.remove();
  });

  /** Signs in, which fails, and follows the link of the page. */
  const failAndFollow = async () => {
    await page.goto(`${site}/login?prompt=login`);
    await page.getByRole('button', { name: /Ada Lovelace/ }).click();
    await chooseOrganization();
    await page.getByRole('link', { name: 'See this sign-in at the local Kinde' }).click();
  };
  /** A user of two organizations chooses one. */
  const chooseOrganization = async () => {
    const choice = page.getByRole('button', { name: /Acme Rockets/ });
    const link = page.getByRole('link', { name: 'See this sign-in at the local Kinde' });
    await choice.or(link).first().waitFor();
    if (await choice.isVisible()) {
      await choice.click();
    }
  };
  /** The browser is at the page of the newest sign-in, which names the cause. */
  const expectSignIn = async () => {
    const [newest] = await kinde.control().flows({ kind: 'sign-in' });
    await page.waitForURL(`${kinde.url}/emulator/sign-ins/${newest!.id}`);
    const { says } = newest!.findings.find(({ level }) => level === 'wrong')!;
    expect(await page.textContent('main')).toContain(says);
    return newest!.id;
  };

  test('leads to its sign-in, for a stranger by way of the link that opens the dashboard', async () => {
    await failAndFollow();
    await page.getByText('it goes on to this page').waitFor();
    expect(await page.textContent('main')).toContain('npx @kindling/emulator open');
    await page.goto((await kinde.control().dashboardLink()).url);
    await expectSignIn();
  }, 90_000);

  test('leads to its sign-in with one click, once the dashboard is open', async () => {
    const [before] = await kinde.control().flows({ kind: 'sign-in' });
    await page.goto((await kinde.control().dashboardLink()).url);
    await page.waitForURL(`${kinde.url}/emulator`);
    await failAndFollow();
    expect(await expectSignIn()).not.toBe(before?.id);
  }, 90_000);
});
