import { own } from '@kindling/internal';
import { findClient } from '../oauth/client-auth.js';
import { nameOf } from '../pages/person.js';
import { findPerson } from '../state/sign-ins.js';
import type { Person, State } from '../state/state.js';
import type { ApplicationFacts, Facts } from './facts.js';
import type { Answered, Flow, FlowOutcome, FlowStep, StepKind } from './flow.js';
import { printable, withoutValues, type Reader } from './parameters.js';
import type { Beginning, KeyKind, Store } from './store.js';

/** What came in the body of a request. */
export interface Sent {
  /** Its parameters: of a form, or the texts of a JSON object. */
  readonly params: URLSearchParams;
  /** How they came. */
  readonly as: 'form' | 'json' | 'other' | 'nothing';
}

/** One request and its answer, with what is needed to make steps of them. */
export interface Sighting {
  readonly state: State;
  readonly store: Store;
  readonly reader: Reader;
  readonly request: Request;
  readonly url: URL;
  readonly sent: Sent;
  /** Status of the answer; 0 where there was none. */
  readonly status: number;
  /** Headers of the answer. */
  readonly headers: Headers;
  /** Text of the answer, where it is short. */
  readonly body: string;
  readonly userAgent: string;
  /** Name of the fault that hit the request. */
  readonly fault: string | undefined;
  /** Steps that were made of it. */
  readonly made: { readonly flow: Flow; readonly step: FlowStep }[];
}

/** Steps of a flow that are kept, and how many of the first ones are among them. */
const MOST_STEPS = 200;
const FIRST_STEPS = 20;

/** A step before it has a number and a time. */
export interface NewStep {
  readonly kind: StepKind;
  readonly title: string;
  readonly facts?: Facts;
  readonly answered?: Partial<Answered>;
  /** Parameters; by default those of the query and the form. */
  readonly parameters?: Iterable<readonly [string, string]>;
  /** How the flow stands if this was answered as asked; it failed otherwise. @default as before, if it was */
  readonly outcome?: FlowOutcome | undefined;
  /** Whether a refusal ends nothing, because the same form can be sent again. @default false */
  readonly canRetry?: boolean;
}

/** Adds a step to a flow. */
export function addStep(sighting: Sighting, flow: Flow, given: NewStep): FlowStep {
  const { request, url, reader, state, userAgent, fault } = sighting;
  const time = Date.now();
  const step: FlowStep = {
    number: (flow.steps.at(-1)?.number ?? 0) + 1,
    kind: given.kind,
    title: given.title,
    address: `${request.method} ${printable(url.pathname)}`,
    parameters: reader.readAll(given.parameters ?? parametersOf(sighting)),
    answered: { ...answerOf(sighting, given.kind), ...given.answered },
    at: state.clock.now(),
    time,
    since: time - flow.time,
    userAgent,
    entry: 0,
    facts: { ...given.facts, ...(fault !== undefined && { fault }) },
  };
  flow.steps.push(step);
  if (flow.steps.length > MOST_STEPS) {
    flow.steps.splice(FIRST_STEPS, 1);
  }
  if (isWell(sighting)) {
    flow.outcome = given.outcome ?? flow.outcome;
  } else if (!given.canRetry) {
    flow.outcome = 'failed';
  }
  sighting.made.push({ flow, step });
  return step;
}

/** What was answered. Choosing a user or an organization worked, whatever came of it: the next step has the answer. */
function answerOf(sighting: Sighting, kind: StepKind): Answered {
  if (kind === 'person' || kind === 'organization') {
    return { status: 200 };
  }
  return { status: sighting.status, ...errorOf(sighting) };
}

/** The newest flow that a value belongs to. */
export function findFlow(
  { store, reader }: Sighting,
  kind: KeyKind,
  value: string | null | undefined,
): Flow | undefined {
  return value ? store.find(kind, reader.hash(value)) : undefined;
}

/** Begins a flow with this request. */
export function beginFlow(
  { store, state, userAgent }: Sighting,
  kind: Flow['kind'],
  more: Pick<Beginning, 'stateHash'> = {},
): Flow {
  return store.begin({ kind, at: state.clock.now(), userAgent, ...more });
}

/** Whether a request was answered as asked. */
export function isWell({ status }: Sighting): boolean {
  return status > 0 && status < 400;
}

