import { nearest } from '@kindling/internal';
import { passed } from './authorize.js';
import { DOCS, errorPage, isWell, listed, type Given, type Row } from './row.js';

const SCOPES = ['openid', 'profile', 'email', 'offline', 'phone', 'address'];
const PROMPTS = ['login', 'create', 'none', 'consent', 'select_account'];

/** What Kinde does differently than meant, or what protects nothing. */
export const authorizeRemarks: readonly Row[] = [
  {
    ...remark('scope.offline-access', 'scope'),
    test: (given) => scopesOf(given).includes('offline_access'),
    says: 'Kinde ignores the scope offline_access without a word, so there is no refresh token. It is called offline there.',
    fix: 'Ask for offline.',
    docs: DOCS.refresh,
  },
  {
    ...remark('scope.no-openid', 'scope'),
    test: (given) => passed(given) && !scopesOf(given).includes('openid'),
    says: 'The scope openid is missing, so there is no ID token.',
    fix: 'Ask for openid, unless the app needs an access token only.',
    docs: DOCS.authorize,
  },
  {
    ...remark('scope.unknown', 'scope'),
    step: 'callback',
    test: (given) => droppedScopes(given).length > 0,
    says: (given) => {
      const dropped = droppedScopes(given);
      const guess = nearest(dropped[0] ?? '', SCOPES);
      const end = guess === undefined ? '' : ` Did you mean ${guess}?`;
      return `These scopes were not granted, without a word: ${listed(dropped)}.${end}`;
    },
    fix: 'Ask for scopes of OpenID Connect, or of the APIs whose audience the request names.',
    docs: DOCS.apis,
  },
  {
    ...remark('pkce.none'),
    test: (given) => passed(given) && !given.parameter('code_challenge'),
    says: ({ facts }) =>
      facts.application?.isPublic
        ? `${facts.application.name} is public and uses no PKCE: Kinde demands it of such applications.`
        : 'The request uses no PKCE: whoever gets hold of the code can try to use it.',
    fix: 'Send code_challenge and code_challenge_method=S256, for applications with a secret as well (RFC 9700 2.1.1).',
    docs: DOCS.authorize,
  },
  {
    ...remark('nonce.none'),
    test: (given) =>
      passed(given) && scopesOf(given).includes('openid') && !given.parameter('nonce'),
    says: 'The request has no nonce, so the app cannot tell that the ID token is for this sign-in.',
    fix: 'Send a new random nonce, and compare it with the claim nonce of the ID token.',
    docs: DOCS.authorize,
  },
  {
    ...remark('nonce.used-before', 'nonce'),
    test: ({ facts }) => facts.before?.nonce !== undefined,
    says: ({ facts }) =>
      `The nonce is that of ${facts.before?.nonce}: it protects nothing the second time.`,
    fix: 'Make a new nonce for each sign-in.',
    docs: DOCS.authorize,
  },
  {
    ...remark('state.missing'),
    test: (given) => passed(given) && !given.parameter('state'),
    says: 'The request has no state, which Kinde demands: anybody could sign a user of your app in as somebody else.',
    fix: 'Send a new random state of 32 characters or more, and compare it in the callback.',
    docs: errorPage('state_missing'),
  },
  {
    ...remark('state.short', 'state'),
    test: ({ parameter }) => (parameter('state')?.length ?? 8) < 8,
    says: ({ parameter }) =>
      `The state has ${parameter('state')?.length} characters; Kinde demands 8, and whoever guesses it can sign others in.`,
    fix: 'Send a new random state of 32 characters or more.',
    docs: errorPage('state_mismatch'),
  },
  {
    ...remark('state.used-before', 'state'),
    test: ({ facts }) => facts.before?.state !== undefined,
    says: ({ facts }) => `The state is that of ${facts.before?.state}, which came before.`,
    fix: 'Make a new state for each sign-in: a link with a fixed one, or a page kept by a cache, does this.',
    docs: errorPage('state_mismatch'),
  },
  {
    ...remark('pkce.used-before', 'code_challenge'),
    test: ({ facts }) => facts.before?.challenge !== undefined,
    says: ({ facts }) =>
      `The code_challenge is that of ${facts.before?.challenge}, which came before.`,
    fix: 'Make a new verifier for each sign-in.',
    docs: DOCS.authorize,
  },
  {
    ...remark('parameter.empty'),
    test: (given) => emptyNames(given).length > 0,
    says: (given) => `These parameters are there without a value: ${listed(emptyNames(given))}.`,
    fix: 'Leave out what has no value: an empty audience or org_name is not the same as none everywhere.',
    docs: DOCS.authorize,
  },
  {
    ...remark('parameter.unknown'),
    test: ({ facts }) => (facts.unknown ?? []).length > 0,
    says: ({ facts }) => {
      const names = (facts.unknown ?? []).map(({ name, nearest: guess }) =>
        guess === undefined ? name : `${name} (did you mean ${guess}?)`,
      );
      return `Kinde does not know these parameters and ignores them: ${listed(names)}.`;
    },
    fix: 'Correct or remove them: what an app sends here ends in logs and in the browser’s history.',
    docs: DOCS.authorize,
  },
  {
    ...remark('parameter.no-effect'),
    test: ({ value }) => Boolean(value('max_age') || value('display')),
    says: 'Nothing says that Kinde honours max_age or display: this request may be answered as if they were not there.',
    fix: 'Use prompt=login to ask again, and compare auth_time of the ID token.',
    docs: DOCS.authorize,
  },
  {
    ...remark('prompt.unknown', 'prompt'),
    test: ({ value }) => Boolean(value('prompt')) && !PROMPTS.includes(value('prompt')),
    says: ({ value }) =>
      `Kinde knows no prompt=${value('prompt')}; it knows ${PROMPTS.join(', ')}.`,
    fix: 'Correct it, or leave it out.',
    docs: DOCS.authorize,
  },
  {
    ...remark('start-page', 'start_page'),
    test: ({ value }) => Boolean(value('start_page')),
    says: 'start_page is Kinde’s older name: prompt=create and prompt=login have taken its place.',
    fix: 'Send prompt=create to register.',
    docs: DOCS.authorize,
  },
  {
    ...remark('organization.unknown', 'org_code'),
    test: ({ facts }) => facts.organization === 'unknown',
    says: ({ facts, value }) => {
      const guess = facts.nearestOrganization;
      const end = guess === undefined ? '' : ` Did you mean ${guess}?`;
      return `No organization has the code ${value('org_code')}: the sign-in fails as soon as the user is known.${end}`;
    },
    fix: 'Use the code of an organization of this environment, such as org_….',
    docs: DOCS.authorize,
  },
  {
    ...remark('organization.suspended', 'org_code'),
    test: ({ facts }) => facts.organization === 'suspended',
    says: ({ value }) =>
      `The organization ${value('org_code')} is suspended: nobody signs in to it.`,
    fix: 'Activate it, or ask for another one.',
    docs: DOCS.authorize,
  },
  {
    ...remark('organization.both', 'is_create_org'),
    test: ({ value }) => value('is_create_org') === 'true' && Boolean(value('org_code')),
    says: 'The request names an organization and asks to create one: the code has no effect then.',
    fix: 'Send org_code or is_create_org=true, not both.',
    docs: DOCS.authorize,
  },
  {
    ...remark('redirect.http', 'redirect_uri'),
    test: (given) => passed(given) && isOpenHttp(given.value('redirect_uri')),
    says: ({ value }) =>
      `Kinde refuses ${value('redirect_uri')}: outside localhost a callback has to be https (error 1656).`,
    fix: 'Serve the app by https there.',
    docs: DOCS.errors,
  },
  {
    ...remark('session.stays'),
    test: (given) => given.facts.signedOutOnly === true && isWell(given),
    says: ({ facts }) =>
      `The app revoked the tokens of ${facts.session} but did not end Kinde’s session: this sign-in asks nobody who they are.`,
    fix: 'Send the browser to /logout?redirect=… when somebody signs out.',
    docs: DOCS.authorize,
  },
];

