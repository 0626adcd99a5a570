import type { Auth, SessionInfo } from '@kindling/core';
import { html } from 'hono/html';
import { layout, type Html } from './layout.js';

/** Everywhere the person is signed in, with buttons that end that. */
export function sessionsPage(auth: Auth, sessions: readonly SessionInfo[]): string {
  return layout(
    'Sessions',
    html`<h1>Where you are signed in</h1>
      <p class="soft">Ending a session signs that browser out at its next request.</p>
      <div class="card">
        <ul class="todos">
          ${sessions.map(session)}
        </ul>
      </div>
      <form class="row" method="post" action="/sessions/end-all">
        <button>Sign out everywhere</button>
      </form>`,
    auth,
  );
}

function session({ id, startedAt, seenAt, userAgent, isCurrent }: SessionInfo): Html {
  const time = (seconds: number) =>
    new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ');
  const end = isCurrent
    ? html`<strong>this one</strong>`
    : html`<form method="post" action="/sessions/${id}/end">
        <button class="quiet" aria-label="End the session of ${time(startedAt)}">End</button>
      </form>`;
  return html`<li>
    <span class="title"
      >${browserOf(userAgent)}<br /><small class="soft"
        >since ${time(startedAt)}, last seen ${time(seenAt)} UTC</small
      ></span
    >${end}
  </li>`;
}

/** What people call their browser. */
function browserOf(userAgent = ''): string {
  const names = {
    Edg: 'Edge',
    OPR: 'Opera',
    Firefox: 'Firefox',
    Chrome: 'Chrome',
    Safari: 'Safari',
  };
  const [, name = 'A browser'] =
    Object.entries(names).find(([mark]) => userAgent.includes(mark)) ?? [];
  const [system] = /Windows|Android|iPhone|iPad|Mac OS|Linux/.exec(userAgent) ?? [];
  return system ? `${name} on ${system}` : name;
}
