import { same } from '../../store/conformance/check.js';
import { createKinde } from '../../kinde.js';
import { check, notCached, readJson, type AdapterCheck } from './check.js';
import type { Site } from './site.js';
import { OWN_PAGE, PAGE, SCRIPT, type Answer, type Ask } from './visitor.js';

/** The methods of each auth route that every app has. */
const METHODS: Readonly<Record<string, readonly string[]>> = {
  '/login': ['GET'],
  '/register': ['GET'],
  '/create-organization': ['GET'],
  '/switch-organization': ['GET', 'POST'],
  '/callback': ['GET'],
  '/logout': ['GET', 'POST'],
  '/user': ['GET'],
  '/portal': ['GET'],
};

/** Requests to auth routes whose answer is the same each time, and for everybody who asks alike. */
const REQUESTS: readonly (readonly [string, Ask])[] = [
  ['/callback?code=1&state=2', { headers: PAGE }],
  ['/callback?code=1&state=2', { headers: SCRIPT }],
  ['/callback', { headers: PAGE }],
  ['/user', { headers: SCRIPT }],
  ['/login', { headers: { ...PAGE, 'sec-purpose': 'prefetch' } }],
  ['/login', { method: 'DELETE', headers: PAGE }],
  ['/logout', { method: 'PROPFIND', headers: SCRIPT }],
  ['/logout', { headers: { ...PAGE, 'sec-fetch-site': 'cross-site' } }],
];

const FORM = { ...OWN_PAGE, 'content-type': 'application/x-www-form-urlencoded' };

/** The auth routes. */
export const routes: readonly AdapterCheck[] = [
  check(
    'auth routes answer to each of their methods, and with 405 to every other',
    async (site) => {
      for (const [path, allowed] of Object.entries(METHODS)) {
        for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']) {
          const { status, header } = await site.visitor().open(path, { method, headers: OWN_PAGE });
          const isAllowed = allowed.includes(method);
          same(status === 405, !isAllowed, `${method} ${path}: is ${status} 405`);
          same(status === 404, false, `${method} ${path}: is it missing`);
          if (!isAllowed) {
            same(header('allow'), allowed.join(', '), `${method} ${path}: Allow`);
          }
        }
      }
    },
  ),
  check('a CORS preflight of an auth route is left to the app', async (site) => {
    const headers = {
      ...SCRIPT,
      origin: 'https://other.example',
      'access-control-request-method': 'POST',
    };
    for (const path of ['/logout', '/user']) {
      const answer = await site.visitor().open(path, { method: 'OPTIONS', headers });
      same(answer.status, 204, `the preflight of ${path}: status`);
      same(answer.header('x-app'), 'preflight', `the preflight of ${path}: the header of the app`);
    }
  }),
  check(
    'answers of the core arrive as they are: status, headers, cookies and body',
    async (site) => {
      for (const [path, ask] of REQUESTS) {
        await arrivesAsItIs(site, path, ask);
      }
    },
  ),
  check('an answer without a body has none', async (site) => {
    const redirect = await site.visitor().open('/login');
    const prefetch = await site
      .visitor()
      .open('/login', { headers: { ...PAGE, 'sec-purpose': 'prefetch' } });
    same(redirect.status, 302, 'GET /login: status');
    same(prefetch.status, 204, 'a prefetch of /login: status');
    same(prefetch.header('transfer-encoding'), '', 'a prefetch of /login: transfer encoding');
    for (const { status, body, header } of [redirect, prefetch]) {
      same(body, '', `${status}: body`);
      same(header('content-type'), '', `${status}: content type`);
    }
  }),
  check('a login is begun with the whole query of its link', async (site) => {
    const begun = await site
      .visitor()
      .open('/login?org_code=org_a&login_hint=a%2Bb%40example.com&lang=en');
    const { searchParams: query } = new URL(begun.header('location'));
    same(query.get('org_code'), 'org_a', 'org_code');
    same(query.get('login_hint'), 'a+b@example.com', 'login_hint');
  }),
  check('the body of a form reaches the core', async (site) => {
    const body = 'org_code=org_a&login_hint=a%2Bb%40example.com';
    const answer = await site.visitor().open('/switch-organization', {
      method: 'POST',
      headers: FORM,
      body,
    });
    const { searchParams: query } = new URL(leadsTo(answer));
    same(query.get('org_code'), 'org_a', 'org_code of the form');
    same(query.get('login_hint'), 'a+b@example.com', 'login_hint of the form');
  }),
  check(
    'auth routes answer below the path of the site, also where a proxy took that path away',
    answersBelow,
    {
      options: ({ siteUrl }) => ({ siteUrl: `${siteUrl}/app` }),
    },
  ),
  check('a form that is too large is refused', async (site) => {
    const body = `org_code=${'a'.repeat(40 * 1024)}`;
    const answer = await site.visitor().open('/switch-organization', {
      method: 'POST',
      headers: FORM,
      body,
    });
    same(answer.status, 413, 'POST /switch-organization with 40 KiB: status');
  }),
  check('a user signs out by a link, by a form and by a script', async (site) => {
    const ways: [string, Ask][] = [
      ['a link', { headers: OWN_PAGE }],
      [
        'a form',
        {
          method: 'POST',
          headers: FORM,
          body: '',
        },
      ],
      ['a script', { method: 'POST', headers: SCRIPT }],
    ];
    for (const [way, ask] of ways) {
      const user = await site.signedIn();
      const answer = await user.open('/logout', ask);
      same(
        new URL(leadsTo(answer)).origin,
        new URL(site.options.issuer).origin,
        `${way}: where it leads`,
      );
      same([...user.jar.keys()].join(), '', `${way}: cookies that are left`);
      notCached(answer, way);
    }
  }),
];