function remark(id: string, parameter?: string): Pick<Row, 'id' | 'step' | 'level' | 'parameter'> {
  return { id, step: 'authorize', level: 'remark', ...(parameter && { parameter }) };
}

function scopesOf({ value }: Pick<Given, 'value'>): string[] {
  return (value('scope') || 'openid').split(' ').filter(Boolean);
}

/** Scopes that were asked for and not granted; `offline_access` has a row of its own. */
function droppedScopes({ flow, facts }: Given): string[] {
  const asked = flow.steps.find(({ kind }) => kind === 'authorize');
  const scope = asked?.parameters.find(({ name }) => name === 'scope')?.value ?? '';
  const granted = facts.scope ?? [];
  const wanted = scope.split(' ').filter((one) => one && one !== 'offline_access');
  return facts.scope ? wanted.filter((one) => !granted.includes(one)) : [];
}

function emptyNames({ step }: Given): string[] {
  return step.parameters
    .filter(({ length, secret }) => length === 0 && !secret)
    .map(({ name }) => name);
}

function isOpenHttp(address: string): boolean {
  if (!URL.canParse(address)) {
    return false;
  }
  const { protocol, hostname } = new URL(address);
  const local = /^(?:localhost|.*\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
  return protocol === 'http:' && !local;
}
