import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openDashboard, type Opened } from './dashboard-kit.js';

const ISSUER = 'http://localhost:4455';
const PAGES = ['', '/requests', '/requests.har', '/clock', '/faults', '/env', '/token', '/stream'];
const FORMS = ['/clock', '/faults', '/faults/fault_1', '/open-app', '/token'];
const NAVIGATION = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };

let opened: Opened;
beforeEach(async () => {
  opened = await openDashboard();
});
afterEach(() => vi.useRealTimers());

const ask = (path: string, headers: Record<string, string> = {}) =>
  opened.answer(new Request(ISSUER + path, { headers }));

describe('the link to the dashboard', () => {
  test('opens it once, with a cookie that scripts, other sites and other paths do not get', async () => {
    const link = opened.access.link();
    const first = await opened.answer(new Request(link));
    expect(first.status).toBe(303);
    expect(first.headers.get('location')).toBe('/emulator');
    expect(first.headers.get('cache-control')).toBe('no-store');
    const cookie = first.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(
      /^kinde_emulator_dashboard_4455=[\w-]{40,}; Path=\/emulator; HttpOnly; SameSite=Strict$/,
    );
    expect(cookie).not.toContain(new URL(link).searchParams.get('code'));
    const again = await opened.answer(new Request(link));
    expect(again.status).toBe(403);
    expect(again.headers.get('set-cookie')).toBeNull();
    expect(await again.text()).toContain('npx @kindling/emulator open');
  });

  test('sets a cookie for https only where it is opened by https', async () => {
    const link = opened.access.link('https://localhost:4455');
    const response = await opened.answer(new Request(link));
    expect(response.headers.get('set-cookie')).toMatch(/; Secure$/);
  });

  test('opens nothing after ten minutes of real time, however the clock was moved', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const early = opened.access.link();
    const late = opened.access.link();
    opened.local.state.clock.advance('3d');
    vi.advanceTimersByTime(9 * 60 * 1_000);
    expect((await opened.answer(new Request(early))).status).toBe(303);
    vi.advanceTimersByTime(2 * 60 * 1_000);
    expect((await opened.answer(new Request(late))).status).toBe(403);
  });

  test('is not used up by a browser that fetches it before anybody clicks on it', async () => {
    const link = opened.access.link();
    const early = await opened.answer(
      new Request(link, { headers: { 'sec-purpose': 'prefetch;prerender' } }),
    );
    expect(early.status).toBe(503);
    expect((await opened.answer(new Request(link))).status).toBe(303);
  });

  test('is one of twenty: older ones are forgotten', async () => {
    const oldest = opened.access.link();
    for (let count = 0; count < 20; count += 1) {
      opened.access.link();
    }
    expect((await opened.answer(new Request(oldest))).status).toBe(403);
  });

  test.each(['', 'x', '%00', 'a'.repeat(5_000)])('needs a code that was made: %s', async (code) => {
    const response = await ask(`/emulator/open?code=${code}`);
    expect(response.status).toBe(403);
    expect(response.headers.get('set-cookie')).toBeNull();
  });

  test('leaves no code in the journal', async () => {
    const link = opened.access.link();
    await opened.local.answer(new Request(link));
    const code = new URL(link).searchParams.get('code')!;
    expect(JSON.stringify(opened.local.state.journal.after(0))).not.toContain(code);
  });
});

