import type { Auth } from '../../caller/auth.js';
import { same } from '../../store/conformance/check.js';
import { createKinde } from '../../kinde.js';
import type { KindeOptions } from '../../options/options.js';
import type { AdapterSubject } from './subject.js';
import { createVisitor, type Visitor } from './visitor.js';

/** A running app of one check, with what the check wants to know about it. */
export interface Site {
  /** The adapter under test. */
  readonly subject: AdapterSubject;
  /** The options that the app was started with. */
  readonly options: KindeOptions;
  /** The requests that the provider got so far. */
  readonly asked: Asked;
  /** A new browser. */
  visitor(): Visitor;
  /** A new browser whose user has signed in. @param email the member by default */
  signedIn(email?: string): Promise<Visitor>;
  /** Lets time pass until sessions are due for a refresh, while their access tokens still live. */
  due(): Promise<void>;
  /** From now on the provider refuses to refresh anything. */
  refuseRefreshes(): void;
  /** Who the browser is to another process of the app, ten minutes later, when nothing is remembered any more. */
  elsewhere(visitor: Visitor): Promise<Auth>;
  /** Stops the app. */
  close(): Promise<void>;
}

/** Counts of requests to the provider. */
export interface Asked {
  /** All of them. */
  readonly requests: number;
  /** Those that spent a refresh token. */
  readonly refreshes: number;
}

/** Seconds before the end of its access token at which a session is looked at: core refreshes 30 seconds ahead. */
const BEFORE_END = 5;

/** Seconds for which results of a refresh are remembered, and some more. */
const FORGOTTEN = 900;

/** Starts an app of the subject. */
export async function openSite(
  subject: AdapterSubject,
  more: Partial<KindeOptions> = {},
): Promise<Site> {
  const provider = watch(subject.options.fetch ?? globalThis.fetch);
  const options = {
    ...subject.options,
    ...more,
    fetch: provider.fetch,
  };
  const app = await subject.start(options);
  const visitor = () => createVisitor(app.url, options.siteUrl);
  return {
    subject,
    options,
    asked: provider.asked,
    visitor,
    async signedIn(email = subject.member) {
      const browser = visitor();
      const begun = await browser.open('/login');
      same(begun.status, 302, 'GET /login: status');
      const callback = await browser.open(
        await subject.signIn(begun.header('location'), { email }),
      );
      same(callback.status, 302, 'the callback: status');
      same(browser.jar.size > 0, true, 'has the browser a cookie after signing in');
      return browser;
    },
    due: async () => subject.later(provider.lifetime() - BEFORE_END),
    refuseRefreshes: provider.refuseRefreshes,
    async elsewhere(browser) {
      await subject.later(FORGOTTEN);
      const headers = new Headers({ cookie: browser.cookieHeader() });
      const { auth, cookies } = await createKinde(options).authenticate({
        method: 'GET',
        url: '/',
        headers,
      });
      browser.keep(cookies);
      return auth;
    },
    close: async () => app.close(),
  };
}

/** The provider's `fetch`, with a look at what is asked of the token endpoint. */
function watch(fetch: typeof globalThis.fetch) {
  const asked = { requests: 0, refreshes: 0 };
  let isRefusing = false;
  let lifetime = 0;
  const watched: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    asked.requests += 1;
    const grant = await grantOf(request);
    if (grant === 'refresh_token') {
      asked.refreshes += 1;
      if (isRefusing) {
        return Response.json({ error: 'invalid_grant' }, { status: 400 });
      }
    }
    const response = await fetch(request);
    if (grant !== null && response.ok) {
      lifetime = await lifetimeOf(response);
    }
    return response;
  };
  return {
    fetch: watched,
    asked: asked as Asked,
    lifetime: () => lifetime,
    refuseRefreshes: () => void (isRefusing = true),
  };
}

async function grantOf(request: Request): Promise<string | null> {
  if (request.method !== 'POST') {
    return null;
  }
  return new URLSearchParams(await request.clone().text()).get('grant_type');
}

/** Seconds for which the access token of a token response lives. */
async function lifetimeOf(response: Response): Promise<number> {
  const { expires_in: seconds } = (await response.clone().json()) as { expires_in: number };
  return seconds;
}
