import { createEmulator, defaultSeed, type Emulator } from '@kindling/emulator';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { barriers, LOOKS, tooWide } from '../kit/barriers.js';
import { hasChromium, launch } from '../kit/chromium.js';

const SITE = 'http://localhost:3000';
/** Longer than a window of 390 pixels. */
const LONG = `${SITE}/a-callback-that-nobody-registered-and-that-is-longer-than-a-narrow-window-is-wide`;

/** A page, and how a user gets to it. */
type Way = (page: Page, emulator: Emulator) => Promise<unknown>;

const authorization = ({ issuer, env }: Emulator, params: Record<string, string> = {}) => {
  const query = {
    client_id: env['KINDE_CLIENT_ID']!,
    redirect_uri: `${SITE}/callback`,
    response_type: 'code',
    scope: 'openid profile email offline',
    state: 'state-of-the-app',
    ...params,
  };
  return `${issuer}/oauth2/auth?${new URLSearchParams(query)}`;
};
const asked =
  (params?: Record<string, string>): Way =>
  (page, emulator) =>
    page.goto(authorization(emulator, params));
/** Opens a page of the dashboard about the newest sign-in. */
const inspected =
  (way: Way): Way =>
  async (page, emulator) => {
    await way(page, emulator);
    await page.goto(emulator.dashboardLink());
    const [flow] = emulator.flows.list();
    await page.goto(`${emulator.issuer}/emulator/sign-ins/${flow!.id}`);
  };
const clickAda: Way = async (page, emulator) => {
  await asked()(page, emulator);
  await page.getByRole('button', { name: /Ada Lovelace/ }).click();
};

const PAGES: Record<string, Way> = {
  'sign in': asked(),
  'sign in, of more users than are shown': (page, emulator) => {
    const { people } = emulator.state;
    for (let count = 0; count < 50; count += 1) {
      const id = `kp_${count}`;
      people.push({ id, givenName: `User ${count}`, organizations: {} } as (typeof people)[0]);
    }
    return asked()(page, emulator);
  },
  'sign in, where the password was wrong': async (page, emulator) => {
    emulator.state.people[1]!.password = 'right-password';
    await asked({ login_hint: 'grace@example.com' })(page, emulator);
    await page.locator('input[name="email"]').fill('grace@example.com');
    await page.locator('input[name="email"]').press('Enter');
  },
  register: asked({ prompt: 'create', is_create_org: 'true' }),
  'choose an organization': clickAda,
  'the callback is not allowed': asked({ redirect_uri: LONG }),
  'the client is unknown': asked({ client_id: 'x'.repeat(60) }),
  'an expired sign-in': async (page, emulator) => {
    await asked()(page, emulator);
    emulator.state.pending.clear();
    await page.getByRole('button', { name: /Ada Lovelace/ }).click();
  },
  'a suspended user': async (page, emulator) => {
    emulator.state.people[1]!.isSuspended = true;
    await asked()(page, emulator);
    await page.getByRole('button', { name: /Grace Hopper/ }).click();
  },
  'signed out': (page, { issuer }) => page.goto(`${issuer}/logout`),
  'nothing here': (page, { issuer }) => page.goto(`${issuer}/nowhere`),
  'the dashboard, for a stranger who asked for a sign-in': (page, { issuer }) =>
    page.goto(`${issuer}/emulator/sign-ins/flow_1`),
  'a sign-in that failed, in the dashboard': inspected(asked({ redirect_uri: LONG })),
  'a sign-in that waits, in the dashboard': inspected(clickAda),
};

describe.skipIf(!hasChromium).each(Object.keys(LOOKS))('pages of sign-ins in %s', (look) => {
  let browser: Browser;
  let emulator: Emulator;
  let page: Page;
  beforeAll(async () => {
    browser = await launch();
  }, 60_000);
  afterAll(() => browser.close());
  beforeEach(async () => {
    emulator = await createEmulator({ siteUrl: SITE, seed: defaultSeed });
    await emulator.listen({ port: 0 });
    const context = await browser.newContext({ ...LOOKS[look], bypassCSP: true });
    page = await context.newPage();
  });
  afterEach(async () => {
    await page.context().close();
    await emulator.close();
  });

  test.each(Object.keys(PAGES))(
    'have no barrier and are not too wide: %s',
    async (name) => {
      await PAGES[name]!(page, emulator);
      expect(await barriers(page)).toEqual([]);
      expect(await tooWide(page)).toBeLessThanOrEqual(0);
      const { SCREENSHOTS: folder } = process.env;
      await (folder && page.screenshot({ path: `${folder}/${look}-${name}.png`, fullPage: true }));
    },
    60_000,
  );
});
