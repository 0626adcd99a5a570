import type { FlowStep } from '../flows/flow.js';
import {
  agentName,
  DOCS,
  earlierUse,
  errorPage,
  inLastMinute,
  isRefused,
  isWell,
  seconds,
  type Given,
  type Row,
} from './row.js';

const refused = errorPage('grant_refused');

/** Seconds that an access token lives still if refreshing it is early. */
const EARLY = 3_600;

/** Refreshes in a minute that are many. */
const OFTEN = 5;

/** Why a refresh fails, and how it is meant. */
export const refreshRows: readonly Row[] = [
  {
    ...wrong('refresh.missing'),
    test: (given) => isTried(given) && given.facts.refreshToken === 'missing',
    says: 'The request has no refresh_token.',
    fix: 'Ask for the scope offline when users sign in, and keep the refresh token of the answer.',
  },
  {
    ...wrong('refresh.access-token'),
    test: (given) => isTried(given) && given.facts.refreshToken === 'access-token',
    says: 'What was sent as refresh_token is an access token or an ID token.',
    fix: 'Send the refresh_token of the token response.',
  },
  {
    ...wrong('refresh.unknown'),
    test: (given) => isTried(given) && given.facts.refreshToken === 'unknown',
    says: 'Nobody got this refresh token here: it is of another environment, or of state that was reset since.',
    fix: 'Sign in again. If it happens after each restart, let the local Kinde keep its state.',
  },
  {
    ...wrong('refresh.of-another-client'),
    test: (given) => isTried(given) && given.facts.refreshToken === 'of-another-client',
    says: ({ flow, facts }) =>
      `The refresh token was issued to ${flow.application}, and ${facts.application?.name} tries to use it.`,
    fix: 'Use the client id that the user signed in with.',
  },
  {
    ...wrong('refresh.reused'),
    test: (given) =>
      isOwn(given) &&
      !given.facts.hadEnded &&
      given.facts.replacedFor !== undefined &&
      given.facts.replacedFor >= (given.facts.overlap ?? 0),
    says: (given) => {
      const { replacedFor = 0, overlap = 0 } = given.facts;
      const first = earlierUse(given, 'refresh_token');
      const by = first ? ` by step ${first.number} (${agentName(first.userAgent)})` : '';
      return `The refresh token was replaced ${seconds(replacedFor)} earlier${by}; it works for ${seconds(overlap)} after that. Kinde ends the whole sign-in then: no token of it works any more.`;
    },
    fix: 'Keep the new refresh token of each answer before anything else happens, where every process finds it. Let one process refresh at a time.',
  },
  {
    ...wrong('refresh.ended'),
    test: (given) => isOwn(given) && given.facts.hadEnded === true,
    says: (given) => {
      const end = endOf(given);
      const by = end
        ? `in step ${end.number}: ${end.title.toLowerCase()} (${agentName(end.userAgent)})`
        : 'before';
      return `The sign-in had ended ${by}.`;
    },
    fix: 'Ask the user to sign in again. If nobody signed out, look at the step that ended it.',
  },
  {
    ...wrong('refresh.late'),
    test: (given) => isOwn(given) && !given.facts.hadEnded && (given.facts.refreshLate ?? 0) > 0,
    says: ({ facts }) => `The refresh token expired ${seconds(facts.refreshLate ?? 0)} ago.`,
    fix: 'Ask the user to sign in again. Each refresh starts the lifetime anew.',
  },
  {
    ...wrong('user.denied'),
    step: ['exchange', 'refresh'],
    test: (given) => isRefused(given) && given.facts.denied !== undefined && !given.facts.hadEnded,
    says: ({ facts, flow }) => `${flow.person ?? 'The user'} gets no tokens: ${facts.denied}`,
    fix: 'This is what the app sees when an administrator does it: sign the user out of the app.',
  },
  {
    ...remark('refresh.at-once'),
    test: (given) => isWell(given) && (given.facts.replacedFor ?? -1) === 0,
    says: (given) => {
      const first = earlierUse(given, 'refresh_token');
      return `The same refresh token was used in step ${first?.number}, at the same moment: two requests refresh at once. Kinde tolerates that for ${seconds(given.facts.overlap ?? 0)}, by its documentation.`;
    },
    fix: 'Let one request refresh and the others wait for its result.',
  },
  {
    ...remark('refresh.old-token'),
    test: (given) => isWell(given) && (given.facts.replacedFor ?? 0) > 0,
    says: ({ facts }) =>
      `The refresh token was replaced ${seconds(facts.replacedFor ?? 0)} earlier. It worked because that is within ${seconds(facts.overlap ?? 0)}; a moment later, the whole sign-in would have ended.`,
    fix: 'Keep the new refresh token of each answer, where every process finds it.',
  },
  {
    ...remark('refresh.early'),
    test: (given) =>
      isWell(given) &&
      (given.facts.tokenLeft ?? 0) >= EARLY &&
      given.facts.replacedFor === undefined,
    says: ({ facts }) =>
      `The access token would have lived ${seconds(facts.tokenLeft ?? 0)} still.`,
    fix: 'Refresh shortly before the end, or when claims have to be new.',
  },
  {
    ...remark('refresh.often'),
    test: (given) => inLastMinute(given) >= OFTEN,
    says: (given) => `Refreshed ${inLastMinute(given)} times in a minute.`,
    fix: 'Keep the tokens: something refreshes on every request.',
  },
];

function wrong(id: string): Pick<Row, 'id' | 'step' | 'level' | 'parameter' | 'docs'> {
  return { id, step: 'refresh', level: 'wrong', parameter: 'refresh_token', docs: refused };
}

function remark(id: string): Pick<Row, 'id' | 'step' | 'level' | 'parameter' | 'docs'> {
  return { ...wrong(id), level: 'remark', docs: DOCS.refresh };
}

/** Whether the client proved itself, so that the token was looked at. */
function isTried(given: Given): boolean {
  const { facts, step } = given;
  return isRefused(given) && facts.sentAs === 'form' && step.answered.error !== 'invalid_client';
}

function isOwn(given: Given): boolean {
  return isTried(given) && given.facts.refreshToken === 'known' && given.facts.denied === undefined;
}

/** The step that ended the sign-in. */
function endOf({ flow, step }: Given): FlowStep | undefined {
  const ends = ({ kind, answered, number }: FlowStep) => {
    const twice = answered.description?.includes('used before') === true;
    return number < step.number && (twice || kind === 'revoke' || kind === 'logout');
  };
  return flow.steps.find(ends);
}
