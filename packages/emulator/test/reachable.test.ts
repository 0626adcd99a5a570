import { once } from 'node:events';
import {
  createServer,
  request,
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { get as getSecurely } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createEmulator, type Emulator } from '../src/index.js';
import { createCertificate, isUsable } from '../src/serve/certificate.js';
import { appOf } from './kit.js';

const PATH = '/.well-known/openid-configuration';

let emulator: Emulator;
beforeEach(async () => {
  emulator = await createEmulator();
});
afterEach(() => emulator.close());

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}
const answerTo = async (sent: ClientRequest): Promise<Answer> => {
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const parts: Buffer[] = [];
  for await (const part of response) {
    parts.push(part as Buffer);
  }
  const text = Buffer.concat(parts).toString();
  return { status: response.statusCode!, headers: response.headers, text };
};
/** Sends a request as it is: with any `Host`, which `fetch` does not allow. */
const send = (url: string, options: RequestOptions = {}) => answerTo(request(url, options).end());
const securely = (url: string, ca: string) => answerTo(getSecurely(url, { ca }));

describe('FD-21 other machines', () => {
  test('EM-02 come by the names that are allowed, with any port, and by no other', async () => {
    const options = { port: 0, host: '0.0.0.0', allowHosts: ['kinde', '192.168.1.5', 'fd00::1'] };
    const { url } = await emulator.listen(options);
    const port = new URL(url).port;
    expect([emulator.issuer, emulator.state.key.jwk.kid]).toEqual([
      `http://localhost:${port}`,
      expect.not.stringContaining('development'),
    ]);
    const statusFor = async (host: string) =>
      (await send(`http://127.0.0.1:${port}${PATH}`, { headers: { host } })).status;
    for (const host of [`kinde:${port}`, 'KINDE', '192.168.1.5:80', '[fd00::1]:1', 'localhost']) {
      expect(await statusFor(host), host).toBe(200);
    }
    for (const host of ['kinde.evil.example', 'evil', '192.168.1.6', `evil@kinde:${port}`]) {
      expect([400, 403], host).toContain(await statusFor(host));
    }
  });

  test.each([
    ['http://kinde:4455', 'Did you mean "kinde"?'],
    ['kinde:4455', 'Did you mean "kinde"?'],
    ['*', 'names such as "kinde"'],
    ['', 'names such as "kinde"'],
  ])('EM-02 %j is no name to come by', async (name, why) => {
    const listening = emulator.listen({ port: 0, host: '0.0.0.0', allowHosts: [name] });
    await expect(listening).rejects.toThrow(why);
  });

  test('a form is accepted from the page of an allowed name and of the issuer, and not from elsewhere', async () => {
    emulator = await createEmulator({ issuer: 'https://kinde.example' });
    const { url } = await emulator.listen({ port: 0, allowHosts: ['kinde'] });
    const { port } = new URL(url);
    const statusFrom = async (origin: string, headers: Record<string, string> = {}) => {
      const host = `kinde:${port}`;
      const type = 'application/x-www-form-urlencoded';
      const sent = { host, origin, 'content-type': type, ...headers };
      return (await send(`${url}/emulator/sign-in`, { method: 'POST', headers: sent })).status;
    };
    expect(await statusFrom(`http://kinde:${port}`)).toBe(400);
    expect(await statusFrom('https://kinde.example')).toBe(400);
    expect(await statusFrom('https://evil.example')).toBe(403);
    const forwarded = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' };
    expect(await statusFrom('https://evil.example', forwarded)).toBe(403);
  });
});

describe('https', () => {
  test('answers on the same port as http, and the issuer is https', async () => {
    const certificate = await createCertificate(['kinde']);
    const { url } = await emulator.listen({ port: 0, allowHosts: ['kinde'], https: certificate });
    expect(url).toMatch(/^https:\/\/localhost:\d+$/);
    const secure = await securely(url + PATH, certificate.cert);
    const plain = await send(url.replace('https', 'http') + PATH);
    expect([JSON.parse(secure.text).issuer, plain.text]).toEqual([url, secure.text]);
    expect((await securely(`${url}/logout`, certificate.cert)).headers['set-cookie']![0]).toMatch(
      /; Secure/,
    );
  });

  test('a certificate of its own needs no files, and a connection that says nothing does not hold it up', async () => {
    const { url } = await emulator.listen({ port: 0, https: true });
    const { port } = new URL(url);
    const silent = connect(Number(port), '127.0.0.1');
    await once(silent, 'connect');
    const ended = once(silent, 'close');
    await expect(fetch(url)).rejects.toThrow('fetch failed');
    await emulator.close();
    await ended;
  });

  test('a kept certificate is used again while it is valid, for all names', async () => {
    const certificate = await createCertificate(['kinde', '192.168.1.5']);
    expect(isUsable(certificate, ['kinde', '192.168.1.5'])).toBe(true);
    expect(isUsable(certificate, ['other'])).toBe(false);
    expect(isUsable({ ...certificate, cert: 'nothing' })).toBe(false);
  });
});

