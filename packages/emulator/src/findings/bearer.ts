import { nearest } from '@kindling/internal';
import type { TokenFact } from '../flows/facts.js';
import type { FlowStep } from '../flows/flow.js';
import { DOCS, errorPage, inLastMinute, seconds, type Given, type Row } from './row.js';

const BEARER = ['profile', 'account'] as const;
const docs = errorPage('access_token_invalid');

/** Requests in a minute that are one for each request of the app. */
const OFTEN = 10;

const LISTS = [
  ...['permissions', 'roles', 'feature_flags', 'properties', 'entitlements', 'entitlement'],
  ...['portal_link', 'permission', 'feature_flag'],
];

/** Tokens that are shown to the profile, the Account API, revocation and introspection. */
export const bearerRows: readonly Row[] = [
  tokenRow(
    'missing',
    'The request has no Authorization header.',
    'Send Authorization: Bearer with the user’s access token.',
  ),
  tokenRow(
    'no-bearer',
    'The Authorization header has no Bearer token.',
    'Send the word Bearer, a blank, and the token.',
  ),
  tokenRow(
    'id-token',
    'An ID token was sent: it says who somebody is to the app, and opens nothing.',
    'Send the access_token of the token response.',
  ),
  tokenRow(
    'refresh-token',
    'A refresh token was sent.',
    'Send the access_token of the token response, and keep refresh tokens to yourself.',
  ),
  tokenRow(
    'machine',
    'A machine’s token was sent: it stands for no user.',
    'Send the access token of a user. For machines there is the Management API.',
  ),
  tokenRow(
    'no-token',
    'What was sent is not a token: it has not the form of a JWT.',
    'Send the access_token as it came, without quotation marks; undefined and [object Object] are no tokens.',
  ),
  tokenRow(
    'foreign',
    ({ facts }) => `The token is of the issuer ${facts.tokenIssuer}; this one is ${facts.issuer}.`,
    'Sign in again here. Check that the app names the same issuer everywhere: localhost and 127.0.0.1 are two.',
  ),
  tokenRow(
    'unknown-key',
    'The token was signed with a key that is not published here: of another start, or rotated since.',
    'Sign in again, or refresh.',
  ),
  tokenRow(
    'expired',
    ({ facts }) => `The token expired ${seconds(facts.tokenLate ?? 0)} ago.`,
    'Refresh it before it ends.',
  ),
  tokenRow(
    'ended',
    (given) => `The sign-in of this token has ended${endedBy(given)}.`,
    'Ask the user to sign in again.',
  ),
  tokenRow(
    'unknown',
    'The token is not accepted: its signature is wrong, or its user does not exist any more.',
    'Sign in again. Send tokens unchanged.',
  ),
  {
    id: 'account.unknown-list',
    step: 'account',
    level: 'wrong',
    test: ({ step }) =>
      step.answered.status === 404 && (step.facts.token === 'access') === false
        ? step.answered.error === 'NOT_EMULATED'
        : step.answered.status === 404,
    says: ({ step }) => {
      const [, name = ''] = /\/account_api\/v1\/(\w*)/.exec(step.address) ?? [];
      const guess = nearest(name, LISTS);
      return `The Account API has nothing called ${name || 'so'}.${guess === undefined ? '' : ` Did you mean ${guess}?`}`;
    },
    fix: 'Correct the address.',
    docs: DOCS.tokens,
  },
  {
    id: 'bearer.often',
    step: BEARER,
    level: 'remark',
    test: (given) => inLastMinute(given) >= OFTEN,
    says: (given) => `Asked ${inLastMinute(given)} times in a minute with the tokens of one user.`,
    fix: 'Read what the token says already, or keep the answer for a while: Kinde limits how often it answers.',
    docs: DOCS.tokens,
  },
  {
    id: 'revoke.no-form',
    step: ['revoke', 'introspect'],
    level: 'wrong',
    test: ({ facts }) => facts.sentAs !== 'form',
    says: 'The request is not a form (RFC 7009 2.1).',
    fix: 'Send application/x-www-form-urlencoded with the parameter token.',
    docs: DOCS.tokens,
  },
  {
    id: 'revoke.no-token',
    step: ['revoke', 'introspect'],
    level: 'wrong',
    test: ({ facts }) => facts.sentAs === 'form' && facts.token === 'missing',
    says: 'The form has no token.',
    fix: 'Send the refresh token or the access token as token.',
    docs: DOCS.tokens,
  },
  {
    id: 'revoke.of-another-client',
    step: 'revoke',
    level: 'wrong',
    test: ({ step }) => step.answered.error === 'INVALID_TOKEN',
    says: ({ flow, facts }) =>
      `The token was issued to ${flow.application}, and ${facts.application?.name} tries to revoke it (RFC 7009 2.1).`,
    fix: 'Revoke with the client id that the token was issued to.',
    docs: DOCS.tokens,
  },
  {
    id: 'revoke.unknown',
    step: 'revoke',
    level: 'remark',
    test: ({ facts, step }) => step.answered.status === 200 && facts.token === 'unknown',
    says: 'Nobody got this token here, so nothing was revoked. Kinde answers 200 all the same (RFC 7009 2.2).',
    fix: 'Revoke the refresh token that the app holds now.',
    docs: DOCS.tokens,
  },
  {
    id: 'introspect.no-bearer',
    step: 'introspect',
    level: 'wrong',
    test: ({ step }) => step.answered.status === 401,
    says: 'Introspection needs a valid bearer token of its own, which did not come.',
    fix: 'Send the access token of a machine-to-machine application in the Authorization header.',
    docs: DOCS.tokens,
  },
];

function tokenRow(kind: TokenFact, says: Row['says'], fix: string): Row {
  return {
    id: `bearer.${kind}`,
    step: BEARER,
    level: 'wrong',
    parameter: 'authorization',
    test: ({ facts, step }) =>
      facts.token === kind && step.answered.status >= 401 && step.answered.status <= 403,
    says,
    fix,
    docs,
  };
}

function endedBy({ flow, step }: Given): string {
  const ends = ({ kind, answered, number }: FlowStep) =>
    number < step.number &&
    (kind === 'revoke' ||
      kind === 'logout' ||
      answered.description?.includes('used before') === true);
  const end = flow.steps.find(ends);
  return end ? ` in step ${end.number}: ${end.title.toLowerCase()}` : '';
}
