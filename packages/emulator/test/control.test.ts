import { decodeJwt, decodeProtectedHeader } from 'jose';
import * as v from 'valibot';
import { afterEach, describe, expect, test } from 'vitest';
import { connect } from '../src/client.js';
import { contract, operations } from '../src/control/contract.js';
import { createEmulator, type Control, type Emulator } from '../src/index.js';
import { appOf } from './kit.js';

const NOW = 1_800_000_000;
const SITE = 'http://localhost:3000';
const ADA = 'ada@example.com';

/** An emulator whose answers can be compared with those of another one. */
const repeatable = () => createEmulator({ deterministic: true, clock: { now: () => NOW } });

/** The control API of an emulator over HTTP, without a port. */
const overHttp = ({ issuer, controlToken, fetch }: Emulator): Control =>
  connect({ url: issuer, token: controlToken, fetch });

type Answers = [name: string, answer: unknown][];

/** Calls methods and writes down what they answer, or why they fail. */
function recorder(control: Control) {
  const answers: Answers = [];
  const call = async <Name extends keyof Control>(
    name: Name,
    ...given: Parameters<Control[Name]>
  ): Promise<Awaited<ReturnType<Control[Name]>>> => {
    const method = control[name] as (...all: unknown[]) => Promise<never>;
    try {
      const answer = await method(...given);
      answers.push([name, answer]);
      return answer;
    } catch (error) {
      const {
        name: kind,
        code,
        message,
        status,
      } = error as Error & { code: string; status: number };
      answers.push([name, { kind, code, message, status }]);
      return undefined as never;
    }
  };
  return { answers, call };
}

/** Every operation, as a test would use it, and mistakes. */
async function playEverything(control: Control, emulator: Emulator): Promise<Answers> {
  const { answers, call } = recorder(control);
  const app = appOf(emulator, SITE);
  await call('status');
  await call('env');
  await call('env', { sdk: 'kindling', format: 'json' });
  await call('env', { sdk: 'kindlin' });
  await call('seed');
  await call('exportSeed');
  await call('clock');
  await call('setClock', { frozen: true, advance: '2h' });
  await call('setClock', { now: NOW + 60, speed: 2 });
  await call('setClock', { advance: 'soon' });
  await call('setClock', { advence: 3 } as never);
  await call('createToken', { person: ADA, kind: 'set' });
  await call('createToken', { person: ADA, expiresIn: '5m', claims: { extra: true } });
  await call('createToken', { machine: 'Local machine' });
  await call('createToken', { person: 'ada@exampel.com' });
  await call('createToken', { person: ADA, organization: 'org_nowhere' });
  await call('createToken', { person: ADA, application: 'Local ap' });
  await call('createToken', {});
  await call('nextSignIn', { person: ADA, application: 'Local app' });
  await emulator.fetch(app.linkTo(), { redirect: 'manual' });
  await call('nextSignIn', { deny: true, times: 0 });
  await call('signIn', { url: app.linkTo(), person: ADA });
  await call('signIn', { url: app.linkTo({ response_type: 'token' }), person: ADA });
  await call('signIn', { url: 'https://elsewhere.example/oauth2/auth', person: ADA });
  const [session] = await call('sessions', { person: ADA });
  await call('sessions', { application: 'Local app' });
  await call('endSessions', { id: session?.id });
  await call('endSessions', { id: 'nobody' });
  await call('endSessions');
  await call('flows', { person: ADA, outcome: 'failed' });
  await call('flow', 'flow_1');
  await call('faults');
  const { id } = await call('armFault', {
    name: 'error',
    with: { status: 502 },
    match: { path: '/oauth2/token' },
  });
  await call('armFault', { name: 'slow', chance: 0.5, random: 7, times: 'always' });
  await call('armFault', { name: 'slaw' });
  await call('armFault', { name: 'error', with: { status: 200 } });
  await call('armFault', { name: 'error', with: { state: 500 } });
  await call('armFault', { name: 'down', match: { path: '/oauth2/tokens' } });
  await call('faults');
  await call('clearFaults', id);
  await call('clearFaults', 'fault_9');
  await call('clearFaults');
  await call('requests', { path: '/oauth2/*', method: 'get' });
  await call('countRequests', { client: 'Local app' });
  await call('countRequests', { status: 302 });
  await call('deliveries', { type: 'user.created' });
  await call('dashboardLink');
  await call('rotateKeys', { keepOld: 60 });
  await call('rotateKeys', { keepOld: -1 });
  await call('until', 'clock', { to: NOW + 60 });
  await call('until', 'delivery', {}, { wait: 0 });
  await call('journal', { kind: 'fault' });
  await call('journal', { kind: 'fualt' });
  await call('journal', { after: 3, wait: 61 });
  await call('saveSnapshot', 'one');
  await call('saveSnapshot', 'No name');
  await call('snapshots');
  const snapshot = await call('snapshot', 'one');
  await call('putSnapshot', 'two', snapshot);
  await call('putSnapshot', 'three', { version: 99 } as never);
  await call('restoreSnapshot', 'two');
  await call('restoreSnapshot', 'tow');
  await call('reset', 'one');
  await call('reset', 'empty');
  await call('status');
  await call('reset', 'sead');
  await call('reset');
  await call('removeSnapshot', 'one');
  await call('removeSnapshot', 'one');
  await call('setSeed', { permissions: {}, roles: {}, flags: {}, organizations: {}, people: [] });
  await call('setSeed', { permissions: 1 } as never);
  await call('status');
  await call('resetClock');
  await call('environments');
  await call('createEnvironment', { name: 'worker-1' });
  await call('removeEnvironment', 'worker-1');
  return answers;
}

