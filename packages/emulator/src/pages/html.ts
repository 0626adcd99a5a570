import { html, raw } from 'hono/html';
import { createHash } from 'node:crypto';

/** Text that is safe to send as HTML: made by `html` templates, which escape what is put into them. */
export type Html = ReturnType<typeof html>;

const STYLE = `
:root { color-scheme: light dark; --bg: #f6f5f1; --card: #fff; --ink: #1d1b16; --soft: #6b665b; --line: #e2ddd0; --fire: #b4430b; --glow: #fff3ea; --on: #fff }
@media (prefers-color-scheme: dark) { :root { --bg: #15130f; --card: #1f1c17; --ink: #f1ede4; --soft: #a69f90; --line: #39342a; --fire: #ff9a5c; --glow: #2c2118; --on: #201204 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--bg); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, 'Segoe UI', sans-serif; display: grid; min-height: 100vh; grid-template-rows: auto 1fr auto }
.banner { background: var(--glow); color: var(--fire); border-bottom: 1px solid var(--line); text-align: center; padding: .45rem 1rem; font-size: .85rem; font-weight: 600 }
main { width: min(30rem, 100% - 2rem); margin: clamp(1.5rem, 7vh, 5rem) auto 3rem }
h1 { font-size: 1.65rem; line-height: 1.2; margin: 0 0 .35rem; letter-spacing: -.01em } h2 { font-size: .95rem; margin: 1.75rem 0 .6rem }
p { margin: .3rem 0 1rem } .soft { color: var(--soft); font-size: .92rem }
ul { list-style: none; padding: 0; margin: 0; display: grid; gap: .6rem }
button, input { font: inherit; color: inherit; border-radius: .65rem; border: 1px solid var(--line); background: var(--card); padding: .65rem .85rem; width: 100% }
button { cursor: pointer; text-align: left } button:hover { border-color: var(--fire) }
button.main { background: var(--fire); border-color: var(--fire); color: var(--on); text-align: center; font-weight: 600; margin-top: .9rem }
:focus-visible { outline: 3px solid var(--fire); outline-offset: 2px }
.person { display: grid; grid-template-columns: auto 1fr; gap: 0 .85rem; align-items: center; padding: .8rem .9rem }
.mark { grid-row: 1 / 20; align-self: start; width: 2.6rem; height: 2.6rem; border-radius: 50%; background: var(--glow); color: var(--fire); display: grid; place-items: center; font-weight: 700 }
.person strong, .person small { grid-column: 2 } .person small { color: var(--soft); display: block; overflow-wrap: anywhere }
label { display: block; font-size: .9rem; font-weight: 600; margin-top: .75rem } label input { margin-top: .25rem; font-weight: 400 }
form + form { margin-top: .6rem } .search { display: flex; gap: .6rem; margin-bottom: .9rem } .search button { width: auto; flex: none } .error { color: var(--fire); font-weight: 600 }
dl { border: 1px solid var(--line); background: var(--card); border-radius: .65rem; padding: .9rem 1rem; margin: 0 } dt { color: var(--soft); font-size: .85rem } dd { margin: 0 0 .6rem; overflow-wrap: anywhere; font-family: ui-monospace, monospace; font-size: .9rem } dd:last-child { margin: 0 }
a { color: var(--fire) } footer { text-align: center; padding: 1rem; color: var(--soft); font-size: .82rem }
`;

const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The text of a page, in one line. */
export function textOf(html: string): string {
  const withoutTags = html.replace(/<style>.*?<\/style>|<[^>]+>/gs, ' ');
  return withoutTags.replace(/\s+/g, ' ');
}

/** Status and headers of a page. */
export interface PageOptions {
  /** @default 200 */
  readonly status?: number | undefined;
  /** Headers on top of those of every page, such as `set-cookie`. @default none */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A whole page of the local Kinde. Needs no JavaScript. */
export function page(
  title: string,
  content: Html,
  { status = 200, headers = {} }: PageOptions = {},
): Response {
  const document = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · Local Kinde emulator</title>
        ${raw(`<style>${STYLE}</style>`)}
      </head>
      <body>
        <header class="banner">Local Kinde emulator — not the real Kinde</header>
        <main>
          <h1>${title}</h1>
          ${content}
        </main>
        <footer>For development and tests. Nobody here is a real user.</footer>
      </body>
    </html> `;
  return new Response(String(document), {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': POLICY,
      // With `no-referrer`, browsers would send forms with `Origin: null`, and over plain http say nothing else of where from.
      'referrer-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      ...headers,
    },
  });
}
