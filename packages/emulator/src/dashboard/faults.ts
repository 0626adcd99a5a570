import { html } from 'hono/html';
import type { Html } from '../pages/html.js';
import type { ArmedFault, FaultKind, FaultsInfo, FaultValue } from '../faults/fault.js';
import { cut, table } from './parts.js';
import type { Page } from './visit.js';

const PATH = '/emulator/faults';
const API = '/emulator/api/v1/faults';

/** What can go wrong on purpose, and what will. */
export const faultsPage: Page = {
  path: PATH,
  async show({ control }) {
    const faults = await control.faults();
    return {
      title: 'Faults',
      current: 'faults',
      content: html`<p class="soft">
          Each imitates something that happens with Kinde or on the way there. An armed fault hits the
          next requests that fit.
        </p>
        <h2>Armed</h2>
        <div class="card" id="armed" data-live="fault state">${armed(faults.armed)}</div>
        ${places(faults)}`,
    };
  },
  async act(form, { control }) {
    if (form.get('do') === 'clear') {
      await control.clearFaults();
      return { to: PATH, text: 'All faults are removed.', call: `DELETE ${API}` };
    }
    const { catalogue } = await control.faults();
    const kind = catalogue.find(({ name }) => name === form.get('name'));
    const fault = faultOf(form, kind);
    await control.armFault(fault);
    const times = fault.times === 'always' ? 'every request' : `the next ${fault.times}`;
    return {
      to: PATH,
      text: `${cut(fault.name)} is armed for ${times}.`,
      call: `POST ${API} ${cut(JSON.stringify(fault))}`,
    };
  },
};

/** Removes one armed fault. */
export const clearPage: Page = {
  path: `${PATH}/:id`,
  formOn: PATH,
  async act(_form, { control, params }) {
    const id = params['id'] ?? '';
    await control.clearFaults(id);
    return {
      to: PATH,
      text: 'The fault is removed.',
      call: `DELETE ${API}/${encodeURIComponent(cut(id))}`,
    };
  },
};

function armed(faults: readonly ArmedFault[]): Html {
  if (faults.length === 0) {
    return html`<p class="empty">None: requests are answered as Kinde would.</p>`;
  }
  const rows = faults.map(
    ({ id, name, left, hits, match }) =>
      html`<td><strong>${cut(name)}</strong></td>
        <td>${match.path ? html`<code>${cut(match.path)}</code>` : 'every fitting request'}</td>
        <td>${left === 'always' ? 'until it is removed' : `${left} more`}</td>
        <td>hit ${hits}</td>
        <td class="num">
          <form method="post" action="${PATH}/${encodeURIComponent(id)}">
            <button class="quiet">Remove<span class="unseen"> ${cut(name)}</span></button>
          </form>
        </td>`,
  );
  return html`${table({ caption: 'Armed faults', head: ['Fault', 'Where', 'Left', 'Hits', ''], rows })}
    <div class="foot">
      <p class="soft">They are gone after a reset.</p>
      <form method="post" action="${PATH}"><button name="do" value="clear">Remove all</button></form>
    </div>`;
}

/** The catalogue, by place. */
function places({ catalogue }: FaultsInfo): readonly Html[] {
  const names = [...new Set(catalogue.map(({ place }) => place))];
  return names.map(
    (place) =>
      html`<h2>${placeName(place)}</h2>
        ${catalogue.filter((kind) => kind.place === place).map(card)}`,
  );
}

function placeName(place: string): string {
  return place.charAt(0).toUpperCase() + place.slice(1);
}

function card(kind: FaultKind): Html {
  const { name, imitates, goodClient } = kind;
  return html`<section class="card pad" aria-label="${name}">
    <h3><code>${name}</code></h3>
    <p>${imitates}</p>
    <p class="soft">A good client: ${goodClient}</p>
    <form method="post" action="${PATH}" class="row">
      <input type="hidden" name="name" value="${name}" />
      <label
        >Times
        <input name="times" class="short" value="1" pattern="[0-9]+|always" title="A number, or always"
      /></label>
      <label>Path, if only one <input name="path" placeholder="/oauth2/token" maxlength="200" /></label>
      ${parameters(kind)}
      <button>Arm<span class="unseen"> ${name}</span></button>
    </form>
  </section>`;
}

function parameters(kind: FaultKind): readonly Html[] {
  return Object.entries(kind.parameters).map(
    ([name, parameter]) =>
      html`<label
        >${parameter.meaning.replace(/\.$/, '')}
        <input name="with.${name}" value="${String(parameter.default)}" maxlength="2000"
      /></label>`,
  );
}

/** The fault of a form. */
function faultOf(form: URLSearchParams, kind: FaultKind | undefined) {
  const times = form.get('times')?.trim() || '1';
  const path = form.get('path')?.trim();
  return {
    name: form.get('name') ?? '',
    times: times === 'always' ? ('always' as const) : Number(times),
    match: { ...(path && { path }) },
    with: valuesOf(form, kind),
  };
}

/** Values of the parameters of a fault. Those of the catalogue are left out. */
function valuesOf(
  form: URLSearchParams,
  kind: FaultKind | undefined,
): Readonly<Record<string, FaultValue>> {
  const values: Record<string, FaultValue> = {};
  for (const [name, parameter] of Object.entries(kind?.parameters ?? {})) {
    const text = form.get(`with.${name}`) ?? '';
    if (text !== '' && text !== String(parameter.default)) {
      values[name] = valueOf(text, parameter.default);
    }
  }
  return values;
}

/** A text as the type that the catalogue has. What is none stays a text, which arming refuses by name. */
function valueOf(text: string, like: FaultValue): FaultValue {
  if (typeof like === 'number' && text.trim() !== '' && Number.isFinite(Number(text))) {
    return Number(text);
  }
  if (typeof like === 'boolean' && ['true', 'false'].includes(text)) {
    return text === 'true';
  }
  return text;
}