/** What differs in every run: real times, and keys that are made. */
const VARYING = ['time', 'ms', 'real', 'ahead', 'takenAt', 'kid', 'since'];

function comparable(answers: Answers): unknown {
  const text = JSON.stringify(answers, (name, value: unknown) =>
    VARYING.includes(name) && value !== undefined ? '…' : value,
  );
  return JSON.parse(text.replaceAll(/flow_[0-9a-f]{10}/g, 'flow_…'));
}

const opened: Emulator[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((emulator) => emulator.close()));
});

test('every operation answers the same in process and over HTTP, mistakes included', async () => {
  const [here, there] = [await repeatable(), await repeatable()];
  const inProcess = await playEverything(here.control, here);
  const remote = await playEverything(overHttp(there), there);
  expect(comparable(remote)).toEqual(comparable(inProcess));
  const played = new Set(inProcess.map(([name]) => name));
  expect([...played].sort()).toEqual([...Object.keys(contract), 'until'].sort());
});

test('every answer in process is what the contract says', async () => {
  const emulator = await repeatable();
  for (const [name, answer] of await playEverything(emulator.control, emulator)) {
    const operation = operations.find(([one]) => one === name)?.[1];
    const isError =
      typeof answer === 'object' && answer !== null && 'kind' in answer && 'code' in answer;
    if (operation && !isError) {
      const { issues } = v.safeParse(operation.returns, answer);
      expect(
        issues?.map((issue) => v.getDotPath(issue)),
        name,
      ).toBeUndefined();
    }
  }
});

