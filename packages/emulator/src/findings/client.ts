import { nearest } from '@kindling/internal';
import type { StepKind } from '../flows/flow.js';
import { DOCS, errorPage, isRefused, isWell, listed, type Given, type Row } from './row.js';

const ANYWHERE: readonly StepKind[] = [
  ...(['authorize', 'exchange', 'refresh', 'machine'] as const),
  ...(['token', 'revoke'] as const),
];
const TOKEN = ANYWHERE.slice(1);

const rejected = errorPage('client_rejected');

/** Which application it is, and how it proves that. */
export const clientRows: readonly Row[] = [
  {
    id: 'client.is-secret',
    step: ANYWHERE,
    level: 'wrong',
    parameter: 'client_id',
    test: ({ facts }) => facts.secretAsId === true,
    says: 'The client_id is the secret of an application: the two values are in each other’s place.',
    fix: 'Swap KINDE_CLIENT_ID and KINDE_CLIENT_SECRET. The id is the shorter one, of 32 characters.',
    docs: rejected,
  },
  {
    id: 'client.missing',
    step: ANYWHERE,
    level: 'wrong',
    parameter: 'client_id',
    test: ({ facts }) => facts.unknownClient === '',
    says: 'The request names no application: client_id is missing or empty.',
    fix: 'Set KINDE_CLIENT_ID, and check that the app reads the variables: a missing .env looks like this.',
    docs: rejected,
  },
  {
    id: 'client.white-space',
    step: ANYWHERE,
    level: 'wrong',
    parameter: 'client_id',
    test: (given) => bareId(given) !== undefined,
    says: (given) =>
      `The client_id is that of ${bareId(given)}, with white space or quotation marks around it.`,
    fix: 'Remove them from KINDE_CLIENT_ID: some tools keep the quotation marks of a .env file.',
    docs: rejected,
  },
  {
    id: 'client.near',
    step: ANYWHERE,
    level: 'wrong',
    parameter: 'client_id',
    test: (given) => bareId(given) === undefined && nearId(given) !== undefined,
    says: (given) =>
      `No application has the client_id ${given.facts.unknownClient}; ${nearId(given)} is most like it.`,
    fix: 'Copy the client id again.',
    docs: rejected,
  },
  {
    id: 'client.unknown',
    step: ANYWHERE,
    level: 'wrong',
    parameter: 'client_id',
    test: (given) =>
      Boolean(given.facts.unknownClient) &&
      given.facts.secretAsId !== true &&
      bareId(given) === undefined &&
      nearId(given) === undefined,
    says: ({ facts }) =>
      `No application here has the client_id ${facts.unknownClient}. Here are: ` +
      `${listed((facts.known ?? []).map(({ name, clientId }) => `${clientId} (${name})`))}.`,
    fix: 'Use the values of this local Kinde. It may be the id of another environment, of Kinde itself, or of a start before with other state.',
    docs: rejected,
  },
  {
    id: 'secret.missing',
    step: TOKEN,
    level: 'wrong',
    parameter: 'client_secret',
    test: ({ facts }) => facts.secret === 'missing',
    says: ({ facts }) =>
      `${facts.application?.name} has a secret, and the request came without one.`,
    fix: 'Send client_secret in the body. A browser app must not have one: register it as a front-end application.',
    docs: rejected,
  },
  secretRow('white-space', 'has white space around it', 'Remove it from KINDE_CLIENT_SECRET.'),
  secretRow(
    'quoted',
    'has quotation marks around it',
    'Remove them from KINDE_CLIENT_SECRET: some tools keep the quotation marks of a .env file.',
  ),
  secretRow(
    'cut',
    'is cut off: it is the beginning of the right one',
    'Copy the whole secret. Without quotation marks, a # in a .env file begins a comment.',
  ),
  secretRow('client-id', 'is a client id', 'Swap or correct the two variables.'),
  {
    id: 'secret.of-another',
    step: TOKEN,
    level: 'wrong',
    parameter: 'client_secret',
    test: ({ facts }) => facts.secret === 'of-another',
    says: ({ facts }) =>
      `The secret is that of ${facts.secretOf}, and the client_id is that of ${facts.application?.name}.`,
    fix: 'Take id and secret from the same application.',
    docs: rejected,
  },
  secretRow(
    'wrong',
    'is not the right one',
    'Copy it from this local Kinde: it may be that of another environment, of Kinde itself, or of a start before with other state.',
  ),
  {
    id: 'secret.of-public',
    step: TOKEN,
    level: 'wrong',
    parameter: 'client_secret',
    test: (given) => given.facts.secret === 'not-needed' && isRefused(given),
    says: ({ facts }) =>
      `${facts.application?.name} is a public application without a secret, and the request sent one.`,
    fix: 'Send no client_secret: everybody can read what a browser or a phone holds. PKCE protects such apps.',
    docs: rejected,
  },
  {
    id: 'secret.not-needed',
    step: TOKEN,
    level: 'remark',
    parameter: 'client_secret',
    test: (given) => given.facts.secret === 'not-needed' && isWell(given),
    says: ({ facts }) =>
      `${facts.application?.name} is a public application, and the request sent a secret.`,
    fix: 'Send none, and take it out of the app: everybody can read it there.',
    docs: rejected,
  },
  {
    id: 'client.basic',
    step: TOKEN,
    level: 'remark',
    parameter: 'authorization',
    test: ({ facts }) => facts.clientAuth === 'basic',
    says: 'The client sent its credentials in the header (client_secret_basic); discovery lists client_secret_post only.',
    fix: 'Send client_id and client_secret in the form.',
    docs: DOCS.authorize,
  },
  {
    id: 'client.twice',
    step: TOKEN,
    level: 'remark',
    parameter: 'authorization',
    test: ({ facts }) => facts.clientAuth === 'both',
    says: 'The client sent its secret twice, in the header and in the form (RFC 6749 2.3 allows one way).',
    fix: 'Send client_id and client_secret in the form only.',
    docs: DOCS.authorize,
  },
];

function secretRow(
  kind: 'white-space' | 'quoted' | 'cut' | 'client-id' | 'wrong',
  is: string,
  fix: string,
): Row {
  return {
    id: `secret.${kind}`,
    step: TOKEN,
    level: 'wrong',
    parameter: 'client_secret',
    test: ({ facts }) => facts.secret === kind,
    says: ({ facts, parameter }) => {
      const length = parameter('client_secret')?.length;
      const size = length === undefined ? '' : ` (${length} characters came)`;
      return `The secret of ${facts.application?.name} ${is}${size}.`;
    },
    fix,
    docs: rejected,
  };
}

/** Name of the application whose id came with something around it. */
function bareId({ facts }: Given): string | undefined {
  const { unknownClient = '', known = [] } = facts;
  const bare = unknownClient
    .replaceAll(/\\u\{\w+\}/g, '')
    .trim()
    .replace(/^(["'`])(.*)\1$/, '$2');
  return known.find(({ clientId }) => clientId === bare)?.name;
}

function nearId({ facts }: Given): string | undefined {
  const { unknownClient = '', known = [] } = facts;
  const guess = nearest(
    unknownClient,
    known.map(({ clientId }) => clientId),
  );
  return guess === unknownClient ? undefined : guess;
}
