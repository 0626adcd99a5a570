// The dashboard at /emulator: who may see it, and the pages that show and change what happens here.
import { readText } from '@kindling/internal';
import { Hono } from 'hono';
import type { Context } from 'hono';
import { html } from 'hono/html';
import { isForm } from '../oauth/client-auth.js';
import { remember } from '../state/ids.js';
import { isForeign, type Access, type Session } from './access.js';
import { assetOf } from './assets.js';
import { clockPage } from './clock.js';
import { clearPage, faultsPage } from './faults.js';
import { frameOf } from './frame.js';
import { dashboardPage, plainPage } from './layout.js';
import { cut } from './parts.js';
import { harPage, requestsPage } from './requests.js';
import { namedSignInPage, signInPage, signInsPage, signInTextPage } from './sign-in-pages.js';
import { environmentPage, openAppPage, startPage } from './start.js';
import { openDashboard, strangerPage } from './stranger.js';
import { createStream } from './stream.js';
import { tokenPage } from './token.js';
import type { DashboardParts, Done, Page, Visit } from './visit.js';

/** Pages, by their paths. */
const PAGES: readonly Page[] = [
  startPage,
  environmentPage,
  openAppPage,
  tokenPage,
  signInsPage,
  namedSignInPage,
  signInPage,
  signInTextPage,
  requestsPage,
  harPage,
  clockPage,
  faultsPage,
  clearPage,
];

/** Bytes of a form. */
const LONGEST_FORM = 64 * 1_024;
const MOST_NOTICES = 20;

/** Answers every request under `/emulator`, apart from the forms of a sign-in and the control API. */
export function createDashboard(
  parts: DashboardParts & { readonly access: Access },
): (request: Request) => Promise<Response> {
  const { access, state } = parts;
  const app = new Hono<{ Variables: { session: Session } }>({ strict: false });
  const stream = createStream(state.journal);
  app.use(async (c, next) => {
    if (isForeign(c.req.raw, state)) {
      return refused('Pages of other addresses, also of other ports, cannot use the dashboard.');
    }
    return assetOf(c.req.path) ?? next();
  });
  app.get('/emulator/open', (c) => openDashboard(c.req.raw, access));
  app.use(async (c, next) => {
    const session = access.sessionOf(c.req.raw);
    if (!session) {
      return strangerPage(c.req.raw, state);
    }
    c.set('session', session);
    return next();
  });
  app.get('/emulator/stream', (c) => stream(c.req.raw));
  const visitOf = (c: Context): Visit => ({
    ...parts,
    url: new URL(c.req.url),
    params: c.req.param(),
    session: c.get('session'),
  });
  for (const page of PAGES) {
    if (page.show) {
      app.get(page.path, async (c) => show(page, visitOf(c)));
    }
    if (page.act) {
      app.post(page.path, async (c) => act(page, visitOf(c), c.req.raw));
    }
  }
  app.notFound(async (c) => dashboardPage(await frameOf(visitOf(c)), NOTHING_HERE));
  app.onError((error) => refused(cut(error.message), 'The dashboard failed', 500));
  return async (request) => app.fetch(request);
}

const NOTHING_HERE = {
  title: 'There is nothing here',
  current: 'start',
  content: html`<p>
    The dashboard has no page at this address. <a href="/emulator">Go to the start</a>.
  </p>`,
  status: 404,
} as const;

function refused(text: string, title = 'Not allowed', status = 403): Response {
  return plainPage({ title, content: html`<p>${text}</p>`, status });
}

async function show(page: Page, visit: Visit): Promise<Response> {
  const view = await page.show!(visit);
  return view instanceof Response ? view : dashboardPage(await frameOf(visit), view);
}

async function act(page: Page, visit: Visit, request: Request): Promise<Response> {
  const text = await readText(request.body, LONGEST_FORM);
  if (text === undefined || !isForm(request)) {
    return refused('A form of the dashboard is URL-encoded, and has at most 64 kB.');
  }
  const done = await doneBy(page, visit, new URLSearchParams(text));
  return new Response(null, {
    status: 303,
    headers: { location: next(done, visit), 'cache-control': 'no-store' },
  });
}

async function doneBy(page: Page, visit: Visit, form: URLSearchParams): Promise<Done> {
  try {
    return await page.act!(form, visit);
  } catch (error) {
    if (error instanceof Error && ['ControlError', 'RangeError'].includes(error.name)) {
      return { text: cut(error.message), isProblem: true, to: page.formOn ?? page.path };
    }
    throw error;
  }
}

/** Where to go on: to a page of the dashboard with what was done, or to the app. */
function next({ to, once, ...notice }: Done, { session, state }: Visit): string {
  if (!to.startsWith('/')) {
    return to;
  }
  const id = state.random.secret(6);
  remember(session.notices, id, notice, MOST_NOTICES);
  if (once) {
    remember(session.once, id, once, MOST_NOTICES);
  }
  return `${to}${to.includes('?') ? '&' : '?'}done=${id}`;
}
