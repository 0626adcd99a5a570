import { own } from '@kindling/internal';
import { html } from 'hono/html';
import type { ClockInfo } from '../control/clock-info.js';
import { clockText } from './frame.js';
import { cut, dateOf, durationOf, table, when } from './parts.js';
import type { Done, Page, Visit } from './visit.js';

const PATH = '/emulator/clock';
const PATCH = 'PATCH /emulator/api/v1/clock';

/** The time here, and what ends when. */
export const clockPage: Page = {
  path: PATH,
  async show({ control }) {
    const clock = await control.clock();
    return {
      title: 'Clock',
      current: 'clock',
      content: html`<p class="soft">
          Tokens, codes, sessions and deliveries live by this time. Your app lives by its own.
        </p>
        <div id="now" data-live="clock state">${facts(clock)}</div>
        <h2>Move the time</h2>
        <div class="card pad">${forms(clock)}</div>
        <h2>What ends next</h2>
        <div class="card" id="ends" data-live="clock state step request">${ends(clock)}</div>`,
    };
  },
  act: async (form, visit) => ({ to: PATH, ...(await change(form, visit)) }),
};

/** What apps make of the time here, by where they are. */
const BEHIND = 'behind: tokens that are issued now look there as if they came from the future.';
const AHEAD = 'ahead: tokens that are issued now look older there, or expired.';

function facts(clock: ClockInfo) {
  const { now, real, ahead } = clock;
  return html`<dl class="facts">
      <dt>Here</dt>
      <dd><strong>${dateOf(now)}</strong> · ${clockText(clock) ?? 'real time'}</dd>
      <dt>In your app</dt>
      <dd>${dateOf(real)}</dd>
    </dl>
    ${when(
      Math.abs(ahead) >= 1,
      () =>
        html`<p>
          <span class="hm"></span>Your app is ${durationOf(ahead)} ${ahead > 0 ? BEHIND : AHEAD}
        </p>`,
    )}`;
}

function forms(clock: ClockInfo) {
  const { frozen, ends: list } = clock;
  const [next] = list;
  const button = (name: string, text: string, className = '') =>
    html`<button name="do" value="${name}" class="${className}">${text}</button>`;
  return html`<form method="post" action="${PATH}" class="row">
      ${button('hour', 'One hour on')} ${button('day', 'One day on')}
      ${when(next, () => button('next', 'To the next end'))}
      ${frozen ? button('unfreeze', 'Let it run') : button('freeze', 'Freeze')}
      ${when(clockText(clock), () => button('real', 'Back to real time'))}
    </form>
    <form method="post" action="${PATH}" class="row">
      <label
        >Move on by
        <input name="advance" required placeholder="90s, 5m, 2h, 3d" autocomplete="off"
      /></label>
      ${button('advance', 'Move on', 'main')}
    </form>`;
}

function ends({ ends: list, now }: ClockInfo) {
  if (list.length === 0) {
    return html`<p class="empty">
      Nothing: no codes, tokens, sessions or deliveries are waiting for their time.
    </p>`;
  }
  const rows = list.map(
    ({ at, what, whose }) =>
      html`<td>${dateOf(at)}</td>
        <td>in ${durationOf(at - now)}</td>
        <td>${what}</td>
        <td>${cut(whose)}</td>
        <td class="num">
          <button name="to" value="${at}" class="quiet">
            Go there<span class="unseen">, to the end of ${what} of ${cut(whose)}</span>
          </button>
        </td>`,
  );
  return html`<form method="post" action="${PATH}">
    ${table({ caption: 'What ends next', head: ['When', 'From now', 'What', 'Whose', ''], rows })}
  </form>`;
}

type Change = (visit: Visit, form: URLSearchParams) => Promise<Omit<Done, 'to'>>;

const CHANGES: Readonly<Record<string, Change>> = {
  hour: (visit) => advance(visit, '1h'),
  day: (visit) => advance(visit, '1d'),
  advance: (visit, form) => advance(visit, form.get('advance')?.trim() ?? ''),
  async next(visit) {
    const [first] = (await visit.control.clock()).ends;
    return first
      ? moveTo(visit, first.at)
      : { text: 'Nothing ends, so the time stayed as it was.', isProblem: true };
  },
  async freeze({ control }) {
    await control.setClock({ frozen: true });
    return { text: 'The time stands still.', call: `${PATCH} {"frozen":true}` };
  },
  async unfreeze({ control }) {
    await control.setClock({ frozen: false });
    return { text: 'The time runs again.', call: `${PATCH} {"frozen":false}` };
  },
  async real({ control }) {
    await control.resetClock();
    return { text: 'The time is real again.', call: 'DELETE /emulator/api/v1/clock' };
  },
};

async function change(form: URLSearchParams, visit: Visit): Promise<Omit<Done, 'to'>> {
  const to = form.get('to');
  if (to !== null) {
    return moveTo(visit, Number(to));
  }
  const name = form.get('do') ?? '';
  const known = own(CHANGES, name);
  return known?.(visit, form) ?? { text: 'The form named nothing to do.', isProblem: true };
}

async function advance({ control }: Visit, by: string): Promise<Omit<Done, 'to'>> {
  await control.setClock({ advance: by });
  return {
    text: `The time moved on by ${cut(by)}.`,
    call: `${PATCH} ${JSON.stringify({ advance: cut(by) })}`,
  };
}

/** Moves a second past an end, so that it has ended. */
async function moveTo({ control }: Visit, end: number): Promise<Omit<Done, 'to'>> {
  const now = end + 1;
  await control.setClock({ now });
  return { text: 'The time moved there.', call: `${PATCH} {"now":${now}}` };
}