describe('a port that is taken', () => {
  const takenBy = async (status: object) => {
    const other = createServer((_request, response) => response.end(JSON.stringify(status)));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const refused = await emulator.listen({ port }).catch((error: unknown) => error);
    other.close();
    return refused as NodeJS.ErrnoException;
  };

  test('says that a local Kinde has it', async () => {
    const { code, message } = await takenBy({ ready: true, version: '1.2.3' });
    expect([code, message]).toEqual([
      'EADDRINUSE',
      expect.stringContaining('by a local Kinde (version 1.2.3)'),
    ]);
  });

  test('says no more of another program', async () => {
    const { message } = await takenBy({ ready: true, version: '<b>' });
    expect(message).toContain('by another program');
  });
});

test.each([
  ['announced', { 'content-length': '2000000' }],
  ['sent in pieces', { 'transfer-encoding': 'chunked' }],
])('a body of more than a megabyte, %s, is refused', async (_how, headers) => {
  const { url } = await emulator.listen({ port: 0 });
  const sent = request(`${url}/oauth2/token`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
  });
  sent.on('error', () => {});
  sent.write('x'.repeat('content-length' in headers ? 10 : 1_500_000));
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  sent.destroy();
  expect([response.statusCode, response.headers['cache-control']]).toEqual([413, 'no-store']);
});

test('nobody without the token makes it read a large snapshot', async () => {
  const { url } = await emulator.listen({ port: 0 });
  const sent = request(`${url}/emulator/api/v1/snapshots/large`, {
    method: 'PUT',
    headers: { 'transfer-encoding': 'chunked', 'content-type': 'application/json' },
  });
  sent.on('error', () => {});
  // The end never comes.
  sent.write('x'.repeat(100_000));
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  sent.destroy();
  expect(response.statusCode).toBe(401);
});

test.each(['announced', 'in pieces'])('a small body, %s, arrives', async (how) => {
  const { url } = await emulator.listen({ port: 0 });
  const body = 'grant_type=password';
  const type = { 'content-type': 'application/x-www-form-urlencoded' };
  const headers = how === 'announced' ? { ...type, 'content-length': body.length } : type;
  const sent = request(`${url}/oauth2/token`, { method: 'POST', headers });
  sent.write(body);
  sent.end();
  const { status, text } = await answerTo(sent);
  expect([status, JSON.parse(text).error]).toEqual([401, 'invalid_client']);
});

test('a preflight request on a port is answered', async () => {
  const { url } = await emulator.listen({ port: 0 });
  const { status } = await send(`${url}/oauth2/token`, { method: 'OPTIONS' });
  expect(status).toBe(204);
});

test('two local Kindes on one host keep each other’s sign-ins', async () => {
  const other = await createEmulator();
  await emulator.listen({ port: 0 });
  await other.listen({ port: 0 });
  const jar = new Map<string, string>();
  const cookie = () => [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  for (const one of [emulator, other]) {
    const done = await appOf(one, 'http://localhost:3000').type({ email: 'grace@example.com' });
    const [name = '', value = ''] = done.headers.get('set-cookie')!.split(';')[0]!.split('=');
    jar.set(name, value);
  }
  for (const one of [emulator, other]) {
    expect([...jar.keys()]).toContain(`kindling_emulator_sso_${new URL(one.issuer).port}`);
    const { response } = await appOf(one, 'http://localhost:3000').open(
      { prompt: 'none' },
      { cookie: cookie() },
    );
    expect(new URL(response.headers.get('location')!).searchParams.get('code')).toBeTruthy();
  }
  await other.close();
});
