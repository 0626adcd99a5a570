import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openDashboard, type Opened } from '../../packages/emulator/test/dashboard-kit.js';
import { barriers, LOOKS, tooWide } from '../kit/barriers.js';
import { hasChromium, launch } from '../kit/chromium.js';

const PATHS = [
  '',
  '/sign-ins',
  '/sign-ins/of/latest?client_id=nobody',
  '/requests',
  '/clock',
  '/faults',
  '/nothing',
];
describe.skipIf(!hasChromium)('the dashboard, in a browser', () => {
  let browser: Browser;
  let opened: Opened;
  let url: string;
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    opened = await openDashboard();
    url = await opened.listen();
    await askEverything(opened);
  });
  afterEach(async () => {
    await context.close();
    await opened.close();
  });

  /** A browser that opened the dashboard by its link. */
  const open = async (options: BrowserContextOptions = {}) => {
    context = await browser.newContext(options);
    page = await context.newPage();
    await page.goto(opened.access.link(url));
  };

  test.each(Object.keys(LOOKS))('has no barrier in %s, and no page is wider', async (look) => {
    // The pages run no script but their own, so the checks go around the policy.
    await open({ ...LOOKS[look], bypassCSP: true });
    await page.goto(`${url}/emulator/clock`);
    await page.getByRole('button', { name: 'One day on' }).click();
    await page.goto(`${url}/emulator/faults`);
    await page.getByRole('button', { name: 'Arm slow' }).click();
    expect(await barriers(page)).toEqual([]);
    for (const path of PATHS) {
      await page.goto(`${url}/emulator${path}`);
      await page.evaluate(() => document.querySelector('details')?.setAttribute('open', ''));
      expect(await barriers(page), path).toEqual([]);
      expect(await tooWide(page), path).toBe(0);
    }
    await context.clearCookies();
    await page.goto(`${url}/emulator`);
    expect(await barriers(page)).toEqual([]);
  });

  test('complains of nothing: its policy fits its pages', async () => {
    await open();
    const complaints: string[] = [];
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    for (const path of PATHS.slice(0, -1)) {
      await page.goto(`${url}/emulator${path}`);
    }
    expect(complaints).toEqual([]);
  });

  test('works without JavaScript', async () => {
    await open({ javaScriptEnabled: false });
    expect(await page.getByRole('button', { name: 'Copy' }).count()).toBe(0);
    await page.getByRole('link', { name: 'Clock' }).click();
    await page.getByLabel('Move on by').fill('2h');
    await page.getByRole('button', { name: 'Move on', exact: true }).click();
    expect(await page.getByRole('status').textContent()).toContain('The time moved on by 2h.');
    await page.getByRole('button', { name: 'Back to real time' }).first().click();
    await page.getByRole('link', { name: 'Faults' }).click();
    await page.getByRole('button', { name: 'Arm down' }).click();
    expect(await page.getByRole('status').textContent()).toContain('down is armed');
    await page.getByRole('button', { name: 'Remove all' }).click();
    await page.getByRole('link', { name: 'Requests' }).click();
    await page.getByLabel('Status').fill('4xx');
    await page.getByRole('button', { name: 'Filter' }).click();
    expect(await page.getByText('POST /oauth2/token').count()).toBe(1);
    expect(await page.getByText('openid-configuration').count()).toBe(0);
    await page.getByRole('link', { name: 'Start' }).click();
    await page.getByRole('button', { name: 'Token for Alan' }).click();
    expect(await page.textContent('#token')).toMatch(/^eyJ/);
  });

  test('is used with the keyboard alone', async () => {
    await open();
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('To the content');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.closest('main') !== null)).toBe(true);
    await page.goto(`${url}/emulator/requests`);
    await page.keyboard.press('/');
    await page.keyboard.type('/oauth2/?');
    expect(await page.getByLabel('Path').inputValue()).toBe('/oauth2/?');
    await page.locator('h1').click();
    await page.keyboard.press('?');
    expect(await page.getByRole('dialog').isVisible()).toBe(true);
    await page.getByLabel('Use these keys').uncheck();
    await page.keyboard.press('Escape');
    await page.locator('h1').click();
    await page.keyboard.press('/');
    expect(await focused(page)).not.toBe('');
  });

  test('shows what happens as it happens, and keeps what is open and what has the focus', async () => {
    await open();
    await page.goto(`${url}/emulator/requests`);
    const first = page.locator('details').first();
    await first.locator('summary').click();
    const id = await first.getAttribute('id');
    await page.getByRole('link', { name: 'Clock' }).focus();
    await fetch(`${url}/something/new`);
    await page.getByText('GET /something/new').waitFor();
    expect(await page.locator(`#${id}`).getAttribute('open')).toBe('');
    expect(await focused(page)).toContain('Clock');
    opened.local.state.clock.advance('1d');
    opened.local.state.journal.append({ kind: 'clock', from: 1, to: 2 });
    await page.getByText('1 day ahead').waitFor();
  });

  test('opens the app, which sends the browser to sign in', async () => {
    const app = createServer((request, response) => {
      const isLogin = request.url === '/login';
      const headers = isLogin ? { location: `${url}/.well-known/jwks` } : {};
      response.writeHead(isLogin ? 302 : 404, headers).end();
    });
    await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
    await opened.close();
    const { port } = app.address() as AddressInfo;
    opened = await openDashboard({ siteUrl: `http://localhost:${port}` });
    url = await opened.listen();
    await open();
    await page.getByRole('button', { name: 'Open app as Grace' }).click();
    await page.waitForURL(`${url}/.well-known/jwks`);
    app.closeAllConnections();
    app.close();
  });

  test('copies the environment', async () => {
    await open({ permissions: ['clipboard-read', 'clipboard-write'] });
    await page.getByRole('button', { name: 'Copy' }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    const text = await page.evaluate(() => navigator.clipboard.readText());
    expect(text).toMatch(/^KINDE_CLIENT_ID="?\w+"?$/m);
  });

  test('opens from a link on another site, where a strict cookie would be lost on the way', async () => {
    context = await browser.newContext();
    page = await context.newPage();
    const elsewhere = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html');
      response.end(
        `<a href="${opened.access.link(url)}">Open</a><a href="${url}/emulator/clock">Clock</a>`,
      );
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
    const { port } = elsewhere.address() as AddressInfo;
    // An address as a number is another site than the name of the same machine.
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.getByRole('link', { name: 'Open' }).click();
    await page.getByRole('heading', { name: 'Point your app here' }).waitFor();
    expect(page.url()).toBe(`${url}/emulator`);
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.getByRole('link', { name: 'Clock' }).click();
    await page.getByRole('heading', { name: 'Move the time' }).waitFor();
    elsewhere.closeAllConnections();
    elsewhere.close();
  });

  test('cannot be read, framed or used by a page on another port of the same name', async () => {
    await open();
    const attacker = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html');
      response.end('<h1>Attacker</h1>');
    });
    await new Promise<void>((resolve) => attacker.listen(0, '127.0.0.1', resolve));
    const { port } = attacker.address() as AddressInfo;
    await page.goto(`http://localhost:${port}/`);
    const read = await page.evaluate(async (target) => {
      const tries = await Promise.allSettled([
        fetch(`${target}/emulator`, { credentials: 'include' }),
        fetch(`${target}/emulator/clock`, {
          method: 'POST',
          body: new URLSearchParams({ do: 'day' }),
          credentials: 'include',
        }),
        fetch(`${target}/emulator/clock`, {
          method: 'POST',
          body: new URLSearchParams({ do: 'day' }),
          credentials: 'include',
          mode: 'no-cors',
        }),
        new Promise((resolve, reject) => {
          const stream = new EventSource(`${target}/emulator/stream`, { withCredentials: true });
          stream.addEventListener('open', resolve);
          stream.addEventListener('error', reject);
        }),
      ]);
      const frame = document.createElement('iframe');
      frame.src = `${target}/emulator`;
      const loaded = new Promise((resolve) => frame.addEventListener('load', resolve));
      document.body.append(frame);
      await loaded;
      const popup = window.open(`${target}/emulator`);
      await new Promise((resolve) => setTimeout(resolve, 500));
      return { tries: tries.map(({ status }) => status), isCut: popup?.closed };
    }, url);
    expect(read).toEqual({
      tries: ['rejected', 'rejected', 'rejected', 'rejected'],
      isCut: true,
    });
    const form = `<form method="post" action="${url}/emulator/clock"><button name="do" value="day">Go</button></form>`;
    await page.setContent(form);
    await page.getByRole('button').click();
    await page.getByText('Pages of other addresses').waitFor();
    expect(opened.local.state.clock.settings.ahead).toBe(0);
    attacker.closeAllConnections();
    attacker.close();
  });
});

function focused(page: Page): Promise<string> {
  return page.evaluate(() => document.activeElement?.textContent?.trim() ?? '');
}

async function askEverything({ local }: Opened): Promise<void> {
  const { issuer, journal } = local.state;
  const ask = (path: string, init?: RequestInit) => local.answer(new Request(issuer + path, init));
  await ask('/.well-known/openid-configuration');
  await ask(`/oauth2/auth?client_id=nobody&redirect_uri=${'http://localhost:3000/long'.repeat(5)}`);
  await ask('/oauth2/token', { method: 'POST' });
  const step = { kind: 'step', flow: 'flow_1' } as const;
  journal.append({ ...step, step: 'authorize', outcome: 'ok', text: 'Local app asked' });
  journal.append({ ...step, step: 'exchange', outcome: 'failed', text: 'The verifier is wrong' });
  journal.append({ ...step, step: 'refresh', outcome: 'remarked', text: 'Three at once' });
  const delivery = { kind: 'delivery', id: 'd', type: 'user.created', attempt: 2 } as const;
  journal.append({ ...delivery, endpoint: 'http://localhost:3000/webhooks', status: 500, next: 9 });
}
