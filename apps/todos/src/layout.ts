import { createHash } from 'node:crypto';
import type { Auth } from '@kindling/core';
import { html, raw } from 'hono/html';

/** HTML made by templates that escape what is put into them. */
export type Html = ReturnType<typeof html>;

const STYLE = `
:root { color-scheme: light dark; --bg: #f4f6f8; --card: #fff; --ink: #16202b; --soft: #5a6877; --line: #dbe2e9; --main: #0b62a8; --tint: #e4f0fa; --on: #fff; --bad: #a3282a }
body.forest { --bg: #f3f6f1; --ink: #19231a; --soft: #5a695b; --line: #d9e2d6; --main: #2d6a33; --tint: #e5f1e4 }
@media (prefers-color-scheme: dark) {
  :root { --bg: #10151b; --card: #18202a; --ink: #e7edf4; --soft: #9aa9b9; --line: #2b3845; --main: #6db6f2; --tint: #1a2c3d; --on: #08131d; --bad: #ff9c93 }
  body.forest { --bg: #10160f; --card: #19221a; --ink: #e7f0e6; --soft: #9db09c; --line: #2b3a2c; --main: #86cf8b; --tint: #1c2f1e; --on: #0a160b }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--bg); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, 'Segoe UI', sans-serif }
a { color: var(--main) } h1 { font-size: clamp(1.6rem, 5vw, 2.1rem); line-height: 1.15; margin: 0 0 .4rem; letter-spacing: -.02em } h2 { font-size: 1.05rem; margin: 2rem 0 .6rem }
.skip { position: absolute; left: -99rem } .skip:focus { left: 1rem; top: 1rem; background: var(--card); padding: .5rem 1rem; z-index: 1 }
:focus-visible { outline: 3px solid var(--main); outline-offset: 2px; border-radius: .3rem }
header { background: var(--card); border-bottom: 1px solid var(--line) }
nav { max-width: 46rem; margin: auto; padding: .7rem 1rem; display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 1.1rem }
nav .brand { font-weight: 750; text-decoration: none; color: var(--ink) } nav .space { flex: 1 } nav form { display: flex; gap: .4rem; margin: 0 }
main { max-width: 46rem; margin: clamp(1.5rem, 6vh, 3.5rem) auto; padding: 0 1rem }
button, input, select, .button { font: inherit; color: inherit; border: 1px solid var(--line); border-radius: .55rem; background: var(--card); padding: .45rem .8rem }
button, .button { cursor: pointer; font-weight: 600; text-decoration: none; display: inline-block } button:hover, .button:hover { border-color: var(--main) }
.primary { background: var(--main); border-color: var(--main); color: var(--on) } .quiet { border-color: transparent; background: none; font-weight: 400; color: var(--soft) }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .8rem; padding: 1rem 1.15rem; margin: 1rem 0 } .soft { color: var(--soft) } .lead { font-size: 1.12rem; color: var(--soft); max-width: 34rem }
.row { display: flex; gap: .6rem; flex-wrap: wrap; margin: 1.2rem 0 } td .row { margin: 0; font-family: system-ui, -apple-system, 'Segoe UI', sans-serif } .row input { flex: 1; min-width: 12rem }
.note { background: var(--tint); border-radius: .6rem; padding: .65rem .9rem } .error { color: var(--bad); font-weight: 600 }
ul.todos { list-style: none; padding: 0; margin: 0 } ul.todos li { display: flex; align-items: center; gap: .6rem; padding: .5rem 0; border-bottom: 1px solid var(--line) } ul.todos li:last-child { border: 0 }
ul.todos .title { flex: 1; overflow-wrap: anywhere } ul.todos .done { text-decoration: line-through; color: var(--soft) } ul.todos form { margin: 0 } .tick { width: 2.2rem; padding: .3rem 0; text-align: center }
table { border-collapse: collapse; width: 100%; font-size: .93rem } th, td { text-align: left; vertical-align: top; padding: .45rem .6rem .45rem 0; border-bottom: 1px solid var(--line) } th { color: var(--soft); font-weight: 500; width: 11rem } td { overflow-wrap: anywhere; font-family: ui-monospace, monospace; font-size: .86rem } tr:last-child > * { border: 0 }
footer { text-align: center; color: var(--soft); font-size: .85rem; padding: 2rem 1rem }
@media (max-width: 34rem) { th { width: 7.5rem } nav.member .space { flex-basis: 100% } }
`;

/**
 * Headers of every page: nothing runs or loads that is not on the page itself. Other sites learn no address of ours; our own
 * error pages do, so that they can lead back to the page with a form.
 */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; frame-ancestors 'none'`,
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
};

/** A whole page. The string flag `theme` colours it. Where it is not known who is looking, it offers no sign-in. */
export function layout(title: string, content: Html, auth?: Auth): string {
  const theme = auth?.getFlag('theme', 'ocean').value === 'forest' ? 'forest' : 'ocean';
  return String(
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <title>${title} · Kindling Todos</title>
          ${raw(`<style>${STYLE}</style>`)}
        </head>
        <body class="${theme}">
          <a class="skip" href="#main">Skip to content</a>
          <header>${navigation(auth)}</header>
          <main id="main">${content}</main>
          <footer>An example app of Kindling. No JavaScript was sent to this page.</footer>
        </body>
      </html> `,
  );
}

function navigation(auth: Auth | undefined): Html {
  if (!auth) {
    return html`<nav aria-label="Main"><a class="brand" href="/">Kindling Todos</a></nav>`;
  }
  if (!auth.isAuthenticated) {
    return html`<nav class="member" aria-label="Main">
      <a class="brand" href="/">Kindling Todos</a><span class="space"></span
      ><a class="button primary" href="/login?return_to=/todos">Sign in</a>
    </nav>`;
  }
  return html`<nav class="member" aria-label="Main">
    <a class="brand" href="/">Kindling Todos</a><a href="/todos">Todos</a><a href="/profile">Profile</a><a href="/sessions">Sessions</a
    >${auth.getPermission('read:members').isGranted ? html`<a href="/members">Members</a>` : ''}<span class="space"></span>
    ${switcher(auth)}
    <form method="post" action="/logout"><button>Sign out</button></form>
  </nav>`;
}

/** Another organization means another token: the form goes through Kinde and comes back. */
function switcher(auth: Auth): Html | string {
  const { orgs } = auth.getUserOrganizations();
  const current = auth.getOrganization();
  if (orgs.length < 2) {
    if (current) {
      return html`<span class="soft">${current.orgName ?? current.orgCode}</span>`;
    }
    return '';
  }
  const options = orgs.map(
    ({ code, name }) =>
      html`<option value="${code}" ${code === current?.orgCode ? raw(' selected') : ''}>${name}</option>`,
  );
  return html`<form action="/switch-organization">
    <input type="hidden" name="return_to" value="/todos" /><select name="org_code" aria-label="Organization">
      ${options}</select
    ><button>Switch</button>
  </form>`;
}