describe('a stranger who asked for a page', () => {
  const PAGE = '/emulator/sign-ins/of/0123456789abcdef?client_id=x';
  /** The cookie with which the browser remembers a page; none where it does not. */
  const remembered = async (path: string, headers: Record<string, string> = NAVIGATION) =>
    (await ask(path, headers)).headers.get('set-cookie')?.split(';')[0];
  const openWith = (cookie: string) =>
    opened.answer(new Request(opened.access.link(), { headers: { cookie } }));

  test('lands on it once the dashboard is opened, and only then', async () => {
    const response = await ask(PAGE, NAVIGATION);
    expect(await response.text()).toContain('it goes on to this page');
    expect(response.headers.get('cache-control')).toBe('no-store');
    const set = response.headers.get('set-cookie') ?? '';
    expect(set).toMatch(
      /^kinde_emulator_asked_for_4455=[\w%.-]+; Path=\/emulator; HttpOnly; SameSite=Strict; Max-Age=600$/,
    );
    const after = await openWith(set.split(';')[0]!);
    expect(after.headers.get('location')).toBe(PAGE);
    const [session, forgotten] = after.headers.getSetCookie();
    expect(session).toContain('kinde_emulator_dashboard_4455=');
    expect(forgotten).toMatch(/^kinde_emulator_asked_for_4455=;.*; Max-Age=0$/);
  });

  test('does not where it was no page, or no browser went there', async () => {
    for (const path of ['', '/env', '/requests.har', '/stream', '/open?code=x', '/clock/../env']) {
      expect(await remembered(`/emulator${path}`)).toBeUndefined();
    }
    expect(await remembered(`/emulator/clock?a=${'x'.repeat(1_000)}`)).toBeUndefined();
    expect(await remembered(PAGE, {})).toBeUndefined();
    expect(
      await remembered(PAGE, { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }),
    ).toBeUndefined();
  });

  test.each([
    'https://evil.example/emulator/clock',
    '//evil.example/emulator/clock',
    '/\\evil.example/emulator/clock',
    '/emulator/sign-ins/../env',
    '/emulator/sign-ins/%2e%2e/env',
    '/logout',
    'javascript:alert(1)',
    '/emulator/clock/\r\nset-cookie: a=b',
  ])('does not where another app of this machine set the cookie to %j', async (page) => {
    for (const value of [encodeURIComponent(page), page.replaceAll(/\s/g, '')]) {
      const response = await openWith(`kinde_emulator_asked_for_4455=${value}`);
      expect(response.headers.get('location')).toBe('/emulator');
    }
    const malformed = await openWith('kinde_emulator_asked_for_4455=%E0%A4%A');
    expect(malformed.headers.get('location')).toBe('/emulator');
  });
});

describe('a stranger', () => {
  test.each(PAGES)('sees nothing but a page for strangers at /emulator%s', async (path) => {
    const response = await ask(`/emulator${path}`);
    expect(response.status).toBe(path === '' ? 200 : 403);
    const text = await response.text();
    expect(text).toContain('Open the dashboard');
    expect(text).toContain('http://localhost:3000');
    expect(text).toContain('Ada Lovelace');
    for (const { clientSecret, clientId } of opened.local.state.applications) {
      expect(text).not.toContain(clientSecret);
      expect(text).not.toContain(clientId);
    }
    expect(text).not.toContain('ada@example.com');
    expect(text).not.toContain('<script');
  });

  test('is shown at most twelve users', async () => {
    const { people } = opened.local.state;
    for (let count = 0; count < 20; count += 1) {
      people.push({ id: `kp_${count}`, givenName: `User${count}`, organizations: {} } as never);
    }
    const text = await (await ask('/emulator')).text();
    expect(text.match(/<li>/g)).toHaveLength(12);
    expect(text).toContain('And 11 more.');
  });

  test.each(FORMS)('changes nothing with /emulator%s', async (path) => {
    const before = opened.local.state.clock.settings;
    const response = await ask(`/emulator${path}`);
    expect(response.status).toBe(403);
    const sent = await opened.post(
      `/emulator${path}`,
      { do: 'hour' },
      { origin: ISSUER, cookie: 'kinde_emulator_dashboard_4455=guess' },
    );
    expect(sent.status).toBe(403);
    expect(opened.local.state.clock.settings).toEqual(before);
  });

  test('cannot use the cookie of another port, a longer or a shorter one', async () => {
    const [name = '', id = ''] = opened.cookie.split('=');
    for (const cookie of [
      `${name.replace('4455', '4456')}=${id}`,
      `${name}=${id}x`,
      `${name}=${id.slice(1)}`,
      `x${name}=${id}`,
      `${name}=`,
    ]) {
      expect((await ask('/emulator/clock', { cookie })).status).toBe(403);
    }
    expect((await ask('/emulator/clock', { cookie: `a=b; ${opened.cookie}; c=d` })).status).toBe(
      200,
    );
  });
});

