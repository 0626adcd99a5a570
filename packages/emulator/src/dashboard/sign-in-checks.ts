import type { Flow, FlowStep, Parameter } from '../flows/flow.js';

type Check = (step: FlowStep, parameter: Parameter) => string | false | undefined;

/** What is right about parameters, by step and name. */
const CHECKS: Readonly<Record<string, Check>> = {
  client_id: ({ facts }) => facts.application?.name,
  'authorize redirect_uri': ({ facts }, { value }) =>
    facts.application?.redirectUris.includes(value) === true &&
    'registered, character by character',
  'authorize state': () => 'new: no other sign-in used it',
  'authorize nonce': () => 'goes into the ID token',
  'authorize code_challenge': (_step, { length }) => length === 43 && '43 characters of base64url',
  'authorize audience': ({ facts }) =>
    facts.audience?.every((one) => facts.application?.audiences.includes(one)) === true &&
    'the application may use it',
  'authorize org_code': ({ facts }) => facts.organization === 'known' && 'an organization',
  client_secret: ({ facts }) =>
    facts.secret === 'right' && `the one of ${facts.application?.name ?? 'the application'}`,
  'exchange code': ({ facts }) =>
    facts.code === 'known' && `of this sign-in, ${facts.codeAge ?? 0} s old`,
  'exchange redirect_uri': ({ facts }, { value }) =>
    facts.askedRedirectUri === value && 'as in the authorization request',
  'exchange code_verifier': ({ facts }) =>
    facts.verifier === 'right' && 'its SHA-256 is the code_challenge',
  'refresh refresh_token': ({ facts }) =>
    facts.refreshToken === 'known' &&
    facts.replacedFor === undefined &&
    'of this sign-in, used once',
  'machine audience': ({ facts, answered }) =>
    answered.status === 200 && (facts.audience ?? []).length > 0 && 'the application may use it',
  'profile authorization': ({ facts }) =>
    facts.token === 'access' && 'an access token of this sign-in',
  'account authorization': ({ facts }) =>
    facts.token === 'access' && 'an access token of this sign-in',
  'logout redirect': ({ facts }, { value }) =>
    facts.logoutUris?.includes(value) === true && 'registered, character by character',
};

/** What is right about a parameter, in a few words; empty where nothing is known of it. */
export function checkOf(_flow: Flow, step: FlowStep, parameter: Parameter): string {
  const { name } = parameter;
  const check =
    CHECKS[`${step.kind} ${name}`] ?? (Object.hasOwn(CHECKS, name) ? CHECKS[name] : undefined);
  return check?.(step, parameter) || '';
}
