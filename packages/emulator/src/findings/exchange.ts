import { differenceOf } from './difference.js';
import {
  agentName,
  CODE_LIVES,
  earlierUse,
  errorPage,
  isRefused,
  isWell,
  seconds,
  type Given,
  type Row,
} from './row.js';

const refused = errorPage('grant_refused');

/** Milliseconds between two requests that one event caused. */
const TOGETHER = 2_000;

/** Bytes that a cookie can hold, about. */
const COOKIE = 4_000;

/** Why a code is not exchanged, or late. */
export const exchangeRows: readonly Row[] = [
  wrong('code.missing', 'code', (given) => isOwnSecret(given) && given.facts.code === 'missing', {
    says: 'The request has no code.',
    fix: 'Send the parameter code of the callback. If the callback came with error instead, show that.',
  }),
  wrong('code.unknown', 'code', (given) => isOwnSecret(given) && given.facts.code === 'unknown', {
    says: 'Nobody got this code here: it is of another environment or a start before, or was changed on its way.',
    fix: 'Send the code exactly as it came, decoded once. Check that the app asks the issuer that signed the user in.',
  }),
  wrong(
    'code.of-another-client',
    'code',
    (given) => isOwnSecret(given) && given.facts.code === 'of-another-client',
    {
      says: ({ flow, facts }) =>
        `The code was made for ${flow.application}, and ${facts.application?.name} tries to exchange it.`,
      fix: 'Use the same client id in the authorization request and in the exchange.',
    },
  ),
  wrong(
    'code.used-twice',
    'code',
    (given) => isTried(given) && earlierUse(given, 'code') !== undefined,
    {
      says: (given) => {
        const first = earlierUse(given, 'code')!;
        return `The code was used before, ${whenAndWho(given, first.time, first.userAgent)}. ${consequence(first.answered.status)}`;
      },
      fix: 'Exchange a code once. A double click, a prefetched or reloaded callback, or a second process each do this: keep who handles a state, and answer the second request from the first one’s result.',
    },
  ),
  wrong(
    'code.late',
    'code',
    (given) => isTried(given) && (given.facts.codeLate ?? 0) > 0 && !earlierUse(given, 'code'),
    {
      says: ({ facts }) =>
        `The code came ${seconds(facts.codeLate ?? 0)} too late: it lives ${CODE_LIVES} seconds and was ${seconds((facts.codeLate ?? 0) + CODE_LIVES)} old.`,
      fix: 'Exchange the code at once. If the clock of this local Kinde was moved meanwhile, sign in again.',
    },
  ),
  wrong(
    'redirect.not-sent',
    'redirect_uri',
    (given) => isRedeemed(given) && !given.value('redirect_uri'),
    {
      says: ({ facts }) =>
        `The exchange has no redirect_uri; it has to repeat that of the authorization request, ${facts.askedRedirectUri} (RFC 6749 4.1.3).`,
      fix: 'Send the same redirect_uri again. The code is spent: sign in again.',
    },
  ),
  {
    ...wrong(
      'redirect.differs',
      'redirect_uri',
      (given) => isRedeemed(given) && redirectDiffers(given),
      {
        says: ({ facts, value }) =>
          `The exchange sent the redirect_uri ${value('redirect_uri')}, the authorization request ${facts.askedRedirectUri}. ` +
          `What differs is ${differenceOf(value('redirect_uri'), facts.askedRedirectUri ?? '').what}.`,
        fix: 'Send the same redirect_uri both times. Behind a proxy, build it from the configured site, not from the request. The code is spent: sign in again.',
      },
    ),
    difference: ({ facts, value }) =>
      differenceOf(value('redirect_uri'), facts.askedRedirectUri ?? ''),
  },
  verifierRow(
    'missing',
    'The authorization request had a code_challenge, and the exchange has no code_verifier.',
    'Keep the verifier beside the state until the callback, and send it.',
  ),
  verifierRow(
    'not-asked-for',
    'The exchange has a code_verifier, and the authorization request had no code_challenge.',
    'Send code_challenge and code_challenge_method=S256 when you ask to sign in.',
  ),
  verifierRow(
    'is-challenge',
    'The code_verifier is the code_challenge itself.',
    'Send the verifier: the text from which the challenge was made.',
  ),
  wrong(
    'verifier.of-another',
    'code_verifier',
    (given) => isRedeemed(given) && given.facts.verifier === 'of-another',
    {
      says: ({ facts }) =>
        `The code_verifier does not belong to this sign-in: it is that of ${facts.verifierOf}.`,
      fix: 'Keep one verifier for each state: a second tab, a prefetched link or a double click overwrote it. The code is spent: sign in again.',
    },
  ),
  verifierRow(
    'malformed',
    'The code_verifier has not the form of one: 43 to 128 letters, digits, and - . _ ~ (RFC 7636 4.1).',
    'Make it of 32 random bytes in base64url.',
  ),
  verifierRow(
    'wrong',
    'The SHA-256 of the code_verifier is not the code_challenge of this sign-in, nor that of another one here.',
    'Hash the text of the verifier and encode the bytes in base64url; keep the verifier unchanged until the callback.',
  ),
  {
    id: 'code.slow',
    step: 'exchange',
    level: 'remark',
    parameter: 'code',
    test: (given) => isWell(given) && (given.facts.codeAge ?? 0) > 10,
    says: ({ facts }) =>
      `The code was exchanged ${seconds(facts.codeAge ?? 0)} after it was handed out; it lives ${CODE_LIVES}.`,
    fix: 'Find out what the callback waits for before it exchanges the code.',
    docs: refused,
  },
  {
    id: 'token.large',
    step: ['exchange', 'refresh'],
    level: 'remark',
    test: ({ facts }) => (facts.tokenSize ?? 0) > COOKIE,
    says: ({ facts }) =>
      `The access token has ${facts.tokenSize} bytes: it fits in no cookie, and proxies refuse such headers.`,
    fix: 'Keep the session in a store, or take claims out of the token.',
    docs: errorPage('session_too_large'),
  },
];

