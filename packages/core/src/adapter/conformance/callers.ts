import { same } from '../../store/conformance/check.js';
import { callerIn, check, type AdapterCheck } from './check.js';
import type { Site } from './site.js';

/** Who is calling. */
export const callers: readonly AdapterCheck[] = [
  check(
    'a visitor is nobody, and a user who has signed in is known on public pages',
    async (site) => {
      const nobody = callerIn(await site.visitor().open('/'), 'GET / before signing in');
      same(nobody.isAuthenticated, false, 'isAuthenticated before signing in');
      same(nobody.reason, 'no_session', 'reason before signing in');
      const user = await site.signedIn();
      for (const visit of ['first', 'second']) {
        const caller = callerIn(await user.open('/'), `GET /, ${visit} visit`);
        same(caller.email, site.subject.member, `the caller of the ${visit} visit`);
      }
    },
  ),
  check('requests at the same time each have their own caller', async (site) => {
    const { member, viewer } = site.subject;
    const users = [
      { email: member, browser: await site.signedIn(member) },
      { email: viewer, browser: await site.signedIn(viewer) },
      { email: null, browser: site.visitor() },
    ];
    const visits = Array.from({ length: 30 }, (_, index) => users[index % users.length]!);
    await Promise.all(
      visits.map(async ({ email, browser }) => {
        same(callerIn(await browser.open('/'), 'GET /').email, email, 'the caller among others');
      }),
    );
  }),
  check('signing in leads back to the page that was asked for, with its query', (site) =>
    leadsBack(site, '/private'),
  ),
  check(
    'signing in leads back to a page in a mounted part of the app by its whole path',
    (site) => leadsBack(site, '/nested/private'),
    { needs: '/nested/private' },
  ),
  check('a user who is known is let in at once, without waiting for a promise', isAtOnce, {
    needs: '/at-once',
    // With a store, it is always asked.
    options: () => ({ session: {} }),
  }),
];

async function leadsBack(site: Site, path: string): Promise<void> {
  const { subject, options } = site;
  const target = `${options.siteUrl}${path}?tab=2&q=a%20b%26c`;
  const browser = site.visitor();
  const begun = await browser.open(target);
  same(begun.status, 302, `GET ${path} before signing in: status`);
  const callback = await browser.open(
    await subject.signIn(begun.header('location'), { email: subject.member }),
  );
  same(callback.status, 302, 'the callback: status');
  same(callback.header('location'), target, 'the callback: location');
  same(
    callerIn(await browser.open(target), `GET ${path}`).email,
    subject.member,
    `the caller of ${path}`,
  );
}

async function isAtOnce(site: Site): Promise<void> {
  const user = await site.signedIn();
  await user.open('/');
  same((await user.open('/at-once')).body, 'true', 'GET /at-once of a known user');
  await site.due();
  same(
    (await user.open('/at-once')).body,
    'false',
    'GET /at-once of a session that has to be refreshed first',
  );
}
