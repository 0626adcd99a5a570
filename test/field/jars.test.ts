import { createEmulator, type Emulator } from '@kindling/emulator';
import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../kit/services.js';
import { FRAMEWORKS, register, SITE, startSite, type Framework, type Site } from './kit/site.js';
import { cookieBytes, createJar, createVisitor, headBytes, type Jar } from './kit/visitor.js';

const GRACE = 'grace@example.com';
/** The most that all pending logins of an app may take in a browser. */
const PENDING_BYTES = 3584;

let emulator: Emulator;
const sites: Site[] = [];
beforeAll(async () => {
  emulator = await createEmulator({ strict: true, siteUrl: SITE });
});
afterEach(async () => {
  for (const site of sites.splice(0)) {
    await site.close();
  }
});

/** A start of an app with a client id of its own, as a local Kinde makes one at every start. */
async function startAnew(framework: Framework, siteUrl: string) {
  const clientId = `client_${Math.random().toString(36).slice(2)}`;
  Object.assign(emulator.state.applications[0]!, { clientId });
  const site = await startSite(framework, emulator, { options: { siteUrl, clientId } });
  sites.push(site);
  return site;
}

/** Notes which cookies of a jar come from which app. */
function watching(jar: Jar) {
  const mine = new Set<string>();
  const keep = (lines: readonly string[]) => {
    for (const line of lines) {
      mine.add(line.slice(0, line.indexOf('=')));
    }
    jar.keep(lines);
  };
  const left = () => jar.names().filter((name) => mine.has(name));
  return {
    jar: { ...jar, keep },
    sessions: () => left().filter((name) => !/login/.test(name)),
    logins: () => left().filter((name) => /login/.test(name)),
  };
}

describe.each(FRAMEWORKS)('the cookie jar of a developer, on %s', (framework) => {
  test('FD-04 ten starts of one app at one port leave one session and few logins in the jar', async () => {
    const url = `http://localhost:${await freePort()}`;
    register(emulator, url);
    const app = watching(createJar());
    for (let start = 1; start <= 10; start += 1) {
      const site = await startAnew(framework, url);
      const visitor = createVisitor(site, emulator, app.jar);
      expect((await visitor.open('/')).status, `start ${start}`).toBe(200);
      // Two logins that nobody finishes, and one that somebody does.
      for (const path of ['/login', '/private']) {
        await visitor.open(path);
      }
      expect((await visitor.signIn(GRACE)).status).toBe(302);
      expect((await visitor.open('/me')).json()).toMatchObject({
        isAuthenticated: true,
        email: GRACE,
      });
      expect(app.sessions(), `start ${start}`).toHaveLength(1);
      expect(app.logins().length, `start ${start}`).toBeLessThanOrEqual(6);
      expect(app.jar.size(), `start ${start}`).toBeLessThan(8000);
      await sites.pop()!.close();
    }
  });

  test('FD-04 ten starts in which nobody finishes a login leave few logins in the jar', async () => {
    const url = `http://localhost:${await freePort()}`;
    register(emulator, url);
    const app = watching(createJar());
    for (let start = 1; start <= 10; start += 1) {
      const visitor = createVisitor(await startAnew(framework, url), emulator, app.jar);
      for (let visit = 0; visit < 4; visit += 1) {
        expect(
          (await visitor.open(`/private?from=${'filter'.repeat(40)}`)).status,
          `start ${start}`,
        ).toBe(302);
      }
      expect(app.jar.size()).toBeLessThan(8000);
      await sites.pop()!.close();
    }
  });

  test('FD-04 five apps on five ports of localhost, each started three times, all answer', async () => {
    const jar = createJar();
    const apps = await Promise.all(
      Array.from({ length: 5 }, async () => ({
        url: `http://localhost:${await freePort()}`,
        ...watching(jar),
      })),
    );
    for (const { url } of apps) {
      register(emulator, url);
    }
    for (let start = 1; start <= 3; start += 1) {
      for (const app of apps) {
        const visitor = createVisitor(await startAnew(framework, app.url), emulator, app.jar);
        expect((await visitor.open('/')).status).toBe(200);
        await visitor.open('/private');
        expect((await visitor.signIn(GRACE)).status).toBe(302);
        expect((await visitor.open('/me')).json()).toMatchObject({ isAuthenticated: true });
        expect(app.sessions().length).toBeLessThanOrEqual(1);
        // Node takes 16 KB of headers in all.
        expect(jar.size()).toBeLessThan(14_000);
        await sites.pop()!.close();
      }
    }
  });

  test('FD-04 cookies that are not ours, and those of other apps of an https host, are left alone', async () => {
    const local = `http://localhost:${await freePort()}`;
    register(emulator, local);
    for (const url of [local, SITE]) {
      const visitor = createVisitor(await startAnew(framework, url), emulator);
      const others = ['theme', 'kinde_access_token', 'connect.sid', 'ac-state-key', 'kinde'];
      if (url === SITE) {
        others.push('__Host-kinde-0123abcd', '__Host-kinde-login-0123abcd');
      }
      for (const name of others) {
        visitor.jar.put(name, 'x'.repeat(600));
      }
      await visitor.signIn(GRACE);
      for (const name of others) {
        expect(visitor.jar.names(), url).toContain(name);
      }
    }
  });
});

