import { connect as connectSocket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { connect } from '../src/client.js';
import { createEmulator, type Emulator } from '../src/index.js';

const opened: Emulator[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((emulator) => emulator.close()));
});

async function listening() {
  const emulator = await createEmulator();
  opened.push(emulator);
  const { url } = await emulator.listen({ port: 0 });
  return { emulator, url, control: connect({ url, token: emulator.controlToken }) };
}

/** Asks the control API of an emulator, with its token unless other headers say otherwise. */
async function asking(given?: Emulator) {
  const emulator = given ?? (await createEmulator());
  const ask = async (path: string, init: RequestInit = {}) => {
    const headers = new Headers({ authorization: `Bearer ${emulator.controlToken}` });
    new Headers(init.headers).forEach((value, name) => headers.set(name, value));
    const url = `${emulator.issuer}/emulator/api/v1${path}`;
    const response = await emulator.fetch(url, { ...init, headers });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json');
    return { response, status: response.status, body: isJson ? JSON.parse(text) : text };
  };
  return { emulator, ask };
}

const json = { 'content-type': 'application/json' };

describe('who may use the control API', () => {
  test('a stranger learns only that it is ready, and its version', async () => {
    const { ask } = await asking();
    const { status, body } = await ask('/status', { headers: { authorization: '' } });
    expect(status).toBe(200);
    expect(Object.keys(body).sort()).toEqual(['ready', 'version']);
  });

  test.each([
    ['/clock', 'GET'],
    ['/reset', 'POST'],
    ['/openapi.json', 'GET'],
    ['/journal/stream', 'GET'],
    ['/nothing', 'GET'],
    ['/status', 'POST'],
  ])('%s by %s needs the token', async (path, method) => {
    const { ask } = await asking();
    for (const authorization of ['', 'Bearer', 'Bearer wrong', 'Basic d3Jvbmc=']) {
      const { status, body, response } = await ask(path, { method, headers: { authorization } });
      expect(status).toBe(401);
      expect(body.code).toBe('invalid_token');
      expect(response.headers.get('www-authenticate')).toBe('Bearer');
    }
  });

  test.each([
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://localhost:3000' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'cross-site' },
  ])('EM-13 a page of another origin is refused, whatever it asks: %o', async (headers) => {
    const { ask, emulator } = await asking();
    const people = emulator.state.people.length;
    for (const [method, path] of [
      ['GET', '/status'],
      ['POST', '/reset'],
      ['DELETE', '/clock'],
      ['OPTIONS', '/reset'],
    ] as const) {
      const { status, body, response } = await ask(path, { method, headers });
      expect([status, body.code]).toEqual([403, 'forbidden']);
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
    }
    expect(emulator.state.people).toHaveLength(people);
  });

  test('every answer forbids keeping, guessing and reading from elsewhere', async () => {
    const { ask } = await asking();
    for (const path of ['/status', '/clock', '/nothing', '/flows']) {
      const { headers } = (await ask(path)).response;
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
      expect(headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  test('the client needs an address and a token, and says where they come from', () => {
    expect(() => connect({ url: 'http://localhost:4455', token: '' })).toThrow(
      'KINDE_EMULATOR_TOKEN',
    );
    expect(() => connect({ url: 'somewhere', token: 't' })).toThrow(TypeError);
  });

  test('a wrong token in the client is an error that says so', async () => {
    const { fetch, issuer } = await createEmulator();
    const control = connect({ url: issuer, token: 'wrong', fetch });
    await expect(control.clock()).rejects.toMatchObject({ code: 'invalid_token', status: 401 });
  });
});

describe('what is read', () => {
  test.each([
    ['text/plain', '{}', 415, 'unsupported_media_type'],
    ['application/x-www-form-urlencoded', 'to=seed', 415, 'unsupported_media_type'],
    ['application/json', '[]', 400, 'invalid_input'],
    ['application/json', '{', 400, 'invalid_input'],
    ['application/json', '{"__proto__":{"to":"seed"}}', 400, 'invalid_input'],
    ['application/json', '{"constructor":{}}', 400, 'invalid_input'],
    ['application/json', '{"too":"empty"}', 400, 'invalid_input'],
    ['application/json', '{"to":7}', 400, 'invalid_input'],
    ['application/json', `{"to":"${'x'.repeat(1024 * 1024)}"}`, 413, 'too_large'],
  ])(
    'a body of the type %s is held against what it should be (%#)',
    async (type, body, status, code) => {
      const { ask } = await asking();
      const answer = await ask('/reset', {
        method: 'POST',
        body,
        headers: { 'content-type': type },
      });
      expect([answer.status, answer.body.code]).toEqual([status, code]);
      expect(answer.response.headers.get('content-type')).toBe('application/problem+json');
    },
  );

  test('a reset without a body goes back to the seed', async () => {
    const { ask, emulator } = await asking();
    emulator.state.people.pop();
    expect((await ask('/reset', { method: 'POST' })).status).toBe(200);
    expect(emulator.state.people).toHaveLength(3);
  });

  test('a snapshot may be larger than other bodies', async () => {
    const { ask, emulator } = await asking();
    const value = 'x'.repeat(2 * 1024 * 1024);
    const variable = { id: 'env_var_1', key: 'LARGE', value, isSecret: false, createdAt: 1 };
    emulator.state.environmentVariables.push(variable);
    const body = JSON.stringify(emulator.capture());
    const { status } = await ask('/snapshots/large', { method: 'PUT', body, headers: json });
    expect(status).toBe(200);
  });

  test.each([
    ['/journal?after=-1', 'after'],
    ['/journal?after=1e99', 'after'],
    ['/journal?wait=61', 'wait'],
    ['/journal?wait=x', 'wait'],
    ['/requests?pth=/x', 'Did you mean path?'],
    ['/requests?path=/a&path=/b', 'repeated'],
    ['/requests?status=twohundred', 'status'],
    ['/snapshots/..%2F..%2Fetc', 'name'],
    ['/snapshots/%00', 'name'],
    [`/flows/${'x'.repeat(3_000)}`, 'id'],
  ])('a query or path that is wrong is refused with the reason (%#)', async (path, part) => {
    const { ask } = await asking();
    const { status, body } = await ask(path);
    expect(status).toBe(400);
    expect(body.detail).toContain(part);
    expect(body.detail.length).toBeLessThan(500);
  });

  test('an operation that does not exist is answered with the nearest', async () => {
    const { ask } = await asking();
    const { status, body } = await ask('/fault');
    expect([status, body.code]).toEqual([404, 'unknown_operation']);
    expect(body.detail).toContain('GET /faults');
  });

  test('the OpenAPI document is served', async () => {
    const { ask } = await asking();
    const { body } = await ask('/openapi.json');
    expect(body.openapi).toBe('3.1.0');
    expect(Object.keys(body.paths)).toContain('/faults/{id}');
  });
});

describe('waiting', () => {
  test('arm, act, and wait for a delivery: nothing is polled and nothing missed', async () => {
    const received: string[] = [];
    const emulator = await createEmulator({
      deliver: async () => {
        received.push('one');
        return new Response(null, { status: received.length === 1 ? 500 : 200 });
      },
    });
    const { control, state } = emulator;
    state.webhooks.push({
      id: 'wh_1',
      name: 'Mine',
      endpoint: 'https://app.example/hook',
      description: '',
      eventTypes: ['user.authenticated'],
      createdAt: 0,
    } as never);
    const { journal } = await control.status();
    const failed = control.until('delivery', { status: 500 }, { after: journal });
    const url = `${emulator.issuer}/oauth2/auth?${new URLSearchParams({
      client_id: emulator.env['KINDE_CLIENT_ID']!,
      redirect_uri: 'http://localhost:3000/callback',
      response_type: 'code',
      state: 'a-state-of-mine',
    })}`;
    await control.signIn({ url, person: 'ada@example.com' });
    expect((await failed).attempt).toBe(1);
    const { journal: moved } = await control.setClock({ advance: '10s' });
    const again = await control.until('delivery', { attempt: 2 }, { after: journal });
    expect(again.number).toBeGreaterThan(0);
    expect(moved).toBeGreaterThan(journal);
    expect(await control.deliveries({ type: 'user.authenticated', status: 200 })).toHaveLength(1);
  });

  test('a wait that nothing ends is over in time, and says what did not come', async () => {
    const { control } = await createEmulator();
    await expect(
      control.until('delivery', { type: 'user.created' }, { wait: 0.05 }),
    ).rejects.toThrow(
      'No journal entry of the kind delivery with {"type":"user.created"} came within 0.05 seconds.',
    );
  });

  test('what the control API is asked is not in the journal', async () => {
    const { emulator, ask } = await asking();
    await ask('/clock');
    expect(emulator.state.journal.after(0)).toEqual([]);
    expect(emulator.requests).toEqual([]);
  });
});

describe('the stream of the journal', () => {
  const streamOf = (emulator: Emulator, headers: Record<string, string> = {}) =>
    emulator.fetch(`${emulator.issuer}/emulator/api/v1/journal/stream`, {
      headers: { authorization: `Bearer ${emulator.controlToken}`, ...headers },
    });

  /** Reads until the text of a stream has this in it. */
  async function readUntil(reader: ReadableStreamDefaultReader<Uint8Array>, part: string) {
    let text = '';
    while (!text.includes(part)) {
      const { value, done } = await reader.read();
      if (done) {
        break;
      }
      text += new TextDecoder().decode(value);
    }
    return text;
  }

  test('goes on after the last entry that a reader has, and shows what happens', async () => {
    const emulator = await createEmulator();
    emulator.clock.advance(1);
    emulator.clock.advance(2);
    const response = await streamOf(emulator, { 'last-event-id': '1' });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const reader = response.body!.getReader();
    expect(await readUntil(reader, 'id: 2')).not.toContain('id: 1\n');
    await emulator.control.armFault({ name: 'down' });
    expect(await readUntil(reader, 'event: fault')).toContain('"what":"armed"');
    await reader.cancel();
  });

  test('a stream that begins with nonsense is refused', async () => {
    const emulator = await createEmulator();
    expect((await streamOf(emulator, { 'last-event-id': 'x' })).status).toBe(400);
  });

  test('there are at most 50 at the same time, and those that ended make room', async () => {
    const emulator = await createEmulator();
    const streams: Response[] = [];
    for (let count = 0; count < 50; count += 1) {
      streams.push(await streamOf(emulator));
    }
    expect((await streamOf(emulator)).status).toBe(503);
    await streams[0]!.body!.cancel();
    const another = await streamOf(emulator);
    expect(another.status).toBe(200);
    await Promise.all([another, ...streams.slice(1)].map(({ body }) => body!.cancel()));
  });

  test('a reader that does not read is let go', async () => {
    const emulator = await createEmulator();
    const { body } = await streamOf(emulator);
    for (let count = 0; count < 1_100; count += 1) {
      emulator.state.journal.append({ kind: 'remark', text: 'x' });
    }
    let chunks = 0;
    for await (const _ of body!) {
      chunks += 1;
    }
    expect(chunks).toBeLessThan(1_100);
  });
});

describe('on a port', () => {
  test('a lost connection is a closed socket', async () => {
    const { url, control } = await listening();
    await control.armFault({ name: 'down' });
    await expect(fetch(`${url}/oauth2/token`, { method: 'POST' })).rejects.toThrow('fetch failed');
    expect((await fetch(`${url}/.well-known/jwks`)).status).toBe(200);
    const [request] = await control.requests({ path: '/oauth2/token' });
    expect(request).toMatchObject({ status: 0, fault: 'down' });
  });

  test('a slow answer is not waited for by others', async () => {
    const { url, control } = await listening();
    await control.armFault({ name: 'slow', with: { seconds: 3_000 }, match: { path: '/logout' } });
    const giveUp = new AbortController();
    const slow = fetch(`${url}/logout`, { signal: giveUp.signal });
    expect((await fetch(`${url}/.well-known/jwks`)).status).toBe(200);
    await control.until('fault', { what: 'hit' });
    giveUp.abort();
    await expect(slow).rejects.toThrow('aborted');
    const { path } = await control.until('request', { path: '/logout' });
    expect(path).toBe('/logout');
  });

  test('a name of another machine is refused before the token is looked at', async () => {
    const { url, emulator } = await listening();
    const { port } = new URL(url);
    const answer = await new Promise<string>((resolve) => {
      const socket = connectSocket(Number(port), '127.0.0.1', () => {
        socket.end(
          `GET /emulator/api/v1/status HTTP/1.1\r\nHost: evil.example\r\nAuthorization: Bearer ${emulator.controlToken}\r\nConnection: close\r\n\r\n`,
        );
      });
      let text = '';
      socket.on('data', (data) => (text += data.toString()));
      socket.on('close', () => resolve(text));
    });
    expect(answer).toContain('403');
  });
});
