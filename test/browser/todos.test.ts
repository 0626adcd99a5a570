import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createEmulator, type Emulator } from '@kindling/emulator';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createApp as createExpressApp } from '../../apps/express-todos/src/app.js';
import { createApp as createFastifyApp } from '../../apps/fastify-todos/src/app.js';
import { createMembers } from '../../apps/todos/src/index.js';
import { managementFromEnv } from '@kindling/management';
import { SECRET } from '../kit/apps.js';
import { hasChromium, launch } from '../kit/chromium.js';

type Handler = (...options: Parameters<typeof createExpressApp>) => Promise<RequestListener>;
const apps: Record<string, Handler> = {
  express: async (...options) => createExpressApp(...options),
  fastify: async (...options) => {
    const app = await createFastifyApp(...options);
    await app.ready();
    return app.routing;
  },
};

describe.skipIf(!hasChromium).each(Object.keys(apps))(
  'the todo app on %s, in a browser',
  (framework) => {
    let browser: Browser;
    let server: Server;
    let emulator: Emulator;
    let site: string;
    let context: BrowserContext;
    let page: Page;

    beforeAll(async () => {
      browser = await launch();
      server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      site = `http://localhost:${(server.address() as AddressInfo).port}`;
      emulator = await createEmulator({ strict: true, siteUrl: site });
      await emulator.listen({ port: 0 });
      const {
        KINDE_ISSUER_URL: issuer,
        KINDE_CLIENT_ID: clientId,
        KINDE_CLIENT_SECRET: clientSecret,
      } = emulator.env;
      server.on(
        'request',
        await apps[framework]!(
          {
            issuer: issuer!,
            clientId: clientId!,
            clientSecret: clientSecret!,
            siteUrl: site,
            secret: SECRET,
          },
          createMembers(managementFromEnv(emulator.env)),
        ),
      );
    });
    afterAll(async () => {
      await browser.close();
      await emulator.close();
      server.closeAllConnections();
      server.close();
    });
    beforeEach(async () => {
      context = await browser.newContext();
      page = await context.newPage();
    });
    afterEach(() => context.close());

    const signIn = async (
      who: string,
      { on = page, organization }: { on?: Page; organization?: string } = {},
    ) => {
      await on.getByRole('button', { name: who }).click();
      if (organization) {
        await on.getByRole('button', { name: organization }).click();
      }
    };

    /** Until the page that goes on to Kinde by itself has gone on, and the browser is back. */
    const signOut = async (on = page) => {
      await on.getByRole('button', { name: 'Sign out' }).click();
      await on.getByRole('link', { name: 'Create an account' }).waitFor();
      expect(on.url()).toBe(`${site}/`);
    };

    test('a newcomer clicks "Sign in", chooses a person and an organization, and sees who they are', async () => {
      const complaints: string[] = [];
      page.on(
        'console',
        (message) => message.type() === 'error' && complaints.push(message.text()),
      );
      await page.goto(site);
      await page.getByRole('link', { name: 'Sign in' }).first().click();
      expect(await page.textContent('body')).toContain('not the real Kinde');
      await signIn('Ada Lovelace', { organization: 'Acme Rockets' });
      expect(page.url()).toBe(`${site}/todos`);
      await page.getByRole('link', { name: 'Profile' }).click();
      const text = (await page.textContent('main'))!;
      for (const fact of [
        'ada@example.com',
        'Acme Rockets',
        'Administrator',
        'create:todos',
        'ocean',
      ]) {
        expect(text).toContain(fact);
      }
      // A page whose policy does not fit its own style looks broken and complains.
      expect(complaints.filter((text) => !text.includes('favicon'))).toEqual([]);
    });

    test('the page that was wanted comes back with its query', async () => {
      await page.goto(`${site}/todos?filter=open`);
      await signIn('Grace Hopper');
      expect(page.url()).toBe(`${site}/todos?filter=open`);
    });

    test('todos are added, ticked off and removed, up to the limit that the integer flag sets', async () => {
      emulator.state.organizations['org_acme0rockets']!.flags!['todo_limit'] = 2;
      await page.goto(`${site}/todos`);
      await signIn('Ada Lovelace', { organization: 'Acme Rockets' });
      for (const title of ['Fuel the rocket', '<b>Check</b> the valves', 'One too many']) {
        await page.getByLabel('What needs doing?').fill(title);
        await page.getByRole('button', { name: 'Add todo' }).click();
      }
      expect(await page.getByRole('alert').textContent()).toContain('allows 2 todos');
      expect(await page.getByText('<b>Check</b> the valves').count()).toBe(1);
      await page.getByRole('button', { name: 'Finish: Fuel the rocket' }).click();
      expect(await page.getByRole('button', { name: 'Reopen: Fuel the rocket' }).count()).toBe(1);
      for (const title of ['Fuel the rocket', '<b>Check</b> the valves']) {
        await page.getByRole('button', { name: `Remove: ${title}` }).click();
      }
      expect(await page.textContent('main')).toContain('Nothing here yet');
    });

    test('switching organization takes the form away, changes the theme, and asks for no sign-in', async () => {
      await page.goto(`${site}/todos`);
      await signIn('Ada Lovelace', { organization: 'Acme Rockets' });
      expect(await page.getByRole('button', { name: 'Add todo' }).count()).toBe(1);
      await page.getByLabel('Organization').selectOption({ label: 'Globex Gardens' });
      await page.getByRole('button', { name: 'Switch' }).click();
      await page.getByRole('heading', { name: 'Globex Gardens' }).waitFor();
      expect(page.url()).toBe(`${site}/todos`);
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Globex Gardens');
      expect(await page.getByRole('button', { name: 'Add todo' }).count()).toBe(0);
      expect(await page.getAttribute('body', 'class')).toBe('forest');
    });

    test('signing out and in as somebody else leaves nothing of the first person', async () => {
      await page.goto(`${site}/profile`);
      await signIn('Ada Lovelace', { organization: 'Acme Rockets' });
      await signOut();
      expect(await page.getByRole('link', { name: 'Sign in' }).count()).toBeGreaterThan(0);
      await page.goto(`${site}/profile`);
      await signIn('Alan Turing');
      const text = (await page.textContent('main'))!;
      expect(text).toContain('alan@example.com');
      expect(text).not.toMatch(/ada@|Lovelace|create:todos/);
    });

    test('a page that needs a permission one does not have says so', async () => {
      await page.goto(`${site}/todos`);
      await signIn('Alan Turing');
      const refused = await page.request.post(`${site}/api/todos`, { data: {} });
      expect([refused.status(), (await refused.json()).code]).toEqual([403, 'forbidden']);
      emulator.state.people.find(({ givenName }) => givenName === 'Alan')!.organizations[
        'org_globex0gardens'
      ]!.roles = [];
      await signOut();
      const response = await page.goto(`${site}/todos`);
      expect(response!.status()).toBe(200);
      await signIn('Alan Turing');
      expect(await page.textContent('main')).toContain('You may not do this');
      expect(await page.getByRole('link', { name: 'Sign in' }).count()).toBe(0);
      emulator.state.people.find(({ givenName }) => givenName === 'Alan')!.organizations[
        'org_globex0gardens'
      ]!.roles = ['viewer'];
    });

    test('FD-15 a form that is sent after signing out in another tab leads back to its page', async () => {
      await page.goto(`${site}/todos?filter=open`);
      await signIn('Ada Lovelace', { organization: 'Acme Rockets' });
      const other = await context.newPage();
      await other.goto(site);
      await signOut(other);
      await page.getByLabel('What needs doing?').fill('Too late');
      await page.getByRole('button', { name: 'Add todo' }).click();
      expect(await page.textContent('h1')).toBe('Please sign in');
      await page.getByRole('link', { name: 'Sign in', exact: true }).click();
      await signIn('Ada Lovelace', { organization: 'Acme Rockets' });
      expect(page.url()).toBe(`${site}/todos?filter=open`);
    });

    test('two tabs that sign in at the same time each end on their own page', async () => {
      const other = await context.newPage();
      await Promise.all([
        page.goto(`${site}/todos?filter=open`),
        other.goto(`${site}/todos?filter=done`),
      ]);
      await signIn('Grace Hopper');
      await signIn('Grace Hopper', { on: other });
      expect([page.url(), other.url()]).toEqual([
        `${site}/todos?filter=open`,
        `${site}/todos?filter=done`,
      ]);
    });

    test('two people at two browsers at the same time stay themselves', async () => {
      const elsewhere = await browser.newContext();
      const other = await elsewhere.newPage();
      await Promise.all([page.goto(`${site}/profile`), other.goto(`${site}/profile`)]);
      await Promise.all([signIn('Grace Hopper'), signIn('Alan Turing', { on: other })]);
      expect(await page.textContent('main')).toContain('grace@example.com');
      expect(await other.textContent('main')).toContain('alan@example.com');
      await elsewhere.close();
    });

    test('an administrator makes a member a viewer, which shows at the next sign-in, and cannot change themselves', async () => {
      await page.goto(`${site}/members`);
      await signIn('Ada Lovelace', { organization: 'Acme Rockets' });
      expect(await page.getByLabel('Role of Ada Lovelace').count()).toBe(0);
      await page.getByLabel('Role of Grace Hopper').selectOption({ label: 'Viewer' });
      await page.getByRole('button', { name: 'Change' }).first().click();
      expect(page.url()).toBe(`${site}/members`);
      expect(await page.getByLabel('Role of Grace Hopper').inputValue()).toBe('viewer');
      const elsewhere = await browser.newContext();
      const grace = await elsewhere.newPage();
      await grace.goto(`${site}/todos`);
      await signIn('Grace Hopper', { on: grace });
      expect(await grace.textContent('main')).toContain('does not include create:todos');
      expect(await grace.getByRole('link', { name: 'Members' }).count()).toBe(0);
      expect((await grace.request.get(`${site}/members`)).status()).toBe(403);
      await elsewhere.close();
      await page.getByLabel('Role of Grace Hopper').selectOption({ label: 'Member' });
      await page.getByRole('button', { name: 'Change' }).first().click();
      await page.waitForURL(`${site}/members`);
    });

    test('one sees where one is signed in, ends another browser’s session, and signs out everywhere', async () => {
      const elsewhere = await browser.newContext();
      const other = await elsewhere.newPage();
      for (const on of [page, other]) {
        await on.goto(`${site}/sessions`);
        await signIn('Grace Hopper', { on });
      }
      await page.reload();
      expect(await page.getByText('this one').count()).toBe(1);
      const before = await page.getByRole('button', { name: /^End the session/ }).count();
      await page
        .getByRole('button', { name: /^End the session/ })
        .first()
        .click();
      expect(await page.getByRole('button', { name: /^End the session/ }).count()).toBe(before - 1);
      await page.getByRole('button', { name: 'Sign out everywhere' }).click();
      for (const on of [page, other]) {
        expect((await on.request.get(`${site}/api/todos`)).status()).toBe(401);
      }
      await elsewhere.close();
    });

    test('the keyboard and a browser without JavaScript are enough', async () => {
      const plain = await browser.newContext({ javaScriptEnabled: false });
      const tab = await plain.newPage();
      await tab.goto(`${site}/profile`);
      const card = tab.getByRole('button', { name: 'Grace Hopper' });
      for (
        let presses = 0;
        presses < 20 && !(await card.evaluate((node) => node === document.activeElement));
        presses++
      ) {
        await tab.keyboard.press('Tab');
      }
      await tab.keyboard.press('Enter');
      await tab.waitForURL(`${site}/profile`);
      expect(await tab.textContent('main')).toContain('grace@example.com');
      await plain.close();
    });

    test('somebody new creates an organization of their own at sign-up', async () => {
      await page.goto(`${site}/create-organization?org_name=Initech&return_to=/todos`);
      await page.getByLabel('E-mail').fill(`founder-${framework}@example.com`);
      await page.getByLabel('First name').fill('Bill');
      expect(await page.getByLabel('Organization').inputValue()).toBe('Initech');
      await page.getByRole('button', { name: 'Create account' }).click();
      expect(page.url()).toBe(`${site}/todos`);
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Initech');
      expect(await page.getByRole('button', { name: 'Add todo' }).count()).toBe(1);
    });

    test('somebody new registers and lands in the default organization', async () => {
      await page.goto(site);
      await page.getByRole('link', { name: 'Create an account' }).click();
      await page.getByLabel('E-mail').fill(`new-${framework}@example.com`);
      await page.getByLabel('First name').fill('Mary');
      await page.getByRole('button', { name: 'Create account' }).click();
      expect(page.url()).toBe(`${site}/todos`);
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Acme Rockets');
    });
  },
);
