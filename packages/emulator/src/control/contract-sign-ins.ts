import * as v from 'valibot';
import type { Operation } from './op.js';
import { changed, duration, object, word } from './schemas.js';

const number = v.number();
const text = v.string();
const maybeText = v.optional(text);
const maybeNumber = v.optional(number);

const person = v.pipe(word, v.description('User, by key, id or address.'));
const application = v.pipe(word, v.description('Application, by name or client id.'));
const organization = v.pipe(word, v.description('Code of the organization.'));

const sessionFilter = {
  id: v.optional(word),
  person: v.optional(person),
  application: v.optional(application),
};

/** Operations on sign-ins: tokens, sessions, what the next request is answered with, and the inspector's view. */
export const signInContract = {
  createToken: {
    route: 'POST /tokens',
    summary: 'Makes a token, or a whole sign-in, without a browser.',
    input: {
      person: v.optional(person),
      machine: v.optional(application),
      organization: v.optional(organization),
      application: v.optional(application),
      scope: v.optional(v.pipe(v.string(), v.maxLength(2_000))),
      audience: v.optional(v.union([word, v.pipe(v.array(word), v.maxLength(20))])),
      claims: v.optional(object),
      expiresIn: v.optional(duration),
      kind: v.optional(v.picklist(['access', 'id', 'set'])),
      defect: v.optional(
        v.picklist([
          'expired',
          'wrong_key',
          'unsigned',
          'wrong_issuer',
          'wrong_audience',
          'future',
          'revoked',
          'id_token',
        ]),
      ),
    },
    returns: v.object({
      kind: v.picklist(['access', 'id', 'set']),
      token: text,
      claims: object,
      idToken: maybeText,
      refreshToken: maybeText,
      session: maybeText,
      ...changed,
    }),
  } satisfies Operation<'createToken'>,
  nextSignIn: {
    route: 'POST /next-sign-in',
    summary: 'Answers the next authorization requests without a page.',
    input: {
      person: v.optional(person),
      organization: v.optional(organization),
      application: v.optional(application),
      times: v.optional(v.pipe(number, v.safeInteger(), v.minValue(1), v.maxValue(1_000))),
      deny: v.optional(v.boolean()),
    },
    returns: v.object(changed),
  } satisfies Operation<'nextSignIn'>,
  signIn: {
    route: 'POST /sign-in',
    summary: 'Signs a user in at an authorization URL. Answers the callback URL.',
    input: {
      url: v.pipe(v.string(), v.maxLength(20_000), v.description('Authorization URL.')),
      person,
      organization: v.optional(organization),
    },
    returns: v.object({ location: text, ...changed }),
  } satisfies Operation<'signIn'>,
  sessions: {
    route: 'GET /sessions',
    summary: 'Who is signed in: at Kinde itself, and at applications.',
    input: sessionFilter,
    returns: v.array(
      v.object({
        id: text,
        kind: v.picklist(['kinde', 'application']),
        person: text,
        name: text,
        application: maybeText,
        organization: maybeText,
        startedAt: number,
        usedAt: maybeNumber,
        endsAt: maybeNumber,
      }),
    ),
  } satisfies Operation<'sessions'>,
  endSessions: {
    route: 'DELETE /sessions/{id?}',
    summary: 'Ends sessions: one by id, those of a user or an application, or all.',
    input: sessionFilter,
    returns: v.object({ ended: number, ...changed }),
  } satisfies Operation<'endSessions'>,
};
