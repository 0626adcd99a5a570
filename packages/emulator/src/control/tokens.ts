import { decodeJwt } from 'jose';
import { backEndOf } from '../env/facts.js';
import { createKey, openKey, signJwt, type SigningKey } from '../identity/signing-key.js';
import { grantedScopes } from '../oauth/scopes.js';
import { selectableOrganizations } from '../oauth/sign-in.js';
import { token as tokenEndpoint } from '../oauth/token.js';
import { remember } from '../state/ids.js';
import type { Application, Grant, State } from '../state/state.js';
import type { CreatedToken } from './answers.js';
import { alter, type Altered } from './alter-token.js';
import { ControlError } from './error.js';
import type { NewToken } from './inputs.js';
import { applicationOf, organizationOf, personOf, unknownName } from './lookup.js';

/** Scopes of a token unless it is to have others. */
const SCOPE = 'openid profile email offline';

/** What the token endpoint answered. */
interface Issued {
  readonly access_token: string;
  readonly id_token?: string;
  readonly refresh_token?: string;
}

/** `createToken`. It is the token endpoint that makes tokens: they are what an app would get. */
export async function createToken(state: State, wanted: NewToken): Promise<CreatedToken> {
  if ((wanted.person === undefined) === (wanted.machine === undefined)) {
    throw new ControlError('invalid_input', 'Say for whom the token is: person, or machine.');
  }
  checkKind(wanted);
  return wanted.machine === undefined
    ? personToken(state, wanted)
    : machineToken(state, wanted, applicationOf(state, wanted.machine));
}

function checkKind({ kind = 'access', machine, defect, claims, expiresIn }: NewToken): void {
  const isAltered = defect !== undefined || claims !== undefined || expiresIn !== undefined;
  if (kind === 'set' && isAltered) {
    const why =
      'The tokens of a set cannot have claims, expiresIn or defect: make them one by one.';
    throw new ControlError('invalid_input', why);
  }
  if (machine !== undefined && (kind !== 'access' || defect === 'id_token')) {
    throw new ControlError('invalid_input', 'A machine has access tokens only.');
  }
}

async function personToken(state: State, wanted: NewToken): Promise<CreatedToken> {
  const { kind = 'access', defect } = wanted;
  const application = wanted.application
    ? applicationOf(state, wanted.application)
    : defaultApplication(state);
  const grant = createGrant(state, wanted, application);
  const issued = await redeem(state, grant, application);
  if (kind === 'set') {
    return {
      ...created(state, {
        kind,
        token: issued.access_token,
        session: grant.id,
      }),
      ...(issued.id_token && { idToken: issued.id_token }),
      ...(issued.refresh_token && { refreshToken: issued.refresh_token }),
    };
  }
  // Nobody holds it: without it the sign-in is over when the token is.
  state.refreshTokens.delete(issued.refresh_token ?? '');
  const isId = kind === 'id' || defect === 'id_token';
  const token = await altered(state, isId ? idTokenOf(issued) : issued.access_token, wanted);
  grant.expiresAt = Number(decodeJwt(token).exp);
  if (defect === 'revoked') {
    grant.ended = true;
  }
  return created(state, {
    kind: isId ? 'id' : 'access',
    token,
    session: grant.id,
  });
}

async function machineToken(
  state: State,
  wanted: NewToken,
  application: Application,
): Promise<CreatedToken> {
  const management = application.management ? [`${state.issuer}/api`] : [];
  const own = [...(application.audiences ?? []), ...management];
  const audience = audiencesOf(wanted, own);
  const issued = await ask(state, application, [
    ['grant_type', 'client_credentials'],
    ...audience.map((one) => ['audience', one] as const),
    ...(wanted.scope ? [['scope', wanted.scope] as const] : []),
  ]);
  const token = await altered(state, issued.access_token, wanted);
  if (wanted.defect === 'revoked') {
    state.revoked.add(token);
  }
  return created(state, { kind: 'access', token });
}

