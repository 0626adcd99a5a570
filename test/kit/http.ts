import { request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What came back, with every `Set-Cookie` line as it was sent. */
export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  location: string;
  setCookies: string[];
  body: string;
  json(): any;
}

export interface Ask {
  method?: string;
  headers?: Record<string, string | string[]>;
  body?: string;
}

/** One request exactly as given: nothing is followed, no header is added but those of HTTP itself. */
export function send(
  server: Server,
  path: string,
  { method = 'GET', headers = {}, body }: Ask = {},
): Promise<Answer> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, method, path, headers: { host: 'app.example', ...headers } },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode!,
            headers: response.headers,
            location: response.headers.location ?? '',
            setCookies: response.headers['set-cookie'] ?? [],
            body: text,
            json: () => JSON.parse(text),
          }),
        );
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Where an answer sends the browser: by a redirect, or by a page that goes on by itself. */
export function goesTo({ location, body }: Answer): string {
  const target = /http-equiv="refresh" content="0; url=([^"]*)"/.exec(body)?.[1] ?? '';
  return (
    location || target.replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
  );
}

/** Headers of a person opening a page. */
export const NAVIGATION = {
  accept: 'text/html,application/xhtml+xml',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none',
};

/** Headers of a person following a link or sending a form of the same site. */
export const SAME_SITE = { ...NAVIGATION, 'sec-fetch-site': 'same-origin' };