function wrong(
  id: string,
  parameter: string,
  test: Row['test'],
  words: Pick<Row, 'says' | 'fix'>,
): Row {
  return { id, step: 'exchange', level: 'wrong', parameter, test, docs: refused, ...words };
}

function verifierRow(
  kind: NonNullable<Given['facts']['verifier']>,
  says: string,
  fix: string,
): Row {
  return wrong(
    `verifier.${kind}`,
    'code_verifier',
    (given) => isRedeemed(given) && given.facts.verifier === kind,
    { says, fix: `${fix} The code is spent: sign in again.` },
  );
}

/** Whether the client proved itself, so that the code was looked at. */
function isOwnSecret({ facts, step }: Given): boolean {
  return facts.sentAs === 'form' && step.answered.error !== 'invalid_client';
}

/** Whether it was this code that was refused. */
function isTried(given: Given): boolean {
  return isRefused(given) && isOwnSecret(given) && given.facts.code === 'known';
}

/** Whether the code was good, and what came beside it was not. */
function isRedeemed(given: Given): boolean {
  return isTried(given) && !earlierUse(given, 'code') && (given.facts.codeLate ?? 0) === 0;
}

function redirectDiffers({ facts, value }: Given): boolean {
  return Boolean(value('redirect_uri')) && value('redirect_uri') !== facts.askedRedirectUri;
}

function whenAndWho({ step }: Given, time: number, userAgent: string): string {
  const between = step.time - time;
  const when =
    between < TOGETHER ? `${between} ms earlier` : `${seconds(Math.round(between / 1000))} earlier`;
  if (userAgent !== step.userAgent) {
    return `${when}, by another client (${agentName(userAgent)}; now ${agentName(step.userAgent)}): two processes handle the same callback`;
  }
  return between < TOGETHER
    ? `${when} by the same client: the callback was opened twice at once, as by a prefetch or a double click`
    : `${when} by the same client: the callback was reloaded, or tried again`;
}

function consequence(status: number): string {
  return status < 400
    ? 'Kinde ends the sign-in then: the tokens of the first exchange do not work any more.'
    : 'The first exchange failed and spent it.';
}
