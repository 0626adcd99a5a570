import { createEmulator } from '@kindling/emulator';
import { managementFromEnv } from '@kindling/management';
import { createMembers } from '../../../apps/todos/src/index.js';
import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { createApp } from '../../../apps/express-todos/src/app.js';
import { setUpTenant } from '../../../apps/setup-tenant/src/setup.js';
import { api, tenant } from '../../../apps/setup-tenant/src/tenant.js';
import { optionsFor, SITE } from '../../../test/kit/apps.js';
import { createBrowser } from '../../../test/kit/browser.js';

test('a whole tenant is set up through the Management API, twice without doubling anything, and its people sign in', async () => {
  const emulator = await createEmulator({
    strict: true,
    seed: { permissions: {}, roles: {}, flags: {} },
  });
  const management = managementFromEnv(emulator.env, { fetch: emulator.fetch, validate: 'throw' });
  const wanted = { tenant, api, application: { name: 'Todos', siteUrl: SITE } };
  const first = await setUpTenant(management, wanted);
  const counts = () => ({
    permissions: Object.keys(emulator.state.permissions).length,
    roles: Object.keys(emulator.state.roles).length,
    flags: Object.keys(emulator.state.flags).length,
    organizations: Object.values(emulator.state.organizations).map(({ name }) => name),
    people: emulator.state.people.map(({ email }) => email),
    applications: emulator.state.applications.filter(({ name }) => name === 'Todos').length,
    apis: emulator.state.apis.map(({ scopes }) => scopes.length),
  });
  const made = counts();
  expect(made).toEqual({
    permissions: 6,
    roles: 2,
    flags: 3,
    organizations: expect.arrayContaining(['Initech', 'Hooli']),
    people: ['ada@example.com', 'grace@example.com'],
    applications: 1,
    apis: [2],
  });
  const second = await setUpTenant(management, wanted);
  expect([second, counts()]).toEqual([first, made]);

  const { clientId, clientSecret, organizations } = second;
  const options = optionsFor(emulator, { clientId, clientSecret });
  const server = createServer(createApp(options, createMembers(management)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const initech = organizations.get('org_initech')!;
  const ada = createBrowser(server, emulator);
  const grace = createBrowser(server, emulator);
  await ada.signIn('ada@example.com', '/login', initech);
  await grace.signIn('grace@example.com', '/login', initech);

  const todos = (await ada.open('/todos')).body;
  expect(todos).toContain('0 of 12 todos');
  expect(todos).toContain('class="forest"');
  expect((await ada.open('/members')).body).toContain('Grace Hopper');
  expect((await grace.open('/todos')).body).toContain('Add todo');
  expect((await grace.open('/members', { headers: { accept: 'application/json' } })).status).toBe(
    403,
  );

  const id = emulator.state.people.find(({ givenName }) => givenName === 'Grace')!.id;
  const change = {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  };
  expect((await ada.open(`/members/${id}/role`, { ...change, body: 'role=owner' })).status).toBe(
    303,
  );
  const again = createBrowser(server, emulator);
  await again.signIn('grace@example.com', '/login', initech);
  expect((await again.open('/members')).body).toContain('Ada Lovelace');
  server.closeAllConnections();
  server.close();
});