function createGrant(state: State, wanted: NewToken, application: Application): Grant {
  const { clientId } = application;
  const person = personOf(state, wanted.person ?? '');
  const audience = audiencesOf(wanted, application.audiences ?? []);
  const { scope = SCOPE } = wanted;
  const query = new URLSearchParams([
    ['client_id', clientId],
    ['scope', scope],
    ...audience.map((one) => ['audience', one] as [string, string]),
  ]);
  const now = state.clock.now();
  const grant: Grant = {
    id: state.random.uuid(),
    personId: person.id,
    clientId,
    scope: grantedScopes(query, state),
    audience,
    orgCode: wanted.organization
      ? organizationOf(state, wanted.organization)
      : selectableOrganizations(state, person)[0],
    nonce: undefined,
    authTime: now,
    requestedAt: now,
    ended: false,
    userAgent: 'control API',
  };
  remember(state.grants, grant.id, grant);
  return grant;
}

/** The tokens of a sign-in that has a code, as the app gets them. */
async function redeem(state: State, grant: Grant, application: Application): Promise<Issued> {
  const code = state.random.secret();
  const expiresAt = state.clock.now() + 60;
  const { id: grantId } = grant;
  remember(state.codes, code, {
    grantId,
    redirectUri: '',
    challenge: undefined,
    expiresAt,
    used: false,
  });
  const form = [
    ['grant_type', 'authorization_code'],
    ['code', code],
    ['redirect_uri', ''],
  ] as const;
  return ask(state, application, form).catch((error: unknown) => {
    grant.ended = true;
    throw error;
  });
}

async function ask(
  state: State,
  { clientId, clientSecret = '' }: Application,
  form: readonly (readonly [string, string])[],
): Promise<Issued> {
  const body = new URLSearchParams(form.map(([name, value]): [string, string] => [name, value]));
  body.set('client_id', clientId);
  body.set('client_secret', clientSecret);
  const request = new Request(`${state.issuer}/oauth2/token`, { method: 'POST', body });
  const response = await tokenEndpoint(request, state);
  const answer = (await response.json()) as Issued & { error_description?: string };
  if (response.ok) {
    return answer;
  }
  throw new ControlError('refused', answer.error_description ?? 'The token was refused.');
}

function audiencesOf({ audience }: NewToken, own: readonly string[]): readonly string[] {
  const asked = typeof audience === 'string' ? [audience] : (audience ?? own);
  const foreign = asked.find((one) => !own.includes(one));
  if (foreign !== undefined) {
    throw unknownName('invalid_input', 'audience of this application', {
      given: foreign,
      known: own,
    });
  }
  return asked;
}

function defaultApplication(state: State): Application {
  const application = backEndOf(state);
  if (application) {
    return application;
  }
  throw new ControlError('unknown_application', 'There is no application.');
}

function idTokenOf({ id_token }: Issued): string {
  if (id_token) {
    return id_token;
  }
  throw new ControlError('invalid_input', 'There is no ID token without the scope openid.');
}

/** A token with other claims, or a defect. */
async function altered(state: State, token: string, wanted: NewToken): Promise<string> {
  const change: Altered = alter(decodeJwt(token), wanted);
  if (change === undefined) {
    return token;
  }
  return sign(state, change);
}

async function sign(state: State, { claims, signed }: NonNullable<Altered>): Promise<string> {
  if (signed === 'none') {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    return `${part({ alg: 'none', typ: 'JWT' })}.${part(claims)}.`;
  }
  const { jwk } = state.key;
  const key: Pick<SigningKey, 'privateKey' | 'jwk'> =
    signed === 'other-key' ? { ...openKey(await createKey()), jwk } : state.key;
  return signJwt(key, claims);
}

function created(
  { journal }: State,
  { kind, token, session }: Pick<CreatedToken, 'kind' | 'token' | 'session'>,
): CreatedToken {
  const claims = decodeJwt(token);
  return {
    kind,
    token,
    claims,
    ...(session && { session }),
    journal: journal.last,
  };
}
