import { same } from '../../store/conformance/check.js';
import { callerIn, check, dueUser, linesOfCore, notCached, type AdapterCheck } from './check.js';
import type { Site } from './site.js';
import { SCRIPT, type Answer, type Visitor } from './visitor.js';

/** Headers that are written on responses besides the answer. */
export const cookies: readonly AdapterCheck[] = [
  check(
    '`Vary: Cookie` is on every answer that depends on the caller, beside what the app says',
    async (site) => {
      const user = await site.signedIn();
      const visitor = site.visitor();
      const answers: [string, Answer][] = [
        ['a public page for a user', await user.open('/')],
        ['a public page for a known user', await user.open('/')],
        ['a public page for a visitor', await visitor.open('/')],
        ['a guarded page', await user.open('/private')],
        ['a redirect to sign in', await visitor.open('/private')],
        ['a refusal', await visitor.open('/private', { headers: SCRIPT })],
        ['a page that varies by itself', await user.open('/cached')],
      ];
      for (const [what, answer] of answers) {
        same(variesBy(answer, 'cookie'), true, `${what}: does it vary by Cookie`);
      }
      same(
        variesBy(answers.at(-1)![1], 'accept'),
        true,
        'a page that varies by itself: does it vary by Accept',
      );
    },
  ),
  check(
    'an answer without a cookie of the core keeps the cache policy of its handler',
    async (site) => {
      const user = await site.signedIn();
      for (const browser of [user, site.visitor()]) {
        const answer = await browser.open('/cached');
        same(linesOfCore(answer).length, 0, 'GET /cached: cookies');
        same(answer.header('cache-control'), 'public, max-age=60', 'GET /cached: Cache-Control');
      }
    },
  ),
  check(
    'no cache keeps an answer with a cookie of the core, whatever its handler says',
    async (site) => {
      const user = await dueUser(site);
      const answer = await user.open('/cached');
      same(
        linesOfCore(answer).length > 0,
        true,
        'GET /cached of a session that is due: has it a cookie',
      );
      notCached(answer, 'GET /cached of a session that is due');
      notCached(await user.open('/login'), 'GET /login');
    },
  ),
  check(
    'the cookies of a refresh arrive beside those of the handler',
    async (site) => {
      const user = await dueUser(site);
      const answer = await user.open('/late-cookies');
      same(answer.status, 200, 'GET /late-cookies: status');
      same(
        answer.cookies.filter((line) => line.startsWith('own=')).join(),
        'own=1',
        'cookies of the handler',
      );
      await isRefreshed(site, user, answer, 'GET /late-cookies');
    },
    { needs: '/late-cookies' },
  ),
  check('the cookies of a refresh arrive with a refusal', async (site) => {
    const user = await dueUser(site, site.subject.viewer);
    const answer = await user.open('/todos', { method: 'POST', headers: SCRIPT });
    same(answer.status, 403, 'POST /todos: status');
    await isRefreshed(site, user, answer, 'POST /todos');
  }),
  check('the cookies of a refresh arrive where no route of the app answers', async (site) => {
    const user = await dueUser(site);
    const answer = await user.open('/nowhere');
    same(answer.status, 404, 'GET /nowhere: status');
    await isRefreshed(site, user, answer, 'GET /nowhere');
  }),
  check(
    'the cookies of a refresh arrive when the handler throws',
    async (site) => {
      const user = await dueUser(site);
      const answer = await user.open('/throws');
      same(answer.status, 500, 'GET /throws: status');
      await isRefreshed(site, user, answer, 'GET /throws');
    },
    { needs: '/throws' },
  ),
  check('a session that the provider has ended is taken out of the browser', async (site) => {
    const user = await dueUser(site);
    site.refuseRefreshes();
    const answer = await user.open('/');
    same(callerIn(answer, 'GET /').reason, 'refresh_refused', 'reason');
    same([...user.jar.keys()].join(), '', 'cookies that are left');
    notCached(answer, 'GET /');
  }),
];

/** The refreshed session is in the browser: each of its cookies once, and no cache keeps the answer. */
async function isRefreshed(site: Site, user: Visitor, answer: Answer, what: string): Promise<void> {
  const lines = linesOfCore(answer);
  const names = lines.map((line) => line.slice(0, line.indexOf('=')));
  same(site.asked.refreshes, 1, `${what}: refreshes`);
  same(lines.length > 0, true, `${what}: has it a cookie of the session`);
  same(new Set(names).size, names.length, `${what}: different cookies of the session`);
  notCached(answer, what);
  same(
    (await site.elsewhere(user)).isAuthenticated,
    true,
    `${what}: is the user signed in afterwards`,
  );
}

function variesBy(answer: Answer, field: string): boolean {
  return answer.header('vary').toLowerCase().split(/ *, */).includes(field);
}
