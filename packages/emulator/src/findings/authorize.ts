import { differenceOf, nearTo } from './difference.js';
import { didYouMean, DOCS, errorPage, isRefused, listed, type Given, type Row } from './row.js';

const refused = errorPage('login_refused');

/** Why an authorization request is refused. */
export const authorizeRows: readonly Row[] = [
  {
    id: 'parameter.repeated',
    step: ['authorize', 'exchange', 'refresh', 'machine', 'token'],
    level: 'wrong',
    test: ({ facts }) => (facts.repeated ?? []).length > 0,
    says: ({ facts }) => `These parameters came more than once: ${listed(facts.repeated ?? [])}.`,
    fix: 'Send each once (RFC 6749 3.1). A proxy or a link that adds the query of the page again does this.',
    docs: errorPage('param_duplicate'),
  },
  {
    id: 'application.machine',
    step: 'authorize',
    level: 'wrong',
    test: (given) => given.facts.application?.type === 'm2m' && isRefused(given),
    says: ({ facts }) =>
      `${facts.application?.name} is an application for machines: it signs nobody in.`,
    fix: 'Use the client id of a back-end or front-end application.',
    docs: refused,
  },
  {
    id: 'redirect.missing',
    step: 'authorize',
    level: 'wrong',
    test: ({ facts, value }) =>
      facts.application !== undefined && facts.application.type !== 'm2m' && !value('redirect_uri'),
    says: 'The request has no redirect_uri, so nobody knows where to go back to.',
    fix: 'Send the address of your callback, one of those that are registered.',
    docs: DOCS.callbacks,
  },
  {
    id: 'redirect.not-registered',
    step: 'authorize',
    level: 'wrong',
    parameter: 'redirect_uri',
    test: (given) => registeredNear(given) !== undefined,
    says: (given) => {
      const sent = given.value('redirect_uri');
      const near = registeredNear(given) || 'none';
      const what = near === 'none' ? '' : ` What differs is ${differenceOf(sent, near).what}.`;
      return `${sent} is not registered for ${given.facts.application?.name}. Registered: ${near}.${what}`;
    },
    fix: ({ value }) =>
      `Register ${value('redirect_uri')} as a callback URL, here and at Kinde, or set the app to the registered one. They are compared character by character.`,
    docs: DOCS.callbacks,
    difference: (given) => {
      const near = registeredNear(given);
      return near ? differenceOf(given.value('redirect_uri'), near) : undefined;
    },
  },
  {
    id: 'response-type.missing',
    step: 'authorize',
    level: 'wrong',
    test: (given) => passed(given) && !given.value('response_type'),
    says: 'The request has no response_type.',
    fix: 'Send response_type=code.',
    docs: DOCS.authorize,
  },
  {
    id: 'response-type.other',
    step: 'authorize',
    level: 'wrong',
    parameter: 'response_type',
    test: (given) => passed(given) && !['', 'code'].includes(given.value('response_type')),
    says: ({ value }) =>
      `response_type is ${value('response_type')}; Kinde supports code only, whatever discovery lists.`,
    fix: 'Use the authorization code flow: response_type=code.',
    docs: DOCS.authorize,
  },
  {
    id: 'response-mode.other',
    step: 'authorize',
    level: 'wrong',
    parameter: 'response_mode',
    test: (given) =>
      passed(given) && isRefused(given) && !['', 'query'].includes(given.value('response_mode')),
    says: ({ value }) =>
      `response_mode is ${value('response_mode')}; this local Kinde knows query only.`,
    fix: 'Leave response_mode out.',
    docs: DOCS.authorize,
  },
  {
    id: 'pkce.plain',
    step: 'authorize',
    level: 'wrong',
    parameter: 'code_challenge_method',
    test: (given) => passed(given) && given.value('code_challenge_method') === 'plain',
    says: 'The PKCE method is plain, which protects nothing that travels in the address; Kinde supports S256 only.',
    fix: 'Send the SHA-256 of the verifier in base64url, and code_challenge_method=S256.',
    docs: DOCS.authorize,
  },
  {
    id: 'pkce.no-method',
    step: 'authorize',
    level: 'wrong',
    parameter: 'code_challenge',
    test: (given) =>
      passed(given) &&
      given.parameter('code_challenge') !== undefined &&
      !['plain', 'S256'].includes(given.value('code_challenge_method')),
    says: ({ value }) =>
      value('code_challenge_method')
        ? `code_challenge_method is ${value('code_challenge_method')}; it has to be S256, in capitals.`
        : 'There is a code_challenge without code_challenge_method, which means plain (RFC 7636 4.3).',
    fix: 'Send code_challenge_method=S256.',
    docs: DOCS.authorize,
  },
  {
    id: 'pkce.no-challenge',
    step: 'authorize',
    level: 'wrong',
    parameter: 'code_challenge_method',
    test: (given) =>
      passed(given) &&
      Boolean(given.value('code_challenge_method')) &&
      given.parameter('code_challenge') === undefined,
    says: 'There is a code_challenge_method without a code_challenge.',
    fix: 'Send the challenge, too: the SHA-256 of the verifier in base64url.',
    docs: DOCS.authorize,
  },
  {
    id: 'pkce.malformed',
    step: 'authorize',
    level: 'wrong',
    parameter: 'code_challenge',
    test: (given) =>
      passed(given) && isRefused(given) && given.step.answered.description?.includes('43') === true,
    says: ({ parameter }) =>
      `The code_challenge has ${parameter('code_challenge')?.length} characters; a SHA-256 in base64url has 43, without = at the end.`,
    fix: 'Encode the bytes of the hash, not its hex text, in base64url without padding.',
    docs: DOCS.authorize,
  },
  {
    id: 'audience.unknown',
    step: 'authorize',
    level: 'wrong',
    parameter: 'audience',
    test: (given) => passed(given) && foreignAudiences(given).length > 0,
    says: (given) => {
      const { application } = given.facts;
      const allowed = application?.audiences ?? [];
      const [first = ''] = foreignAudiences(given);
      const end = didYouMean(first, allowed);
      return `${application?.name} is not authorized for the audience ${listed(foreignAudiences(given))}. It may use: ${listed(allowed)}.${end}`;
    },
    fix: 'Authorize the application for that API, or correct KINDE_AUDIENCE: slashes at the end count.',
    docs: DOCS.apis,
  },
  {
    id: 'invitation.alone',
    step: 'authorize',
    level: 'wrong',
    parameter: 'invitation_code',
    test: ({ facts, value }) => facts.invitation !== undefined && value('is_invitation') !== 'true',
    says: 'There is an invitation_code without is_invitation=true.',
    fix: 'Pass both on: the link of the invitation has them.',
    docs: DOCS.authorize,
  },
  {
    id: 'invitation.closed',
    step: 'authorize',
    level: 'wrong',
    parameter: 'invitation_code',
    test: ({ facts, value }) => facts.invitation === 'closed' && value('is_invitation') === 'true',
    says: 'The invitation is unknown, was accepted before, or was taken back.',
    fix: 'Make another invitation.',
    docs: DOCS.authorize,
  },
];

/** Whether the application and its redirect URI were right, so that the rest was looked at. */
export function passed(given: Given): boolean {
  const { facts, value } = given;
  return (
    facts.application !== undefined &&
    Boolean(value('redirect_uri')) &&
    registeredNear(given) === undefined &&
    (facts.repeated ?? []).length === 0
  );
}

/** The registered address most like the one that came, where that was refused; empty where none is registered. */
function registeredNear(given: Given): string | undefined {
  const { facts, value, step } = given;
  const sent = value('redirect_uri');
  const registered = facts.application?.redirectUris ?? [];
  const refusedHere = step.answered.error?.includes('callback URL') === true;
  if (!sent || facts.application?.type === 'm2m' || !refusedHere || registered.includes(sent)) {
    return undefined;
  }
  return nearTo(sent, registered) ?? '';
}

function foreignAudiences({ facts }: Given): string[] {
  const allowed = facts.application?.audiences ?? [];
  return (facts.audience ?? []).filter((one) => !allowed.includes(one));
}
