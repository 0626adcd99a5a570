/**
 * The script of the dashboard. Every page works without it: it only fetches live regions again, copies text, and knows two
 * keys. Plain ES2020, as the browser gets it.
 */
export const SCRIPT = `'use strict';
const all = (selector, from = document) => [...from.querySelectorAll(selector)];

// Live regions: the page is fetched again when the stream names what changed.
const changed = new Set();
let timer;
let busy = false;
const wants = ({ dataset: { live } }) => live === '*' || live.split(' ').some((kind) => changed.has(kind));
const isEdited = (field) => field.options ? field.selectedIndex > 0 : field.value !== field.defaultValue;
const isSelecting = (region) => { const at = getSelection(); return !at.isCollapsed && region.contains(at.anchorNode); };
const pathTo = (node, region) => {
  const path = [];
  for (; node !== region; node = node.parentElement) path.unshift([...node.parentElement.children].indexOf(node));
  return path;
};

function swap(region, fresh) {
  if (region.innerHTML === fresh.innerHTML) return;
  const focused = region.contains(document.activeElement) ? document.activeElement : undefined;
  const focus = focused && (focused.id ? '#' + CSS.escape(focused.id) : pathTo(focused, region));
  for (const old of all('details[id]', region)) {
    const now = fresh.querySelector('#' + CSS.escape(old.id));
    if (now) now.open = old.open;
  }
  region.replaceChildren(...fresh.childNodes);
  const again = typeof focus === 'string' ? region.querySelector(focus) : focus?.reduce((node, index) => node?.children[index], region);
  again?.focus({ preventScroll: true });
  ready(region);
}

async function refresh() {
  const regions = all('[data-live]').filter(wants);
  if (busy || !regions.length || document.hidden) return;
  if (regions.some((region) => isSelecting(region) || all('input,select', region).some(isEdited))) return soon(2000);
  busy = true;
  changed.clear();
  try {
    const response = await fetch(location.href, { headers: { accept: 'text/html' } });
    if (response.redirected) return;
    const page = new DOMParser().parseFromString(await response.text(), 'text/html');
    for (const region of regions) {
      const fresh = page.getElementById(region.id);
      if (fresh) swap(region, fresh);
    }
  } catch {} finally { busy = false; }
}
function soon(ms = 150) { clearTimeout(timer); timer = setTimeout(refresh, ms); }
if (document.querySelector('[data-live]')) {
  const stream = new EventSource('/emulator/stream');
  stream.addEventListener('changed', ({ data }) => { data.split(' ').forEach((kind) => changed.add(kind)); soon(); });
  document.addEventListener('visibilitychange', () => { if (changed.size) soon(); });
  addEventListener('pagehide', () => stream.close());
}

// Copy buttons are hidden without a script.
function ready(from) { for (const button of all('[data-copy]', from)) button.hidden = false; }
document.addEventListener('click', async ({ target }) => {
  const button = target.closest?.('[data-copy]');
  const source = button && document.getElementById(button.dataset.copy);
  if (!source) return;
  const was = button.textContent;
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = 'Copied';
  } catch {
    getSelection().selectAllChildren(source);
    button.textContent = 'Selected';
  }
  setTimeout(() => { button.textContent = was; }, 1500);
});

// Keys, which can be switched off.
const box = document.getElementById('keys-on');
box.checked = localStorage.getItem('keys') !== 'off';
box.addEventListener('change', () => localStorage.setItem('keys', box.checked ? 'on' : 'off'));
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input,select,textarea')) return;
  const search = document.querySelector('[type=search]');
  if (event.key === '?') document.getElementById('keys').showModal();
  else if (box.checked && event.key === '/' && search) { event.preventDefault(); search.focus(); }
});
ready(document);
`;
