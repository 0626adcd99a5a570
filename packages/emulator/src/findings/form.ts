import { nearest } from '@kindling/internal';
import { DOCS, listed, type Row } from './row.js';

const TOKEN = ['exchange', 'refresh', 'machine', 'token'] as const;
const GRANTS = ['authorization_code', 'refresh_token', 'client_credentials'];

/** How the token endpoint is asked. */
export const formRows: readonly Row[] = [
  {
    id: 'token.method',
    step: TOKEN,
    level: 'wrong',
    test: ({ step }) => !step.address.startsWith('POST '),
    says: ({ step }) =>
      `The token endpoint was asked with ${step.address.split(' ')[0]}; it answers POST only.`,
    fix: 'Send a POST with a form. A redirect of http to https turns a POST into a GET: check the issuer URL.',
    docs: DOCS.authorize,
  },
  {
    id: 'token.json',
    step: TOKEN,
    level: 'wrong',
    test: ({ facts }) => facts.sentAs === 'json',
    says: 'The request is JSON; the token endpoint takes a form (RFC 6749 4.1.3).',
    fix: 'Send application/x-www-form-urlencoded: in JavaScript, body: new URLSearchParams({ … }).',
    docs: DOCS.authorize,
  },
  {
    id: 'token.no-form',
    step: TOKEN,
    level: 'wrong',
    test: ({ facts, step }) =>
      ['other', 'nothing'].includes(facts.sentAs ?? '') && step.address.startsWith('POST '),
    says: ({ facts }) =>
      facts.sentAs === 'nothing'
        ? 'The request has no body; the token endpoint takes a form.'
        : 'The request is not a form: its content-type is another one than application/x-www-form-urlencoded.',
    fix: 'Send application/x-www-form-urlencoded, with the parameters in the body, not in the address.',
    docs: DOCS.authorize,
  },
  {
    id: 'token.no-grant-type',
    step: TOKEN,
    level: 'wrong',
    test: ({ facts, value }) => facts.sentAs === 'form' && !value('grant_type'),
    says: 'The request has no grant_type.',
    fix: `Send one of ${GRANTS.join(', ')}.`,
    docs: DOCS.authorize,
  },
  {
    id: 'token.grant-type',
    step: TOKEN,
    level: 'wrong',
    parameter: 'grant_type',
    test: ({ value, step }) => step.kind === 'token' && Boolean(value('grant_type')),
    says: ({ value }) => {
      const guess = nearest(value('grant_type'), GRANTS);
      const end = guess === undefined ? `Known are ${listed(GRANTS)}.` : `Did you mean ${guess}?`;
      return `The grant_type ${value('grant_type')} is not supported. ${end}`;
    },
    fix: 'Send a grant type that Kinde knows; it has no password or implicit grant.',
    docs: DOCS.authorize,
  },
];
