import fastifyCors from '@fastify/cors';
import { createEmulator, type Emulator } from '@kindling/emulator';
import cors from 'cors';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Ask } from '../kit/http.js';
import { FRAMEWORKS, SITE, startSite, type Framework, type Plan, type Site } from './kit/site.js';
import { createVisitor, type Visitor } from './kit/visitor.js';

const SPA = 'https://spa.app.example';
const STRANGER = 'https://evil.example';
const script = { accept: 'application/json', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' };

let emulator: Emulator;
let site: Site;
let visitor: Visitor;
beforeAll(async () => {
  emulator = await createEmulator({ strict: true, siteUrl: SITE });
  emulator.state.applications[0]!.tokens = { claims: ['roles'] };
});
afterEach(() => site.close());

const open = async (framework: Framework, plan: Plan = {}) => {
  site = await startSite(framework, emulator, plan);
  visitor = createVisitor(site, emulator);
  await visitor.signIn();
};

describe.each(FRAMEWORKS)('a browser app on another origin, on %s', (framework) => {
  const trusted = { options: { trustedOrigins: [SPA], returnOrigins: [SPA] } };
  const at = (origin: string) => ({ 'sec-fetch-site': 'same-site', origin });
  const link = { 'sec-fetch-site': 'same-site', referer: `${SPA}/` };
  const ways: Record<string, Ask> = {
    'a link': { headers: link },
    'a form': { method: 'POST', headers: at(SPA) },
    'fetch()': { method: 'POST', headers: { ...script, ...at(SPA) } },
  };

  test.each(Object.keys(ways))('FD-11 signs out by %s', async (way) => {
    await open(framework, trusted);
    const answer = await visitor.open(`/logout?return_to=${SPA}/`, ways[way]);
    expect(answer.status).toBeLessThan(400);
    const location = way === 'fetch()' ? (answer.json().location as string) : answer.location;
    expect(location).toContain(`${emulator.issuer}/logout`);
    expect(visitor.jar.names()).toEqual([]);
    expect((await visitor.open('/me')).json()).toMatchObject({ isAuthenticated: false });
  });

  test('FD-11 switches organization by a link and by fetch()', async () => {
    await open(framework, trusted);
    await visitor.signIn('ada@example.com', '/login', 'org_acme0rockets');
    const path = `/switch-organization?org_code=org_globex0gardens&return_to=${SPA}/`;
    const asked = { ...script, ...at(SPA) };
    let fetched = await visitor.open(path, { method: 'POST', headers: asked });
    if (fetched.status === 405) {
      fetched = await visitor.open(path, { headers: asked });
    }
    expect(fetched.status).toBe(200);
    const followed = await visitor.open(path, { headers: link });
    expect(followed.status).toBeLessThan(400);
    for (const location of [fetched.json().location as string, followed.location]) {
      const back = await emulator.signIn(location, { email: 'ada@example.com' });
      expect((await visitor.open(back.pathname + back.search)).location).toBe(`${SPA}/`);
    }
    expect((await visitor.open('/me')).json()).toMatchObject({
      organization: 'org_globex0gardens',
    });
  });

  test('FD-11 a script of the site itself is told where to go', async () => {
    for (const accept of ['application/json', '*/*']) {
      await open(framework);
      const headers = { ...script, accept, 'sec-fetch-site': 'same-origin', origin: SITE };
      const answer = await visitor.open('/logout', { method: 'POST', headers });
      expect([answer.status, answer.location]).toEqual([200, '']);
      expect(answer.headers['content-type']).toMatch(/application\/json/);
      expect(answer.json().location).toContain('/logout');
      expect(visitor.jar.names()).toEqual([]);
      await site.close();
    }
  });

  test('FD-11 strangers, and origins that may only be returned to, sign nobody out', async () => {
    await open(framework, { options: { returnOrigins: [SPA] } });
    for (const origin of [SPA, STRANGER]) {
      for (const ask of [
        { method: 'POST', headers: at(origin) },
        { method: 'POST', headers: { ...script, ...at(origin) } },
        { headers: { 'sec-fetch-site': 'same-site', referer: `${origin}/` } },
      ]) {
        expect((await visitor.open('/logout', ask)).status).toBe(403);
        expect(
          (await visitor.open('/switch-organization?org_code=org_acme0rockets', ask)).status,
        ).toBeGreaterThanOrEqual(400);
      }
    }
    expect((await visitor.open('/me')).json()).toMatchObject({ isAuthenticated: true });
  });

  test('FD-11 CORS is the app’s own business: with cors() first the browser app may read, without it nothing is said', async () => {
    await open(framework, trusted);
    const headers = { ...script, ...at(SPA) };
    for (const path of ['/user', '/private', '/logout']) {
      const method = path === '/logout' ? 'POST' : 'GET';
      const answer = await visitor.open(path, { method, headers });
      expect(
        Object.keys(answer.headers).filter((name) => name.startsWith('access-control-')),
      ).toEqual([]);
    }
    await site.close();
    await open(framework, {
      ...trusted,
      first: {
        express: (app) => void app.use(cors({ origin: SPA, credentials: true })),
        fastify: (app) => app.register(fastifyCors, { origin: SPA, credentials: true }),
      },
    });
    const told = await visitor.open('/user', { headers });
    expect([told.status, told.headers['access-control-allow-origin']]).toEqual([200, SPA]);
    const out = await visitor.open('/logout', { method: 'POST', headers });
    expect([out.status, out.headers['access-control-allow-origin']]).toEqual([200, SPA]);
  });

  test('FD-11 /user also tells permissions, roles and flags, and never a token', async () => {
    await open(framework);
    const answer = await visitor.open('/user', {
      headers: { ...script, 'sec-fetch-site': 'same-origin' },
    });
    expect(JSON.stringify(answer.json().permissions)).toContain('create:todos');
    expect(JSON.stringify(answer.json().roles)).toContain('member');
    expect(JSON.stringify(answer.json().flags)).toContain('theme');
    expect(answer.body).not.toMatch(/eyJ/);
  });

  test.each([
    ['*'],
    ['https://*.app.example'],
    [`${SPA}/path`],
    ['spa.app.example'],
    ['null'],
    ['javascript:alert(1)'],
  ])('FD-11 `trustedOrigins: [%j]` is refused at start-up', async (origin) => {
    await open(framework, trusted);
    const options = { trustedOrigins: [origin] };
    await expect(startSite(framework, emulator, { options })).rejects.toThrow(/trustedOrigins/);
  });
});
