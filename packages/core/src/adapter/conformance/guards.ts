import { same } from '../../store/conformance/check.js';
import { callerIn, check, notCached, readJson, sameProblem, type AdapterCheck } from './check.js';
import { OWN_PAGE, PAGE, SCRIPT, type Visitor } from './visitor.js';

const STRANGER = 'https://stranger.example';

/** Who may pass. */
export const guards: readonly AdapterCheck[] = [
  check(
    'a user who opens a guarded page is sent to sign in, and a script is told 401',
    async (site) => {
      const page = await site.visitor().open('/private');
      same(page.status, 302, 'GET /private by a browser: status');
      same(
        new URL(page.header('location')).origin,
        new URL(site.options.issuer).origin,
        'where it leads',
      );
      same(page.cookies.length, 1, 'cookies of the login');
      notCached(page, 'GET /private by a browser');
      const script = await site.visitor().open('/private', { headers: SCRIPT });
      same(script.status, 401, 'GET /private by a script: status');
      same(script.cookies.length, 0, 'cookies for a script');
      sameProblem(script, 'signed_out', 'GET /private by a script');
    },
  ),
  check(
    'a user without the permission is told 403, by a page or by a problem document',
    async (site) => {
      const user = await site.signedIn(site.subject.viewer);
      const script = await user.open('/todos', { method: 'POST', headers: SCRIPT });
      same(script.status, 403, 'POST /todos by a script: status');
      sameProblem(script, 'forbidden', 'POST /todos by a script');
      const page = await user.open('/todos', { method: 'POST', headers: OWN_PAGE });
      same(page.status, 403, 'POST /todos by a form: status');
      same(
        page.header('content-type').startsWith('text/html'),
        true,
        'POST /todos by a form: is it a page',
      );
    },
  ),
  check(
    'the headers of a refusal arrive',
    async (site) => {
      const refused = await site.visitor().open('/private', { headers: SCRIPT });
      same(
        refused.header('www-authenticate'),
        'Bearer',
        'WWW-Authenticate where bearer tokens are taken',
      );
      same(refused.header('x-content-type-options'), 'nosniff', 'X-Content-Type-Options');
      notCached(refused, 'the refusal');
    },
    { options: () => ({ audience: 'https://api.example' }) },
  ),
  check('a refused request never reaches its handler', async (site) => {
    const member = await site.signedIn();
    const viewer = await site.signedIn(site.subject.viewer);
    const before = await countAfter(member);
    for (const browser of [viewer, site.visitor()]) {
      await browser.open('/todos', { method: 'POST', headers: SCRIPT });
    }
    await member.open('/todos', {
      method: 'POST',
      headers: { ...SCRIPT, 'sec-fetch-site': 'cross-site' },
    });
    same(await countAfter(member), before + 1, 'how often the handler of POST /todos ran');
  }),
  check('a page of another origin cannot change anything with the user’s session', async (site) => {
    const { origin } = new URL(site.options.siteUrl);
    const user = await site.signedIn();
    const post = (headers: Record<string, string>) =>
      user.open('/todos', { method: 'POST', headers });
    const { accept } = SCRIPT as { accept: string };
    const foreign: [string, Record<string, string>][] = [
      [
        'another site',
        {
          ...SCRIPT,
          'sec-fetch-site': 'cross-site',
          origin: STRANGER,
        },
      ],
      ['a sibling subdomain', { ...SCRIPT, 'sec-fetch-site': 'same-site' }],
      ['an old browser at another site', { accept, origin: STRANGER }],
    ];
    for (const [from, headers] of foreign) {
      const refused = await post(headers);
      same(refused.status, 403, `POST /todos from ${from}: status`);
      sameProblem(refused, 'cross_site', `POST /todos from ${from}`);
    }
    const own: [string, Record<string, string>][] = [
      ['a page of this site', { ...SCRIPT, origin }],
      ['an old browser at this site', { accept, origin }],
      ['no browser', { accept }],
    ];
    for (const [from, headers] of own) {
      same((await post(headers)).status, 201, `POST /todos from ${from}: status`);
    }
  }),
  check('`crossOrigin` of `protect()` reaches the core', async (site) => {
    const user = await site.signedIn();
    const headers = {
      ...SCRIPT,
      'sec-fetch-site': 'cross-site',
      origin: STRANGER,
    };
    same(
      (await user.open('/todos/anywhere', { method: 'POST', headers })).status,
      201,
      'POST /todos/anywhere: status',
    );
  }),
  check('`live` of `protect()` reaches the core', async (site) => {
    const user = await site.signedIn();
    await user.open('/');
    const before = site.asked.requests;
    same(
      callerIn(await user.open('/live'), 'GET /live').email,
      site.subject.member,
      'the caller of /live',
    );
    same(site.asked.requests > before, true, 'was the provider asked');
  }),
  check('HEAD is answered as HEAD: without a body, and it begins no login', async (site) => {
    const refused = await site.visitor().open('/private', { method: 'HEAD', headers: PAGE });
    same(refused.status, 401, 'HEAD /private before signing in: status');
    same(refused.cookies.length, 0, 'HEAD /private before signing in: cookies');
    const user = await site.signedIn();
    const answer = await user.open('/private', { method: 'HEAD', headers: PAGE });
    same(answer.status, 200, 'HEAD /private: status');
    same(answer.body, '', 'HEAD /private: body');
  }),
];

/** Adds a todo. Answers how many were added since the app started. */
async function countAfter(user: Visitor): Promise<number> {
  const answer = await user.open('/todos', { method: 'POST', headers: SCRIPT });
  same(answer.status, 201, 'POST /todos: status');
  return readJson<{ count: number }>(answer.body, 'POST /todos').count;
}
