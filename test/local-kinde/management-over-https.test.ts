import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { command, createProject, start, type Started } from '../kit/local-kinde.js';

const run = promisify(execFile);

/** As its author would write it: Kinde's client of the Management API, unchanged, and nothing of ours. */
const SCRIPT = `
  import { init, Organizations, Users } from '@kinde/management-api-js';
  const [, email] = process.argv;
  init();
  const { id } = await Users.createUser({ requestBody: {
    profile: { given_name: 'Lin', family_name: 'Chen' },
    identities: [{ type: 'email', details: { email } }],
  } });
  const { users } = await Users.getUsers({ email });
  const { organizations } = await Organizations.getOrganizations();
  console.log(JSON.stringify({ id, users, organizations }));
`;

describe('@kinde/management-api-js at a local Kinde with --https', () => {
  const project = createProject();
  let kinde: Started;
  beforeAll(async () => {
    kinde = await start(project.folder, ['--https']);
  }, 60_000);
  afterAll(async () => {
    await kinde?.stop();
    project.remove();
  });
  const certificate = () => join(project.folder, '.kindling/emulator/certificate.pem');
  /** What the command line says for this SDK. */
  const environment = async () => {
    let said = '';
    const child = command(project.folder, ['env', '--sdk', 'management', '--format', 'json']);
    for await (const part of child.stdout!) {
      said += String(part);
    }
    return JSON.parse(said) as Record<string, string>;
  };
  const call = (env: Record<string, string>, email = 'lin@example.com') =>
    run(process.execPath, ['--input-type=module', '--eval', SCRIPT, email], {
      env: { PATH: process.env['PATH'], ...env },
      timeout: 60_000,
    });

  test('works with the environment that is printed for it, where it trusts the certificate', async () => {
    const env = await environment();
    expect(env['KINDE_DOMAIN']).toMatch(/^https:\/\/localhost:\d+$/);
    expect(env['KINDE_DOMAIN']).toBe(kinde.url);
    const { stdout } = await call({ ...env, NODE_EXTRA_CA_CERTS: certificate() });
    const { id, users, organizations } = JSON.parse(stdout);
    expect(users).toMatchObject([{ id, email: 'lin@example.com', first_name: 'Lin' }]);
    expect(organizations).toHaveLength(2);
  }, 120_000);

  test('refuses to send its credentials where it does not trust the certificate', async () => {
    await expect(call(await environment())).rejects.toMatchObject({ code: 1 });
  }, 120_000);

  test('works after a restart, too, with the same certificate', async () => {
    const env = await environment();
    const { port } = new URL(kinde.url);
    await kinde.stop();
    kinde = await start(project.folder, ['--https', '--port', port]);
    expect(await environment()).toEqual(env);
    const trusting = { ...env, NODE_EXTRA_CA_CERTS: certificate() };
    const { stdout } = await call(trusting, 'mei@example.com');
    expect(JSON.parse(stdout).users).toMatchObject([{ email: 'mei@example.com' }]);
  }, 120_000);
});
