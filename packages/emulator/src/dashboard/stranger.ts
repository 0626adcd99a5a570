import { html } from 'hono/html';
import type { State } from '../state/state.js';
import { isNavigation, type Access } from './access.js';
import { forgetPage, rememberedPage, rememberPage } from './asked-for.js';
import { plainPage } from './layout.js';
import { nameOf } from './parts.js';

/** Users that a stranger is shown, as on the sign-in page. */
const MOST_PEOPLE = 12;

/**
 * Opens the dashboard for the browser that has a code, and goes on without the code in the address: to the page that this
 * browser asked for before, or to the start.
 */
export function openDashboard(request: Request, access: Access): Response {
  if (request.headers.has('sec-purpose')) {
    // A browser that fetches a link before anybody clicks on it must not use up the code.
    return new Response(null, { status: 503, headers: { 'cache-control': 'no-store' } });
  }
  const cookie = access.redeem(request);
  if (!cookie && !access.sessionOf(request)) {
    return plainPage({
      title: 'This link opens nothing any more',
      content: html`<p>It works once, for ten minutes.</p>
        ${howToOpen()}`,
      status: 403,
    });
  }
  const page = rememberedPage(request);
  const headers = new Headers({
    location: page ?? '/emulator',
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
  });
  const cookies = [cookie, page === undefined ? undefined : forgetPage(request)];
  cookies.forEach((one) => one !== undefined && headers.append('set-cookie', one));
  return new Response(null, { status: 303, headers });
}

/** What anybody may know: that this is a local Kinde, for which app, who can sign in, and how to see more. */
export function strangerPage(request: Request, state: State): Response {
  const { pathname } = new URL(request.url);
  const isStart = ['/', '/emulator', '/emulator/'].includes(pathname);
  if (request.method === 'GET' && isFromElsewhere(request)) {
    return onceMore();
  }
  const remembered = rememberPage(request);
  return plainPage({
    title: 'A local Kinde',
    content: html`${isStart ? '' : html`<p><strong>This page is for whoever opened the dashboard.</strong>${remembered ? ' Open it in this browser, and it goes on to this page.' : ''}</p>`}
      <p>Apps sign in here as they would at Kinde, on this machine and without an account.</p>
      <dl class="facts">
        <dt>Issuer</dt>
        <dd><code>${state.issuer}</code></dd>
        <dt>App</dt>
        <dd><a href="${state.siteUrl}">${state.siteUrl}</a></dd>
      </dl>
      <h2>Who can sign in</h2>
      <ul>
        ${state.people.slice(0, MOST_PEOPLE).map((person) => html`<li>${nameOf(person)}</li>`)}
      </ul>
      ${state.people.length > MOST_PEOPLE ? html`<p class="soft">And ${state.people.length - MOST_PEOPLE} more.</p>` : ''}
      ${howToOpen()}`,
    status: isStart ? 200 : 403,
    headers: remembered === undefined ? {} : { 'set-cookie': remembered },
  });
}

function howToOpen() {
  return html`<h2>Open the dashboard</h2>
    <p>
      The terminal that started this local Kinde shows a link. For a new one, run this in the folder
      of the app, with the same --environment and --state as the start:
    </p>
    <div class="card"><pre>npx @kindling/emulator open</pre></div>
    <p class="soft">One that was started with --memory gives no other link: start it again.</p>
    <p class="soft">
      The dashboard shows every sign-in of the app step by step, signs in as anybody, moves the time
      and injects faults.
    </p>`;
}

/**
 * Whether a link of another site led here. The cookie is not sent then, because it is `SameSite=Strict`; it is sent when this
 * page itself asks once more.
 */
function isFromElsewhere(request: Request): boolean {
  return isNavigation(request) && request.headers.get('sec-fetch-site') === 'cross-site';
}

function onceMore(): Response {
  return plainPage({
    title: 'A local Kinde',
    content: html`<p><a href="">Go on to the dashboard</a></p>`,
    headers: { refresh: '0' },
  });
}