describe.each(FRAMEWORKS)('logins that are begun again and again, on %s', (framework) => {
  const open = async () => createVisitor(await started(), emulator);
  const started = async () => {
    const site = await startSite(framework, emulator, {});
    sites.push(site);
    return site;
  };
  beforeAll(async () => {
    emulator = await createEmulator({ strict: true, siteUrl: SITE });
  });
  const pendingBytes = (jar: Jar) => jar.header().length;
  const targets = {
    short: '/t/1',
    'long, of plain characters': `/t/1?f=${'x'.repeat(1900)}`,
    'longer than what a target may have': `/t/1?f=${'x'.repeat(6000)}`,
    'of umlauts': `/t/1?f=${'äöü'.repeat(600)}`,
    'of emoji': `/t/1?f=${'🔥👩‍💻'.repeat(200)}`,
    'of quotes and backslashes': `/t/1?f=${'"\\'.repeat(800)}`,
    'of percent signs': `/t/1?f=${'%25%'.repeat(600)}`,
    'of Chinese characters': `/t/1?f=${'漢字'.repeat(700)}`,
    'of lone surrogates': `/t/1?f=${'%ED%A0%80'.repeat(200)}`,
    'with a long path': `/t/${'y'.repeat(3000)}`,
  };

  test.each(Object.keys(targets) as (keyof typeof targets)[])(
    'FD-05 forty logins with a target %s stay within their bytes, and the last one ends where it should',
    async (kind) => {
      const visitor = await open();
      const target = targets[kind];
      for (let visit = 0; visit < 40; visit += 1) {
        const headers = { 'sec-fetch-site': visit % 2 ? 'cross-site' : 'none' };
        const answer = await visitor.open(`/login?return_to=${encodeURIComponent(target)}`, {
          headers,
        });
        expect(answer.status).toBe(302);
        expect(cookieBytes(answer)).toBeLessThanOrEqual(3800);
        expect(pendingBytes(visitor.jar)).toBeLessThanOrEqual(PENDING_BYTES);
      }
      const landed = await visitor.signIn(GRACE, `/login?return_to=${encodeURIComponent(target)}`);
      expect(landed.status).toBe(302);
      if (kind !== 'with a long path') {
        expect(new URL(landed.location, SITE).pathname).toBe('/t/1');
      }
      expect((await visitor.open('/me')).json()).toMatchObject({ isAuthenticated: true });
    },
  );

  test('FD-05 guarded pages with long addresses begin logins that stay within their bytes', async () => {
    const visitor = await open();
    for (let visit = 0; visit < 40; visit += 1) {
      const answer = await visitor.open(`/t/${visit}?f=${'%22'.repeat(visit * 100)}`);
      expect(answer.status).toBe(302);
      expect(pendingBytes(visitor.jar)).toBeLessThanOrEqual(PENDING_BYTES);
    }
    const landed = await visitor.signIn(GRACE, `/t/7?f=${'%22'.repeat(2000)}`);
    expect(new URL(landed.location, SITE).pathname).toBe('/t/7');
  });

  test('FD-05 every other parameter of a link, as long as it may be, is bounded, too', async () => {
    const visitor = await open();
    await visitor.signIn(GRACE);
    const names = [
      'login_hint',
      'org_name',
      'plan_interest',
      'utm_source',
      'utm_campaign',
      'reauth_state',
    ];
    for (const long of ['x'.repeat(1000), '🔥'.repeat(80), '%"\\'.repeat(100)]) {
      const query = names.map((name) => `${name}=${encodeURIComponent(long)}`).join('&');
      for (const path of ['/login', '/register', '/create-organization', '/switch-organization']) {
        for (let visit = 0; visit < 5; visit += 1) {
          const target = `${path}?org_code=org_acme0rockets&${query}`;
          const answer = await visitor.open(target, {
            headers: { 'sec-fetch-site': 'same-origin' },
          });
          expect(answer.status, path).toBeLessThan(500);
          expect(cookieBytes(answer), path).toBeLessThanOrEqual(3800);
        }
      }
    }
    expect((await visitor.open('/me')).json()).toMatchObject({ isAuthenticated: true });
    expect(visitor.jar.size()).toBeLessThan(8000);
  });

  test('FD-05 no target of any alphabet makes /login answer anything but a redirect of a bounded size', async () => {
    const visitor = await open();
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 900 }),
      fc.string({ unit: 'grapheme', maxLength: 900 }),
    );
    await fc.assert(
      fc.asyncProperty(text, async (target) => {
        // Half a character cannot be in an address.
        const answer = await visitor.open(
          `/login?return_to=/${encodeURIComponent(Buffer.from(target).toString())}`,
        );
        expect(answer.status).toBe(302);
        expect(headBytes(answer)).toBeLessThan(8000);
        expect(pendingBytes(visitor.jar)).toBeLessThanOrEqual(PENDING_BYTES);
      }),
      { numRuns: 60 },
    );
  });
});
