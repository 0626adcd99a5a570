import { same } from '../../store/conformance/check.js';
import { callerIn, check, dueUser, linesOfCore, notCached, type AdapterCheck } from './check.js';
import type { Site } from './site.js';
import { OWN_PAGE, type Visitor } from './visitor.js';

/** Sessions that are due for a refresh, and methods of the core that are called in the same response. */
export const refreshes: readonly AdapterCheck[] = [
  check('a session that is due is refreshed before the handler runs', async (site) => {
    const user = await dueUser(site);
    const answer = await user.open('/private');
    same(callerIn(answer, 'GET /private').email, site.subject.member, 'the caller');
    same(site.asked.refreshes, 1, 'refreshes');
    same(linesOfCore(answer).length > 0, true, 'has the answer a cookie of the session');
    await staysSignedIn(site, user);
  }),
  check('requests at the same time with one session that is due refresh it once', async (site) => {
    const user = await dueUser(site);
    const answers = await Promise.all(Array.from({ length: 10 }, () => user.open('/private')));
    for (const answer of answers) {
      same(callerIn(answer, 'GET /private').email, site.subject.member, 'the caller');
    }
    same(site.asked.refreshes, 1, 'refreshes');
    await staysSignedIn(site, user);
  }),
  check('an auth route never begins with a refresh', async (site) => {
    const user = await dueUser(site);
    for (const path of ['/login', '/register', '/callback?code=1&state=2', '/logout']) {
      await user.open(path, { headers: OWN_PAGE });
    }
    same(site.asked.refreshes, 0, 'refreshes');
  }),
  check('signing out leaves nothing of a session that is due', (site) =>
    leavesNothing(site, '/logout'),
  ),
  check(
    'signing out by hand leaves nothing of a session that this response has refreshed',
    (site) => leavesNothing(site, '/sign-out'),
    { needs: '/sign-out' },
  ),
  check(
    '`refresh()` gives the browser its new session',
    async (site) => {
      const user = await site.signedIn();
      const answer = await user.open('/refresh');
      same(callerIn(answer, 'GET /refresh').email, site.subject.member, 'the caller');
      same(site.asked.refreshes, 1, 'refreshes');
      same(linesOfCore(answer).length > 0, true, 'has the answer a cookie of the session');
      notCached(answer, 'GET /refresh');
      await staysSignedIn(site, user);
    },
    { needs: '/refresh' },
  ),
  check(
    '`refresh()` gives the request its new caller',
    async (site) => {
      const user = await site.signedIn();
      site.refuseRefreshes();
      same(
        callerIn(await user.open('/refresh'), 'GET /refresh').reason,
        'refresh_refused',
        'reason',
      );
      same([...user.jar.keys()].join(), '', 'cookies that are left');
    },
    { needs: '/refresh' },
  ),
  check(
    '`refresh()` of a session that this response has refreshed leaves the browser the newest',
    async (site) => {
      const user = await dueUser(site);
      const answer = await user.open('/refresh');
      same(callerIn(answer, 'GET /refresh').email, site.subject.member, 'the caller');
      const names = linesOfCore(answer).map((line) => line.slice(0, line.indexOf('=')));
      same(new Set(names).size, names.length, 'different cookies of the session');
      await staysSignedIn(site, user);
    },
    { needs: '/refresh' },
  ),
  check('`refresh()` after the head was sent fails before anything is spent', failsAfterTheHead, {
    needs: '/refresh-late',
  }),
  check(
    'a request for an upgrade of the connection spends nothing that does not arrive',
    async (site) => {
      const user = await dueUser(site);
      const headers = {
        ...OWN_PAGE,
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
      };
      const answer = await user.open('/private', { headers });
      same(callerIn(answer, 'GET /private with Upgrade').email, site.subject.member, 'the caller');
      same(
        site.asked.refreshes > 0,
        linesOfCore(answer).length > 0,
        'was something spent, as cookies tell',
      );
      same(
        callerIn(await user.open('/private'), 'GET /private').email,
        site.subject.member,
        'the next caller',
      );
      await staysSignedIn(site, user);
    },
  ),
];

async function staysSignedIn(site: Site, user: Visitor): Promise<void> {
  same((await site.elsewhere(user)).isAuthenticated, true, 'is the user signed in afterwards');
}

async function leavesNothing(site: Site, path: string): Promise<void> {
  const user = await dueUser(site);
  const answer = await user.open(path, { headers: OWN_PAGE });
  const { origin } = new URL(answer.header('location'));
  same(origin, new URL(site.options.issuer).origin, `GET ${path}: where it leads`);
  same([...user.jar.keys()].join(), '', `GET ${path}: cookies that are left`);
  notCached(answer, `GET ${path}`);
  same(
    (await site.elsewhere(user)).isAuthenticated,
    false,
    `GET ${path}: is the user signed in afterwards`,
  );
}

async function failsAfterTheHead(site: Site): Promise<void> {
  const user = await site.signedIn();
  const { status, body, cookies } = await user.open('/refresh-late');
  same(status, 200, 'GET /refresh-late: status');
  same(
    body.trim().split(/\s+/).at(-1),
    'cannot_set_cookies',
    'GET /refresh-late: the code at the end of the body',
  );
  same(cookies.length, 0, 'GET /refresh-late: cookies');
  same(site.asked.refreshes, 0, 'refreshes');
  await staysSignedIn(site, user);
}
