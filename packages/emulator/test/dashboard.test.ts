import { beforeEach, describe, expect, test } from 'vitest';
import { SCRIPT } from '../src/dashboard/script.js';
import { STYLE } from '../src/dashboard/style.js';
import { openDashboard, type Opened } from './dashboard-kit.js';

const ISSUER = 'http://localhost:4455';
let opened: Opened;
beforeEach(async () => {
  opened = await openDashboard();
});

const pageOf = async (path: string) => (await opened.get(path)).text();
/** Sends a form, and reads the page that it goes on to. */
const send = async (path: string, fields: Record<string, string>) => {
  const response = await opened.post(path, fields);
  expect(response.status).toBe(303);
  expect(response.headers.get('cache-control')).toBe('no-store');
  return pageOf(response.headers.get('location') ?? '');
};
const asApp = (path: string, init?: RequestInit) =>
  opened.local.answer(new Request(ISSUER + path, init));

describe('the start page', () => {
  test('shows the environment of an app, who can sign in, and what the app did so far', async () => {
    await asApp('/.well-known/openid-configuration');
    const text = await pageOf('/emulator');
    const [application] = opened.local.state.applications;
    expect(text).toContain(application!.clientSecret);
    for (const said of ['Ada Lovelace', 'Acme Rockets: Administrator', 'Read the discovery']) {
      expect(text).toContain(said);
    }
    expect(text).toMatch(/class="ok">.*done/s);
    expect(text.match(/not yet/g)).toHaveLength(6);
  });

  test('names what failed in the steps of the app, with a link to the sign-in', async () => {
    const { journal } = opened.local.state;
    const step = { kind: 'step', flow: 'flow_1', step: 'exchange' } as const;
    journal.append({ ...step, outcome: 'ok', text: 'Tokens' });
    journal.append({ ...step, outcome: 'failed', text: 'The verifier is of another sign-in' });
    const text = await pageOf('/emulator');
    expect(text).toContain(
      '<a href="/emulator/sign-ins/flow_1">The verifier is of another sign-in</a>',
    );
    expect(text).toContain('failed');
  });

  test('gives the environment as a file', async () => {
    const response = await opened.get('/emulator/env');
    expect(response.headers.get('content-disposition')).toBe('attachment; filename=".env"');
    expect(await response.text()).toMatch(/^KINDE_CLIENT_ID="?\w+"?$/m);
  });

  test('opens the app where its SDK begins a sign-in', async () => {
    const sdks = [
      { name: 'kindling', title: 'Kindling' },
      { name: 'next', title: 'Next.js', login: '/api/auth/login' },
    ];
    opened = await openDashboard({ sdks });
    expect(await pageOf('/emulator')).toMatch(/sdk=kindling"\s+aria-current="page"/);
    const response = await opened.post('/emulator/open-app', {
      person: opened.local.state.people[0]!.id,
      sdk: 'next',
    });
    expect(response.headers.get('location')).toBe('http://localhost:3000/api/auth/login');
  });

  test('shows a token once', async () => {
    const [ada] = opened.local.state.people;
    const response = await opened.post('/emulator/token', { person: ada!.id });
    const location = response.headers.get('location') ?? '';
    expect(await pageOf(location)).toMatch(/id="token">eyJ[\w-]+\.[\w-]+\.[\w-]+</);
    const again = await pageOf(location);
    expect(again).not.toContain('eyJ');
    expect(again).toContain('It was shown already');
  });

  test('shows the first twelve of many users, and finds the others', async () => {
    const { people } = opened.local.state;
    for (let count = 0; count < 5_000; count += 1) {
      const email = `user${count}@example.com`;
      people.push({ id: `kp_${count}`, email, organizations: {} } as never);
    }
    const text = await pageOf('/emulator');
    expect(text.length).toBeLessThan(50_000);
    expect(text).toContain('The first 12 of 5,003.');
    expect(text).not.toContain('user4000@example.com');
    expect(await pageOf('/emulator?user=user4000@example.com')).toContain('kp_4000');
    expect(await pageOf('/emulator?user=nobody')).toContain('No user is called nobody.');
  });
});

describe('the page of requests', () => {
  test('shows what was asked, without secrets and without what the dashboard asks', async () => {
    await asApp('/oauth2/auth?client_id=nobody&state=very-secret-state');
    await opened.local.answer(new Request(`${ISSUER}/emulator/clock`));
    const text = await pageOf('/emulator/requests');
    expect(text).toContain('GET /oauth2/auth');
    expect(text).toContain('400 Bad Request');
    expect(text).not.toContain('very-secret-state');
    expect(text).not.toContain('GET /emulator');
    expect(text).toContain('1 request<');
  });

  test('filters by path, method, status and application, and shows fifty a page', async () => {
    for (let count = 0; count < 60; count += 1) {
      await asApp(`/nothing/${count}`);
    }
    await asApp('/oauth2/token', { method: 'POST' });
    const first = await pageOf('/emulator/requests');
    expect(first).toContain('61 requests, page 1 of 2');
    expect(first).toContain('/emulator/requests?page=2');
    expect(first.match(/<summary>/g)).toHaveLength(50);
    expect((await pageOf('/emulator/requests?page=2')).match(/<summary>/g)).toHaveLength(11);
    for (const page of ['99', '-1', 'x', '1e99', '']) {
      expect((await opened.get(`/emulator/requests?page=${page}`)).status).toBe(200);
    }
    expect(await pageOf('/emulator/requests?method=POST')).toContain('1 request<');
    expect(await pageOf('/emulator/requests?path=/nothing/5')).toContain('11 requests');
    expect(await pageOf('/emulator/requests?status=404')).toContain('60 requests');
    expect(await pageOf('/emulator/requests?status=4xx')).toContain('61 requests');
    expect(await pageOf('/emulator/requests?client=nobody')).toContain('0 requests');
  });

  test('gives what is filtered as an HTTP archive without secrets', async () => {
    await asApp('/oauth2/auth?client_id=nobody&state=very-secret-state&nonce=hidden');
    await asApp('/.well-known/jwks');
    const response = await opened.get('/emulator/requests.har?path=/oauth2');
    const text = await response.text();
    expect(text).not.toMatch(/very-secret-state|hidden/);
    const { log } = JSON.parse(text) as { log: any };
    expect(log.version).toBe('1.2');
    expect(log.entries).toHaveLength(1);
    expect(log.entries[0]).toMatchObject({
      request: { method: 'GET', headers: [], cookies: [] },
      response: { status: 400, statusText: 'Bad Request' },
    });
  });

  test('gives a line for a terminal that no address can break out of', async () => {
    await asApp("/o'$(touch%20x)?a=b'c");
    const text = await pageOf('/emulator/requests');
    const [, line = ''] = /<pre id="curl-\d+">([^<]*)</.exec(text) ?? [];
    const plain = line.replaceAll('&#39;', "'");
    expect(plain.split(`'\\''`).join('').match(/'/g)).toHaveLength(2);
  });
});

describe('the clock', () => {
  test.each([
    [{ do: 'hour' }, 3_600, 'The time moved on by 1h.'],
    [{ do: 'day' }, 86_400, 'The time moved on by 1d.'],
    [{ do: 'advance', advance: ' 5m ' }, 300, 'The time moved on by 5m.'],
  ])('moves by %o and says so', async (fields, seconds, text) => {
    const page = await send('/emulator/clock', fields as unknown as Record<string, string>);
    expect(opened.local.state.clock.settings.ahead).toBe(seconds);
    expect(page).toContain(text);
    expect(page).toContain('PATCH /emulator/api/v1/clock');
  });

  test('says what a duration is where it got none, and stays where it was', async () => {
    const page = await send('/emulator/clock', { do: 'advance', advance: 'tomorrow' });
    expect(page).toContain('role="alert"');
    expect(page).toContain('90s, 5m, 2h or 3d');
    expect(opened.local.state.clock.settings.ahead).toBe(0);
  });

  test('stops, runs again and goes back to real time, and every page says so', async () => {
    expect(await send('/emulator/clock', { do: 'freeze' })).toContain('Let it run');
    expect(await pageOf('/emulator/faults')).toContain('stands still');
    await send('/emulator/clock', { do: 'unfreeze' });
    await send('/emulator/clock', { do: 'day' });
    expect(await pageOf('/emulator')).toContain('1 day ahead');
    await send('/emulator/clock', { do: 'real' });
    expect(await pageOf('/emulator')).not.toContain('Back to real time');
  });

  test('goes a second past what ends next', async () => {
    const { state } = opened.local;
    const end = state.clock.now() + 60;
    state.codes.set('x', { grantId: 'g', expiresAt: end } as never);
    expect(await pageOf('/emulator/clock')).toMatch(/in (1 minute|59 seconds)/);
    await send('/emulator/clock', { do: 'next' });
    expect(state.clock.now()).toBeGreaterThan(end);
    const page = await send('/emulator/clock', { to: 'x' });
    expect(page).toContain('role="alert"');
  });

  test.each(['', 'nothing', 'constructor', '__proto__'])('does nothing for %j', async (name) => {
    expect(await send('/emulator/clock', { do: name })).toContain('role="alert"');
  });
});

describe('faults', () => {
  test('are listed by place with what a good client does, armed and removed', async () => {
    const text = await pageOf('/emulator/faults');
    for (const { name } of (await opened.control.faults()).catalogue) {
      expect(text).toContain(`<code>${name}</code>`);
    }
    expect(text).toContain('A good client: ');
    const page = await send('/emulator/faults', {
      name: 'slow',
      times: '3',
      path: '/oauth2/token',
    });
    expect(page).toContain('slow is armed for the next 3.');
    expect(page).toContain('1 armed: slow');
    expect(await pageOf('/emulator')).toContain('1 armed: slow');
    const { armed } = await opened.control.faults();
    expect(await send(`/emulator/faults/${armed[0]!.id}`, {})).toContain('The fault is removed.');
    await send('/emulator/faults', { name: 'down', times: 'always' });
    expect(await send('/emulator/faults', { do: 'clear' })).toContain('All faults are removed.');
    expect(await pageOf('/emulator')).not.toContain('armed:');
  });
});

describe('a form that cannot be done', () => {
  test.each([
    ['/emulator/open-app', 'user', 'Point your app here'],
    ['/emulator/token', 'user', 'Point your app here'],
    ['/emulator/faults/fault_9', 'armed fault', 'Armed'],
  ])('%s says why on the page that it is on', async (path, what, heading) => {
    const page = await send(path, { person: 'nobody' });
    expect(page).toContain(`There is no ${what}`);
    expect(page).toContain('role="alert"');
    expect(page).toContain(heading);
  });
});

describe('every page', () => {
  const PATHS = [
    '',
    '/sign-ins',
    '/sign-ins/flow_x',
    '/sign-ins/of/x',
    '/requests',
    '/clock',
    '/faults',
    '/token',
    '/nothing',
  ];
  const HOSTILE = [
    '<script>alert(1)</script>',
    `"><img src=x onerror=alert(1)>`,
    `' onmouseover='alert(1)`,
    '\u202Eevil\u2066',
    'long '.repeat(2_000),
    '</pre></title><svg onload=alert(1)>',
    'javascript:alert(1)',
  ];

  test.each(HOSTILE)('escapes what others chose: %j', async (text) => {
    opened = await openDashboard({
      sdks: [{ name: 'kindling', title: text, note: text, tried: text }],
    });
    const { state } = opened.local;
    const [ada, grace] = state.people;
    Object.assign(ada!, { givenName: text, familyName: text, email: text });
    Object.assign(grace!, { id: text, givenName: '', familyName: '', username: text });
    Object.values(state.organizations).forEach((one) => Object.assign(one, { name: text }));
    Object.values(state.roles).forEach((one) => Object.assign(one, { name: text }));
    state.applications.forEach((one) => Object.assign(one, { name: text, clientSecret: text }));
    state.organizations[text] = { ...Object.values(state.organizations)[0]! };
    ada!.organizations[text] = { roles: [text] } as never;
    appendEverything(state.journal, text);
    const encoded = encodeURIComponent(text.slice(0, 2_000));
    const stranger = await opened.answer(new Request(`${ISSUER}/emulator`));
    expectHarmless(await stranger.text());
    for (const path of PATHS) {
      for (const query of [
        '',
        `?sdk=${encoded}&user=${encoded}&path=${encoded}&status=${encoded}&client=${encoded}`,
      ]) {
        const response = await opened.get(`/emulator${path}${query}`);
        expectHarmless(await response.text());
      }
    }
    expectHarmless(await send('/emulator/clock', { do: 'advance', advance: text }));
    expectHarmless(await send('/emulator/faults', { name: text, times: text, path: text }));
    expectHarmless(await send('/emulator/token', { person: text, organization: text }));
  });

  test('has one main heading, a skip link, a title, and headings in order', async () => {
    for (const path of PATHS) {
      const text = await pageOf(`/emulator${path}`);
      expect(text.match(/<h1/g), path).toHaveLength(1);
      expect(text).toMatch(/<title>[^<]+ · Local Kinde emulator<\/title>/);
      expect(text).toContain('href="#main"');
      const levels = [...text.matchAll(/<h(\d)/g)].map(([, level]) => Number(level));
      levels.forEach((level, index) => {
        expect(level - (levels[index - 1] ?? 0), path).toBeLessThanOrEqual(1);
      });
    }
  });

  test('links the style sheet and the script, which are small and may be kept', async () => {
    const text = await pageOf('/emulator');
    const found =
      /href="(\/emulator\/style\.css\?v=\w+)".*src="(\/emulator\/dashboard\.js\?v=\w+)"/s;
    const [, ...paths] = found.exec(text) ?? [];
    expect(paths).toHaveLength(2);
    for (const path of paths) {
      const response = await opened.answer(new Request(ISSUER + path));
      expect(response.status).toBe(200);
      expect(response.headers.get('cache-control')).toContain('immutable');
    }
    expect(Buffer.byteLength(STYLE)).toBeLessThanOrEqual(12_000);
    expect(Buffer.byteLength(SCRIPT)).toBeLessThanOrEqual(4_000);
  });

  test('of the dashboard that does not exist says so', async () => {
    const response = await opened.get('/emulator/nothing');
    expect(response.status).toBe(404);
    expect(await response.text()).toContain('There is nothing here');
  });
});

describe('the stream', () => {
  test('names what changed, and not what the dashboard asks', async () => {
    const { journal } = opened.local.state;
    const reader = (await opened.get('/emulator/stream')).body!.getReader();
    const next = async () => new TextDecoder().decode((await reader.read()).value);
    expect(await next()).toContain(': connected');
    await opened.local.answer(new Request(`${ISSUER}/emulator/clock`));
    journal.append({ kind: 'remark', text: 'secret text' });
    journal.append({ kind: 'clock', from: 1, to: 2 });
    expect(await next()).toBe('event: changed\ndata: remark clock\n\n');
    await reader.cancel();
  });

  test('is open at most twenty times', async () => {
    const streams = await Promise.all(
      Array.from({ length: 21 }, () => opened.get('/emulator/stream')),
    );
    expect(streams.map(({ status }) => status).filter((status) => status === 503)).toHaveLength(1);
    await streams[0]!.body!.cancel();
    const again = await opened.get('/emulator/stream');
    expect(again.status).toBe(200);
    await Promise.all([again, ...streams.slice(1, 20)].map(({ body }) => body!.cancel()));
  });
});

/** An entry of every kind whose texts are somebody else's. */
function appendEverything(journal: Opened['local']['state']['journal'], text: string): void {
  const request = { kind: 'request', query: `?a=${text}`, status: 200, ms: 1 } as const;
  journal.append({
    ...request,
    method: 'GET',
    path: `/${text}`,
    client: text,
    fault: text,
    flow: text,
  });
  journal.append({ kind: 'step', flow: text, step: 'exchange', outcome: 'failed', text });
  journal.append({ kind: 'event', event: text, type: text });
  journal.append({
    kind: 'delivery',
    id: text,
    type: text,
    endpoint: text,
    attempt: 1,
    status: text,
  });
  journal.append({ kind: 'fault', id: text, name: text, what: 'hit', path: text });
  journal.append({ kind: 'seed', what: 'refused', changes: [text], problems: [text] });
  journal.append({ kind: 'state', what: 'saved', name: text });
  journal.append({ kind: 'remark', text });
}

function expectHarmless(page: string): void {
  expect(page).not.toMatch(/<script>|<img|<svg|(href|src|action)="javascript/i);
  expect(page).not.toMatch(/ on(mouseover|error|load)=['"]?alert[^&]*>/);
  const shown = page.replace(/="[^"]*"|<pre id="env".*?<\/pre>/gs, '');
  expect(shown).not.toMatch(/[\u202A-\u202E\u2066-\u2069]/);
  expect(page.length).toBeLessThan(150_000);
}
