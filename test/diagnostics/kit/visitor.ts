import { createBrowser, type Browser } from '../../kit/browser.js';
import { NAVIGATION, send, type Answer, type Ask } from '../../kit/http.js';
import type { Emulator } from '@kindling/emulator';
import type { Secrets } from './secrets.js';
import type { Site } from './site.js';

export const ADA = 'ada@example.com';
export const ACME = 'org_acme0rockets';

/** How a visitor asks: a browser that shows the answer, or a script that reads it. */
export type Form = 'page' | 'document';

/** A visitor of a site, all of whose secrets are known. */
export interface Visitor {
  readonly browser: Browser;
  /** Opens a path in the form of this run. */
  ask(path: string, ask?: Ask): Promise<Answer>;
  /** Asks with other cookies, or none. */
  askAs(cookie: string | undefined, path: string, ask?: Ask): Promise<Answer>;
  /** The callback with which a sign-in of Ada would end. */
  callback(path?: string): Promise<URL>;
  /** Signs Ada in. */
  signIn(): Promise<void>;
  /** Her cookies as a header. */
  cookies(): string;
}

const HEADERS = { page: NAVIGATION, document: { accept: 'application/json' } } as const;

export function createVisitor(
  { server }: Site,
  emulator: Emulator,
  { form, secrets }: { form: Form; secrets: Secrets },
): Visitor {
  const browser = createBrowser(server, emulator);
  const headers = HEADERS[form];
  const callback = async (path = '/login') => {
    const { location } = secrets.hear(await browser.open(path));
    const back = await emulator.signIn(location, { email: ADA, organization: ACME });
    secrets.hearUrl(back.href);
    return back;
  };
  const cookies = () => [...browser.jar].map(([name, value]) => `${name}=${value}`).join('; ');
  return {
    browser,
    callback,
    cookies,
    ask: async (path, ask = {}) =>
      secrets.hear(await browser.open(path, { ...ask, headers: { ...headers, ...ask.headers } })),
    askAs: async (cookie, path, ask = {}) =>
      secrets.hear(
        await send(server, path, {
          ...ask,
          headers: { ...headers, ...(cookie && { cookie }), ...ask.headers },
        }),
      ),
    async signIn() {
      const { pathname, search } = await callback();
      secrets.hear(await browser.open(pathname + search));
    },
  };
}
