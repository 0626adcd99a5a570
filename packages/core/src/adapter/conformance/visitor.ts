import { request } from 'node:http';
import { text } from 'node:stream/consumers';

/** One request of a visitor. */
export interface Ask {
  /** @default 'GET' */
  readonly method?: string;
  /** Besides `Host` and `Cookie`. @default PAGE */
  readonly headers?: Readonly<Record<string, string>>;
  /** The body. */
  readonly body?: string;
}

/** The response as it came back. */
export interface Answer {
  /** HTTP status code. */
  readonly status: number;
  /** The value of a header, by lower-case name; `''` for one that was not sent. */
  header(name: string): string;
  /** `Set-Cookie` lines, each as it was sent. */
  readonly cookies: readonly string[];
  /** The body as text. */
  readonly body: string;
}

/** Somebody at a browser, who keeps cookies and follows no redirect. */
export interface Visitor {
  /** Value by name of each cookie that the browser has. */
  readonly jar: ReadonlyMap<string, string>;
  /** The `Cookie` header of the next request. */
  cookieHeader(): string;
  /** Opens a path of the app, or an address of the site. Rejects where no answer comes. */
  open(target: string | URL, ask?: Ask): Promise<Answer>;
  /** Does what a browser does with `Set-Cookie` lines. */
  keep(lines: readonly string[]): void;
}

/** Headers of a browser whose user types an address. */
export const PAGE: Readonly<Record<string, string>> = Object.freeze({
  accept: 'text/html,application/xhtml+xml',
  'sec-fetch-dest': 'document',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-site': 'none',
});

/** Headers of a browser whose user follows a link, or sends a form, of the site itself. */
export const OWN_PAGE: Readonly<Record<string, string>> = Object.freeze({
  ...PAGE,
  'sec-fetch-site': 'same-origin',
});

/** Headers of a script on a page of the site itself. */
export const SCRIPT: Readonly<Record<string, string>> = Object.freeze({
  accept: 'application/json',
  'sec-fetch-dest': 'empty',
  'sec-fetch-mode': 'cors',
  'sec-fetch-site': 'same-origin',
});

/** Milliseconds in which an answer has to come. */
const LONGEST_WAIT = 5000;

/** A new browser at a site, whose app listens at `url`. */
export function createVisitor(url: string, siteUrl: string): Visitor {
  const { host } = new URL(siteUrl);
  const jar = new Map<string, string>();
  const cookieHeader = () => [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  const keep = (lines: readonly string[]) => {
    for (const line of lines) {
      const [, name = '', value = ''] = /^([^=;]*)=([^;]*)/.exec(line) ?? [];
      if (/;\s*max-age=0\s*(;|$)/i.test(line)) {
        jar.delete(name);
      } else {
        jar.set(name, value);
      }
    }
  };
  return {
    jar,
    cookieHeader,
    keep,
    async open(target, ask = {}) {
      const { pathname, search } = new URL(target, siteUrl);
      const cookie = cookieHeader();
      const headers = {
        host,
        ...(cookie && { cookie }),
        ...(ask.headers ?? PAGE),
      };
      const answer = await send(new URL(pathname + search, url), { ...ask, headers });
      keep(answer.cookies);
      return answer;
    },
  };
}

/** One request exactly as given. `fetch` would not do: it sets `Sec-Fetch-Mode` and `Host` by itself. */
function send(url: URL, { method = 'GET', headers = {}, body }: Ask): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        method,
        headers,
        agent: false,
      },
      (response) => {
        const { statusCode = 0, headers: received } = response;
        const header = (name: string) => String(received[name] ?? '');
        text(response).then(
          (body) =>
            resolve({
              status: statusCode,
              header,
              cookies: received['set-cookie'] ?? [],
              body,
            }),
          reject,
        );
      },
    );
    sent.on('error', reject);
    sent.setTimeout(LONGEST_WAIT, () => {
      sent.destroy(
        new Error(
          `${method} ${url.pathname}: no answer in place of one within ${LONGEST_WAIT} ms.`,
        ),
      );
    });
    sent.end(body);
  });
}
