import type { Emulator } from '@kindling/emulator';
import type { BrowserContext, Page } from 'playwright-core';
import {
  register,
  startSite,
  type Call,
  type Framework,
  type Plan,
  type Site,
} from '../kit/site.js';
import { freePort } from '../../kit/services.js';

/** A page that says who is signed in, with the links and forms that our pages recommend. */
const page = ({ auth, header }: Call): string => {
  header('Content-Type', 'text/html; charset=utf-8');
  const who = auth.isAuthenticated
    ? `${auth.user.email} in ${auth.getOrganization()?.orgCode}`
    : 'nobody';
  return `<!doctype html><title>site</title><p id="who">${who}</p>
    <a href="/login?return_to=/%3Fx%3D1">Sign in</a>
    <form method="post" action="/logout"><button>Sign out</button></form>
    <form action="/switch-organization"><input type="hidden" name="org_code" value="org_globex0gardens"><button>Switch</button></form>
    <form method="post" action="/todos"><input name="title" value="x"><button>Save</button></form>`;
};

/** Starts an app with that page; the emulator has to listen. */
export async function startPages(
  framework: Framework,
  emulator: Emulator,
  { url, ...plan }: Plan & { url?: string } = {},
): Promise<Site> {
  const siteUrl = url ?? `http://localhost:${await freePort()}`;
  register(emulator, siteUrl);
  return startSite(framework, emulator, {
    ...plan,
    options: { siteUrl, fetch, ...plan.options },
    places: [{ path: '/', handle: page }, ...(plan.places ?? [])],
  });
}

/** Who the site says is signed in. */
export const who = (on: Page) => on.locator('#who').textContent();

/** Waits until the site says so; a browser may be on its way through Kinde. */
export const becomes = (on: Page, text: string) =>
  on.locator('#who', { hasText: text }).waitFor({ timeout: 5000 });

/** Signs in at the local Kinde, whose page is open. */
export async function choose(on: Page, name: string, organization?: string): Promise<void> {
  await on.getByRole('button', { name }).click();
  if (organization) {
    await on.getByRole('button', { name: organization }).click();
  }
}

/** A page, and what its policies made the browser complain about. */
export async function watch(
  context: BrowserContext,
): Promise<{ page: Page; complaints: string[] }> {
  const opened = await context.newPage();
  const complaints: string[] = [];
  opened.on('console', (message) => {
    if (/content security policy|violates/i.test(message.text())) {
      complaints.push(message.text());
    }
  });
  return { page: opened, complaints };
}
