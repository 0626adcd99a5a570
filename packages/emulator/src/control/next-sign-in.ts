import { textOf } from '../pages/html.js';
import type { NextAnswer, State } from '../state/state.js';
import type { Changed } from './answers.js';
import { ControlError } from './error.js';
import type { NextSignIn, SignInRequest } from './inputs.js';
import { applicationOf, organizationOf, personOf } from './lookup.js';
import type { ControlParts } from './parts.js';

/** Characters of a page that say enough of what is wrong. */
const MOST_TEXT = 500;

/** Authorization requests that are answered without a page, first come first served. */
export interface NextSignIns {
  /** Answers so many requests so, of one application or of all. */
  add(answer: NextAnswer, options: { times: number; clientId: string | undefined }): void;
  /** Answers this request so, and no other. Returns what forgets it. */
  addFor(request: Request, answer: NextAnswer): () => void;
  /** Forgets all. */
  clear(): void;
}

interface Waiting {
  readonly answer: NextAnswer;
  readonly clientId: string | undefined;
  left: number;
}

/** Creates the queue, which the authorization endpoint asks. */
export function createNextSignIns(state: State): NextSignIns {
  let queue: Waiting[] = [];
  const own = new Map<Request, NextAnswer>();
  state.nextSignIn = (request, query) => {
    const answer = own.get(request);
    if (answer) {
      return answer;
    }
    const client = query.get('client_id');
    const next = queue.find(({ clientId }) => clientId === undefined || clientId === client);
    if (next) {
      next.left -= 1;
      queue = queue.filter(({ left }) => left > 0);
    }
    return next?.answer;
  };
  return {
    add: (answer, { times, clientId }) =>
      void queue.push({
        answer,
        clientId,
        left: times,
      }),
    addFor(request, answer) {
      own.set(request, answer);
      return () => void own.delete(request);
    },
    clear() {
      queue = [];
      own.clear();
    },
  };
}

/** `nextSignIn` */
export async function nextSignIn(
  { state, nextSignIns }: ControlParts,
  { application, times = 1, ...choice }: NextSignIn,
): Promise<Changed> {
  const clientId =
    application === undefined ? undefined : applicationOf(state, application).clientId;
  nextSignIns.add(answerOf(state, choice), { times, clientId });
  return { journal: state.journal.last };
}

function answerOf(
  state: State,
  { person, organization, deny = false }: Pick<NextSignIn, 'person' | 'organization' | 'deny'>,
): NextAnswer {
  if (deny) {
    return { deny };
  }
  if (person === undefined) {
    throw new ControlError('invalid_input', 'Say who signs in with person, or deny: true.');
  }
  const { id } = personOf(state, person);
  return {
    personId: id,
    orgCode: organization && organizationOf(state, organization),
  };
}

/** `signIn` */
export async function signIn(
  { state, nextSignIns, answer }: ControlParts,
  { url, person, organization }: SignInRequest,
): Promise<{ location: string } & Changed> {
  const address = authorizationUrl(url, state);
  const asked = address.searchParams.get('org_code') ?? organization;
  if (organization !== undefined && asked !== organization) {
    const why = `The URL asks for the organization ${asked}, so that ${organization} cannot be chosen.`;
    throw new ControlError('invalid_input', why);
  }
  const request = new Request(address);
  const forget = nextSignIns.addFor(request, answerOf(state, { person, organization }));
  try {
    const response = await answer(request);
    const location = response.headers.get('location');
    if (location) {
      return {
        location,
        journal: state.journal.last,
      };
    }
    const page = textOf(await response.text())
      .trim()
      .slice(0, MOST_TEXT);
    throw new ControlError('refused', `Kinde shows a page instead: ${page}`);
  } finally {
    forget();
  }
}

function authorizationUrl(given: string, { issuer }: State): URL {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url?.origin === issuer && url.pathname === '/oauth2/auth') {
    return url;
  }
  const got = url ? url.origin + url.pathname : 'something that is no URL';
  const why = `Expected the authorization endpoint ${issuer}/oauth2/auth, got ${got}.`;
  throw new ControlError('invalid_input', why);
}