test('over a real port, everything works the same', async () => {
  const emulator = await createEmulator();
  opened.push(emulator);
  const { url } = await emulator.listen({ port: 0 });
  const control = connect({ url, token: emulator.controlToken });
  expect((await control.status()).issuer).toBe(url);
  const { token } = await control.createToken({ person: ADA });
  const profile = await fetch(`${url}/oauth2/v2/user_profile`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect(await profile.json()).toMatchObject({ email: ADA });
  const waiting = control.until(
    'request',
    { path: '/oauth2/token' },
    { after: (await control.status()).journal },
  );
  await fetch(`${url}/oauth2/token`, { method: 'POST' });
  expect((await waiting).status).toBe(400);
});

test('names that are nearly right are suggested', async () => {
  const { control } = await createEmulator();
  const calls = [
    control.createToken({ person: 'ada@exampel.com' }),
    control.armFault({ name: 'slaw' }),
    control.armFault({ name: 'down', match: { path: '/oauth2/tokens' } }),
    control.armFault({ name: 'slow', with: { secnds: 1 } }),
    control.setClock({ advence: 1 } as never),
    control.journal({ kind: 'fualt' }),
    control.createToken({ machine: 'Local machin' }),
  ];
  const answers = await Promise.allSettled(calls);
  expect(answers.map((answer) => (answer as { reason?: Error }).reason?.message)).toEqual([
    'There is no user "ada@exampel.com". Did you mean "ada@example.com"?',
    'There is no fault "slaw". Did you mean "slow"?',
    'Nothing answers at "/oauth2/tokens", so no request can run into a fault there. Did you mean /oauth2/token?',
    'There is no parameter of slow "secnds". Did you mean "seconds"?',
    'There is no field advence. Did you mean advance?',
    'There is no kind of entry "fualt". Did you mean "fault"?',
    'There is no application "Local machin". Did you mean "Local machine"?',
  ]);
});

describe('tokens', () => {
  test('a set is a sign-in like any other: its refresh token works', async () => {
    const emulator = await createEmulator();
    const set = await emulator.control.createToken({ person: ADA, kind: 'set' });
    const { status, body } = await appOf(emulator, SITE).refresh({
      refresh_token: set.refreshToken!,
    } as never);
    expect(status).toBe(200);
    expect(decodeJwt(body['access_token']).sub).toBe(decodeJwt(set.token).sub);
    expect(decodeJwt(set.idToken!)['email']).toBe(ADA);
  });

  test('an access token is accepted by the profile, until its session is ended', async () => {
    const emulator = await createEmulator();
    const { token, session } = await emulator.control.createToken({ person: ADA });
    const profile = () =>
      emulator.fetch(`${emulator.issuer}/oauth2/v2/user_profile`, {
        headers: { authorization: `Bearer ${token}` },
      });
    expect((await profile()).status).toBe(200);
    await emulator.control.endSessions({ id: session });
    expect((await profile()).status).not.toBe(200);
  });

  test.each([
    'expired',
    'wrong_key',
    'unsigned',
    'wrong_issuer',
    'future',
    'revoked',
    'id_token',
  ] as const)('a token with the defect %s is not accepted', async (defect) => {
    const emulator = await createEmulator();
    const { token } = await emulator.control.createToken({ person: ADA, defect });
    const { status } = await emulator.fetch(`${emulator.issuer}/account_api/v1/permissions`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(status).toBe(403);
  });

  test('defects are what they say', async () => {
    const { control } = await createEmulator();
    const make = async (defect: 'wrong_audience' | 'unsigned' | 'wrong_key') =>
      (await control.createToken({ person: ADA, defect })).token;
    expect(decodeJwt(await make('wrong_audience')).aud).toEqual([
      'https://another-audience.example',
    ]);
    expect(decodeProtectedHeader(await make('unsigned')).alg).toBe('none');
    const good = (await control.createToken({ person: ADA })).token;
    expect(decodeProtectedHeader(await make('wrong_key'))).toEqual(decodeProtectedHeader(good));
  });

  test('claims and expiry are as wanted', async () => {
    const { control } = await createEmulator();
    const { claims } = await control.createToken({
      person: ADA,
      expiresIn: '5m',
      claims: { permissions: ['everything'] },
    });
    expect(claims).toMatchObject({ permissions: ['everything'] });
    expect(Number(claims['exp']) - Number(claims['iat'])).toBe(300);
  });

  test('a machine gets the scopes of the Management API', async () => {
    const emulator = await createEmulator();
    const { token, session } = await emulator.control.createToken({
      machine: 'Local machine',
      scope: 'read:users',
      audience: `${emulator.issuer}/api`,
    });
    expect(session).toBeUndefined();
    const { status } = await emulator.fetch(`${emulator.issuer}/api/v1/users`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(status).toBe(200);
  });

  test('a suspended user gets none', async () => {
    const { control, state } = await createEmulator();
    state.people[0]!.isSuspended = true;
    await expect(control.createToken({ person: state.people[0]!.id })).rejects.toMatchObject({
      code: 'refused',
      message: 'The user is suspended.',
    });
  });
});

describe('sign-ins', () => {
  test('the next sign-in needs no page, and the one after it does', async () => {
    const emulator = await createEmulator();
    const app = appOf(emulator, SITE);
    await emulator.control.nextSignIn({ person: ADA });
    const first = await emulator.fetch(app.linkTo(), { redirect: 'manual' });
    const tokens = await app.exchange(new URL(first.headers.get('location')!));
    expect(tokens.id['email']).toBe(ADA);
    expect((await app.open()).response.status).toBe(200);
  });

  test('a refusal reaches the app as an error', async () => {
    const emulator = await createEmulator();
    await emulator.control.nextSignIn({ deny: true });
    const response = await emulator.fetch(appOf(emulator, SITE).linkTo(), { redirect: 'manual' });
    const { searchParams } = new URL(response.headers.get('location')!);
    expect(searchParams.get('error')).toBe('access_denied');
  });

  test('a sign-in for one application leaves requests of others alone', async () => {
    const emulator = await createEmulator();
    await emulator.control.nextSignIn({ person: ADA, application: 'Local machine' });
    expect((await appOf(emulator, SITE).open()).response.status).toBe(200);
  });

  test('signing in at a URL does not use up what the next request is to be answered with', async () => {
    const emulator = await createEmulator();
    const app = appOf(emulator, SITE);
    await emulator.control.nextSignIn({ deny: true });
    const { location } = await emulator.control.signIn({ url: app.linkTo(), person: ADA });
    expect((await app.exchange(new URL(location))).id['email']).toBe(ADA);
    const next = await emulator.fetch(app.linkTo(), { redirect: 'manual' });
    expect(next.headers.get('location')).toContain('access_denied');
  });
});

describe('going back', () => {
  test('a reset keeps the object and forgets what happened: state, clock, faults, journal', async () => {
    const { control, state, clock } = await createEmulator();
    const before = state.people.length;
    state.people.pop();
    clock.advance('3d');
    await control.armFault({ name: 'down' });
    await control.saveSnapshot('later');
    const { journal } = await control.reset();
    expect(state.people).toHaveLength(before);
    const { faults, ahead } = await control.status();
    expect(faults).toEqual([]);
    expect(Math.abs(ahead)).toBeLessThan(2);
    const { entries } = await control.journal();
    expect(entries.map(({ kind, number }) => [kind, number])).toEqual([['state', journal]]);
    await control.reset('later');
    expect(state.people).toHaveLength(before - 1);
    expect((await control.status()).ahead).toBeGreaterThan(3 * 86_400 - 2);
  });

  test('empty keeps the applications, so that an app goes on to know its credentials', async () => {
    const { control, state, env } = await createEmulator();
    await control.reset('empty');
    expect(state.people).toEqual([]);
    expect(state.applications.map(({ clientId }) => clientId)).toContain(env['KINDE_CLIENT_ID']);
  });

  test('the exported state is a seed that makes the same tokens', async () => {
    const first = await createEmulator();
    const ada = first.state.people.find(({ email }) => email === ADA)!;
    ada.organizations = { org_acme: { permissions: [Object.keys(first.state.permissions)[0]!] } };
    first.state.organizations['org_acme'] = { name: 'Acme' };
    const second = await createEmulator({ seed: await first.control.exportSeed() });
    const says = async ({ control }: Emulator) => {
      const { claims } = await control.createToken({ person: ADA });
      const { iat: _iat, exp: _exp, jti: _jti, ...rest } = claims;
      return rest;
    };
    expect(await says(second)).toEqual(await says(first));
  });
});