describe('a page of another origin', () => {
  const foreign = [
    'http://localhost:3000',
    'http://127.0.0.1:4455',
    'https://localhost:4455',
    'https://evil.example',
    'null',
  ];

  test.each(foreign)('at %s cannot send a form, even with the cookie', async (origin) => {
    const before = opened.local.state.clock.settings;
    for (const path of FORMS) {
      const response = await opened.post(`/emulator${path}`, { do: 'hour' }, { origin });
      expect(response.status).toBe(403);
    }
    expect(opened.local.state.clock.settings).toEqual(before);
  });

  test('cannot send a form without saying where it comes from', async () => {
    expect((await opened.post('/emulator/clock', { do: 'hour' }, {})).status).toBe(403);
  });

  test.each(['same-site', 'cross-site', 'none'])(
    'cannot send a form that the browser calls %s',
    async (site) => {
      const headers = { origin: ISSUER, 'sec-fetch-site': site };
      expect((await opened.post('/emulator/clock', { do: 'hour' }, headers)).status).toBe(403);
    },
  );

  test.each(['same-site', 'cross-site'])(
    'cannot fetch, frame or embed a page that the browser calls %s',
    async (site) => {
      for (const path of [...PAGES, '/style.css', '/dashboard.js', '/open?code=x']) {
        for (const [mode, dest] of [
          ['cors', 'empty'],
          ['no-cors', 'script'],
          ['no-cors', 'image'],
          ['navigate', 'iframe'],
        ]) {
          const response = await opened.get(`/emulator${path}`, {
            'sec-fetch-site': site,
            'sec-fetch-mode': mode!,
            'sec-fetch-dest': dest!,
          });
          expect(response.status, path).toBe(403);
        }
      }
    },
  );

  test('may link to the dashboard', async () => {
    const headers = { ...NAVIGATION, 'sec-fetch-site': 'same-site' };
    expect((await opened.get('/emulator', headers)).status).toBe(200);
  });

  test('may link to it from another site, whose link comes without the cookie: then the page asks once more', async () => {
    const headers = { ...NAVIGATION, 'sec-fetch-site': 'cross-site' };
    const response = await ask('/emulator/clock?a=b', headers);
    expect(response.headers.get('refresh')).toBe('0');
    const again = await ask('/emulator/clock', { ...headers, 'sec-fetch-site': 'same-origin' });
    expect(again.headers.get('refresh')).toBeNull();
    expect(again.status).toBe(403);
  });

  test.each(PAGES.filter((path) => path !== '/stream'))(
    'gets no way in by a header of /emulator%s',
    async (path) => {
      const { headers } = await opened.get(`/emulator${path}`);
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toContain('unsafe');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
      expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('access-control-allow-origin')).toBeNull();
    },
  );
});

describe('a form', () => {
  test('of more than 64 kB is refused', async () => {
    const response = await opened.post('/emulator/clock', { do: 'x'.repeat(70_000) });
    expect(response.status).toBe(403);
  });

  test('is URL-encoded', async () => {
    const response = await opened.post(
      '/emulator/clock',
      { do: 'hour' },
      { origin: ISSUER, 'content-type': 'text/plain' },
    );
    expect(response.status).toBe(403);
  });

  test.each(['PUT', 'DELETE', 'OPTIONS', 'PATCH'])('is never sent by %s', async (method) => {
    const response = await opened.answer(
      new Request(`${ISSUER}/emulator/clock`, {
        method,
        headers: { cookie: opened.cookie, origin: ISSUER },
      }),
    );
    expect(response.status).toBe(404);
  });

  test('goes on with nothing but an address of the dashboard or of the app', async () => {
    const app = await opened.post('/emulator/open-app', {
      person: opened.local.state.people[0]!.id,
      sdk: 'https://evil.example',
    });
    expect(app.headers.get('location')).toBe('http://localhost:3000/login');
    const clock = await opened.post('/emulator/clock', { do: 'hour', to: '1800000000' });
    expect(clock.headers.get('location')).toMatch(/^\/emulator\/clock\?done=[\w-]+$/);
  });
});