async function answersBelow(site: Site): Promise<void> {
  const ask = {
    method: 'POST',
    headers: FORM,
    body: 'org_code=org_a',
  };
  for (const path of ['/app', '']) {
    const begun = new URL(leadsTo(await site.visitor().open(`${path}/login`)));
    const callback = `${site.options.siteUrl}/callback`;
    same(begun.searchParams.get('redirect_uri'), callback, `GET ${path}/login: redirect_uri`);
    const switched = new URL(
      leadsTo(await site.visitor().open(`${path}/switch-organization`, ask)),
    );
    same(
      switched.searchParams.get('org_code'),
      'org_a',
      `POST ${path}/switch-organization: org_code`,
    );
  }
}

/** Compares an answer with the one that the core gave, which the adapter has to write. */
async function arrivesAsItIs(site: Site, path: string, ask: Ask): Promise<void> {
  const { method = 'GET', headers = {} } = ask;
  const what = `${method} ${path} by ${headers === SCRIPT ? 'a script' : 'a browser'}`;
  const { host, pathname } = new URL(path, site.options.siteUrl);
  const route = createKinde(site.options).routes.find((one) => one.path === pathname)!;
  const expected = await route.handle({
    method,
    url: path,
    headers: new Headers({ ...headers, host }),
  });
  const answer = await site.visitor().open(path, ask);
  same(answer.status, expected.status, `${what}: status`);
  for (const [name, value] of Object.entries(expected.headers)) {
    same(answer.header(name), value, `${what}: ${name}`);
  }
  same(answer.cookies.join('\n'), expected.cookies.join('\n'), `${what}: cookies`);
  same(answer.body, expected.body ?? '', `${what}: body`);
}

/** Where an answer sends the browser: by a redirect, by a page that goes on by itself, or by what it tells a script. */
function leadsTo({ status, header, body }: Answer): string {
  if (header('location')) {
    return header('location');
  }
  if (header('content-type').startsWith('application/json')) {
    return readJson<{ location: string }>(body, 'the answer').location;
  }
  const target = /http-equiv="refresh" content="0; url=([^"]*)"/.exec(body)?.[1];
  if (target === undefined) {
    throw new Error(`An answer with status ${status} in place of one that leads somewhere.`);
  }
  return target.replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));
}
