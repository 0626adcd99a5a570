import { differenceOf, nearTo } from './difference.js';
import { DOCS, eitherWay, errorPage, inLastMinute, type Given, type Row } from './row.js';

const KEYS = ['keys', 'discovery'] as const;

/** Fetches of keys in a minute that a cache would have spared. */
const OFTEN = 5;

/** Titles of pages that keep a user out. */
const DENIED = /cannot sign in|in this organization|for somebody else/;

/** Names that other providers have for `redirect`. */
const FOREIGN = [
  'post_logout_redirect_uri',
  'redirect_uri',
  'returnTo',
  'return_to',
  'logout_uri',
  'redirect_url',
];

/** Logout, keys, pages and the portal. */
export const otherRows: readonly Row[] = [
  {
    id: 'logout.not-registered',
    step: 'logout',
    level: 'wrong',
    parameter: 'redirect',
    test: (given) => given.step.answered.status === 400 && targetOf(given) !== '',
    says: (given) => {
      const sent = targetOf(given);
      const near = nearLogout(given);
      const end =
        near === undefined
          ? 'None is registered.'
          : `Registered: ${near}. What differs is ${differenceOf(sent, near).what}.`;
      return `${sent} is not registered as a logout URL. ${end}`;
    },
    fix: (given) =>
      `Register ${targetOf(given)} as a logout redirect URL, here and at Kinde, or send the registered one.`,
    docs: DOCS.callbacks,
    difference: (given) => {
      const near = nearLogout(given);
      return near === undefined ? undefined : differenceOf(targetOf(given), near);
    },
  },
  ...eitherWay(
    {
      id: 'logout.foreign-name',
      step: 'logout',
      test: (given) => !given.value('redirect') && foreignName(given) !== undefined,
      says: (given) =>
        `Logout was asked with ${foreignName(given)}; Kinde documents redirect only, so the user may stay on its page.`,
      fix: 'Send the parameter redirect.',
      docs: DOCS.authorize,
    },
    ({ step }) => step.answered.status === 200,
  ),
  {
    id: 'keys.credentials',
    step: KEYS,
    level: 'wrong',
    parameter: 'authorization',
    test: ({ facts, step }) => facts.credentials === true && step.answered.status === 403,
    says: 'The request for the keys carried credentials, which Kinde refuses with 403.',
    fix: 'Fetch the keys without an Authorization header: an HTTP client with default headers does this.',
    docs: DOCS.errors,
  },
  {
    id: 'keys.credentials-sent',
    step: KEYS,
    level: 'remark',
    parameter: 'authorization',
    test: ({ facts, step }) => facts.credentials === true && step.answered.status === 200,
    says: 'Credentials came along, which this address does not need.',
    fix: 'Send none: whoever answers it could keep them.',
    docs: DOCS.errors,
  },
  {
    id: 'keys.often',
    step: KEYS,
    level: 'remark',
    test: (given) => inLastMinute(given) >= OFTEN,
    says: (given) => `Fetched ${inLastMinute(given)} times in a minute: nothing is kept.`,
    fix: 'Keep the document, and fetch keys again only for a key id that is not known.',
    docs: errorPage('keys_unavailable'),
  },
  {
    id: 'page.expired',
    step: 'page',
    level: 'wrong',
    test: ({ step }) => step.answered.error?.includes('expired') === true,
    says: 'The page was sent after the sign-in had expired, or a second time.',
    fix: 'Start again from the app.',
    docs: errorPage('login_refused'),
  },
  {
    id: 'page.denied',
    step: ['authorize', 'page'],
    level: 'wrong',
    test: ({ step }) => DENIED.test(step.answered.error ?? ''),
    says: ({ flow, step }) =>
      `${flow.person ?? 'The user'} cannot sign in: ${step.answered.description ?? ''}`,
    fix: 'Change the user or the organization, or sign in as somebody else.',
    docs: errorPage('login_refused'),
  },
  {
    id: 'portal.used',
    step: 'portal',
    level: 'wrong',
    test: ({ step }) => step.answered.status >= 400,
    says: 'The link to the portal was opened before, or was made up: each works once.',
    fix: 'Ask for a new link each time somebody goes there; a prefetch or a preview uses it up.',
    docs: DOCS.tokens,
  },
];

/** Where the app wants the browser to go on to. */
function targetOf({ value }: Given): string {
  return value('redirect') || value('post_logout_redirect_uri');
}

function nearLogout(given: Given): string | undefined {
  return nearTo(targetOf(given), given.facts.logoutUris ?? []);
}

function foreignName({ step }: Given): string | undefined {
  return step.parameters.find(({ name }) => FOREIGN.includes(name))?.name;
}
