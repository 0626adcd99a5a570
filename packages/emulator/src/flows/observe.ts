// What apps did, sign-in by sign-in, as seen from outside: no endpoint knows of it.
import type { JournalEntry } from '../journal/entries.js';
import { isHeldSecret } from '../state/secrets.js';
import type { State } from '../state/state.js';
import { seeAuthorize } from './authorize.js';
import { seeAboutToken, seeBearer } from './bearer.js';
import type { Flow, Flows, FlowStep } from './flow.js';
import { seeKeys, seeLogout, seePortal } from './others.js';
import { seePage } from './pages.js';
import { createReader } from './parameters.js';
import { readAnswer, readSent } from './read.js';
import type { Sent, Sighting } from './sighting.js';
import { createStore } from './store.js';
import { seeToken } from './token.js';

/** What a step comes to, for the journal. */
export type Judge = (flow: Flow, step: FlowStep) => Pick<JournalEntry<'step'>, 'outcome' | 'text'>;

/** What is known of a request after it was observed. */
export interface Observed {
  /** Id of the flow that it belongs to. */
  readonly flow?: string;
  /** Client id that it named or proved. */
  readonly client?: string;
  /** Adds its steps to the journal, after the entry of the request that has this number. */
  tell(entry: number): void;
}

/** Makes flows of what is asked and answered. */
export interface Observer {
  /** The flows so far. */
  readonly flows: Flows;
  /** Takes a copy of what a request carries, before it is answered; `undefined` where no flow is concerned. */
  before(request: Request): Promise<Sent> | undefined;
  /** Makes steps of a request and its answer; `undefined` where a fault let none through. */
  observe(
    request: Request,
    sent: Sent | undefined,
    given: { response?: Response | undefined; fault?: string | undefined },
  ): Promise<Observed>;
}

type See = (sighting: Sighting) => void;

const PLACES: readonly (readonly [RegExp, See])[] = [
  [/^GET \/oauth2\/auth$/, seeAuthorize],
  [/^\w+ \/oauth2\/token$/, seeToken],
  [/^\w+ \/oauth2\/revoke$/, (sighting) => seeAboutToken(sighting, 'revoke')],
  [/^\w+ \/oauth2\/introspect$/, (sighting) => seeAboutToken(sighting, 'introspect')],
  [/^(?:GET|POST) \/oauth2\/(?:v2\/)?user_profile$/, (sighting) => seeBearer(sighting, 'profile')],
  [/^\w+ \/account_api\/v1\//, (sighting) => seeBearer(sighting, 'account')],
  [/^GET \/portal_redirect$/, seePortal],
  [/^GET \/logout$/, seeLogout],
  [/^GET \/\.well-known\/jwks(?:\.json)?$/, (sighting) => seeKeys(sighting, 'keys')],
  [/^GET \/\.well-known\/openid-configuration$/, (sighting) => seeKeys(sighting, 'discovery')],
  [/^(?:GET|POST) \/emulator\/(?:sign-in|register|organization|code|password|allow)$/, seePage],
];

/** Observes flows from outside: no handler knows of it. */
export function observeFlows(state: State, judge: Judge): Observer {
  const store = createStore(state.random);
  const reader = createReader((value) => isHeldSecret(state, value));
  return {
    flows: store,
    before: (request) => (placeOf(request) ? readSent(request) : undefined),
    async observe(request, sent, { response, fault }) {
      const see = placeOf(request);
      if (!see || !sent || request.method === 'OPTIONS') {
        return { tell: () => undefined };
      }
      const sighting: Sighting = {
        state,
        store,
        reader,
        request,
        sent,
        fault,
        url: new URL(request.url),
        status: response?.status ?? 0,
        headers: response?.headers ?? new Headers(),
        body: response ? await readAnswer(request, response) : '',
        userAgent: (request.headers.get('user-agent') ?? '').slice(0, 300),
        made: [],
      };
      try {
        see(sighting);
      } catch (error) {
        // An app must not notice that somebody looks on.
        const text = `This request could not be inspected: ${(error as Error).message}`;
        state.journal.append({ kind: 'remark', text });
      }
      return observedOf(sighting, judge);
    },
  };
}

function placeOf(request: Request): See | undefined {
  const address = `${request.method} ${new URL(request.url).pathname}`;
  return PLACES.find(([pattern]) => pattern.test(address))?.[1];
}

function observedOf({ made, state }: Sighting, judge: Judge): Observed {
  const flow = made[0]?.flow;
  return {
    ...(flow && { flow: flow.id }),
    ...(flow?.clientId !== undefined && { client: flow.clientId }),
    tell(entry) {
      for (const one of made) {
        one.step.entry = entry;
        const judged = judge(one.flow, one.step);
        state.journal.append({ kind: 'step', flow: one.flow.id, step: one.step.kind, ...judged });
      }
    },
  };
}
