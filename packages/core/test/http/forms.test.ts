import { expect, test } from 'vitest';
import { readForm, type HttpRequest } from '../../src/http/http.js';

const ADDRESS = 'https://app.example/backchannel-logout';

test('FD-28 the form of a web Request is read, with its stream as it is', async () => {
  const request: HttpRequest = new Request(ADDRESS, {
    method: 'POST',
    body: new URLSearchParams({ logout_token: 'a.b.c' }),
  });
  expect([...(await readForm(request))]).toEqual([['logout_token', 'a.b.c']]);
});

test('FD-28 a web Request that sends too much is cancelled, and one that was read before is refused', async () => {
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    pull: (stream) => stream.enqueue(new Uint8Array(16 * 1024)),
    cancel: () => void (cancelled = true),
  });
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const streamed = { method: 'POST', body, headers, duplex: 'half' } as const;
  const endless = new Request(ADDRESS, streamed);
  await expect(readForm(endless)).rejects.toMatchObject({ code: 'body_too_large' });
  expect(cancelled).toBe(true);
  const read = new Request(ADDRESS, { method: 'POST', body: new URLSearchParams({ a: 'b' }) });
  await read.text();
  await expect(readForm(read)).rejects.toMatchObject({ code: 'param_invalid' });
});