/** Parameters of the query and the form, and how the client said who it is. */
function* parametersOf({ url, sent, request }: Sighting): Generator<readonly [string, string]> {
  const authorization = request.headers.get('authorization');
  if (authorization !== null) {
    yield ['authorization', authorization.replace(/^(?:basic|bearer) +/i, '')];
  }
  yield* url.searchParams;
  yield* sent.params;
}

/** Error of an answer: of OAuth, of an API, or of a page. */
function errorOf(sighting: Sighting): Pick<Answered, 'error' | 'description' | 'location'> {
  const location = sighting.headers.get('location');
  if (location !== null) {
    return { location: withoutValues(location) };
  }
  if (sighting.status === 0) {
    return { error: 'no_answer', description: 'A fault let no answer through.' };
  }
  return isWell(sighting) ? {} : (jsonError(sighting.body) ?? pageError(sighting.body));
}

function jsonError(body: string): { error: string; description: string } | undefined {
  const { error, error_description, errors } = parseObject(body) ?? {};
  const [first] = Array.isArray(errors) ? (errors as { code?: unknown; message?: unknown }[]) : [];
  const code = error ?? first?.code;
  if (typeof code !== 'string') {
    return undefined;
  }
  const description = String(error_description ?? first?.message ?? '');
  return { error: printable(code), description: printable(description) };
}

function pageError(body: string): { error?: string; description?: string } {
  const title = titleOf(body);
  const why = plain(/<\/h1>\s*<p[^>]*>([^]*?)<\/p>/.exec(body)?.[1] ?? '');
  const alert = plain(/role="alert"[^>]*>([^]*?)</.exec(body)?.[1] ?? '');
  return {
    ...(title && { error: title }),
    ...((alert || why) && { description: alert || why }),
  };
}

/** Heading of a page. */
export function titleOf(body: string): string {
  return plain(/<h1[^>]*>([^]*?)<\/h1>/.exec(body)?.[1] ?? '');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
};

function plain(text: string): string {
  const words = text
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return printable(
    words.replaceAll(/&(?:amp|lt|gt|quot|#39);/g, (entity) => ENTITIES[entity] ?? entity),
  );
}

/** An object of JSON, or nothing. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as never) : undefined;
  } catch {
    return undefined;
  }
}

/** Notes which application a flow is of. */
export function nameApplication(flow: Flow, state: State, clientId: string | null | undefined) {
  const found = findClient(state, clientId);
  if (clientId && (found || !flow.application)) {
    flow.clientId = printable(clientId, 100);
  }
  if (found) {
    flow.application = printable(found.name, 100);
  }
  return found;
}

/** Facts about the application that a request named, or about those that it could have named. */
export function clientFacts(state: State, clientId: string | null | undefined): Facts {
  const found = findClient(state, clientId);
  if (found) {
    const { name, clientSecret, type, redirectUris, audiences = [] } = found;
    const application: ApplicationFacts = {
      name,
      clientId: found.clientId,
      type,
      isPublic: !clientSecret,
      redirectUris: redirectUris.slice(0, 50),
      audiences,
    };
    return { application };
  }
  const known = state.applications.map((one) => ({ name: one.name, clientId: one.clientId }));
  const secretAsId = state.applications.some(
    (one) => Boolean(clientId) && one.clientSecret === clientId,
  );
  const unknownClient = secretAsId ? '…' : printable(clientId ?? '', 100);
  return { unknownClient, known: known.slice(0, 10), secretAsId };
}

/** Notes what is known of a sign-in: its user, its organization and its grant. */
export function nameGrant(sighting: Sighting, flow: Flow, grantId: string): void {
  const { state, store } = sighting;
  const grant = state.grants.get(grantId);
  if (!grant) {
    return;
  }
  flow.grantId = grantId;
  store.know(flow, 'grant', grantId);
  namePerson(flow, findPerson(state, grant.personId));
  nameOrganization(flow, state, grant.orgCode);
}

/** Notes who a flow is of. */
export function namePerson(flow: Flow, person: Person | undefined): void {
  if (person) {
    flow.personId = person.id;
    flow.person = printable(nameOf(person), 100);
  }
}

/** Notes which organization a flow is of. */
function nameOrganization(flow: Flow, state: State, code: string | undefined): void {
  if (code !== undefined) {
    flow.orgCode = printable(code, 100);
    const known = own(state.organizations, code);
    flow.organization = printable(known?.name ?? code, 100);
  }
}
