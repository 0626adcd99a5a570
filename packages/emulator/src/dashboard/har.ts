import { STATUS_CODES } from 'node:http';
import type { JournalEntry } from '../journal/entries.js';

/** Requests as an HTTP archive (HAR 1.2), without headers, bodies and secrets, oldest first. */
export function harOf(requests: readonly JournalEntry<'request'>[], issuer: string): object {
  return {
    log: {
      version: '1.2',
      creator: { name: 'Local Kinde emulator', version: '' },
      entries: requests.toReversed().map((request) => entryOf(request, issuer)),
    },
  };
}

function entryOf(request: JournalEntry<'request'>, issuer: string): object {
  const { client, fault, flow, method, ms, path, query, status, time, userAgent } = request;
  const comment = [
    client && `client ${client}`,
    fault && `fault ${fault}`,
    flow && `sign-in ${flow}`,
  ];
  return {
    startedDateTime: new Date(time - ms).toISOString(),
    time: ms,
    request: {
      method,
      url: `${issuer}${path}${query}`,
      ...UNKNOWN,
      headers: userAgent ? [{ name: 'User-Agent', value: userAgent }] : [],
      queryString: [...new URLSearchParams(query)].map(([name, value]) => ({ name, value })),
    },
    response: {
      status,
      statusText: STATUS_CODES[status] ?? '',
      ...UNKNOWN,
      content: { size: -1, mimeType: '' },
      redirectURL: '',
    },
    cache: {},
    timings: { send: 0, wait: ms, receive: 0 },
    comment: comment.filter(Boolean).join(', '),
  };
}

/** What the format asks for and the journal does not keep. */
const UNKNOWN = {
  httpVersion: 'HTTP/1.1',
  cookies: [],
  headers: [],
  headersSize: -1,
  bodySize: -1,
} as const;
