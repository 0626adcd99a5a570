import type { Emulator } from '../emulator.js';
import { dirname } from 'node:path';
import { assignment } from '../env/format.js';
import type { Sdk } from '../env/sdks.js';
import { variablesFor } from '../env/variables.js';
import { DEFAULT_ENVIRONMENT, projectFolder } from '../keep/place.js';
import type { Person, State } from '../state/state.js';
import { clean } from './print.js';
import { trustLines } from './trust.js';

/** Users that are named one by one. */
const MOST_PEOPLE = 12;

/** What is told once a local Kinde listens. */
export interface Screen {
  /** The local Kinde. */
  readonly emulator: Pick<Emulator, 'state'>;
  /** Its address. */
  readonly url: string;
  /** Link that opens its dashboard. */
  readonly dashboard: string;
  /** Name of the environment. */
  readonly environment: string;
  /** Whether other machines reach it. */
  readonly isReachable: boolean;
  /** SDK of the app. */
  readonly sdk: string;
  /** File of the seed, if there is one. */
  readonly seedFile: string | undefined;
  /** File of the state; `undefined` where nothing is kept. */
  readonly stateFile: string | undefined;
  /** File of the certificate of `--https`, if one is kept. */
  readonly certificate: string | undefined;
}

/** The lines at start-up: where to look, who can sign in, what the app needs, and where the state is. */
export function screenOf({ emulator: { state }, ...screen }: Screen): string {
  const { sdk, values } = variablesFor(screen.sdk, state);
  const variables = Object.entries(values).map(
    ([name, value]) => `  ${clean(assignment(name, value))}`,
  );
  const what = sdk.as === 'variables' ? 'Environment' : 'Arguments';
  return [
    `Local Kinde at ${screen.url}${isDefault(screen) ? '' : ` (environment ${screen.environment})`}`,
    `Dashboard: ${screen.dashboard}`,
    `  ${nextLink(screen)}`,
    ...(screen.isReachable ? [OPEN_TO_OTHERS] : []),
    `\nUsers to sign in as:\n${peopleOf(state).join('\n')}`,
    `\n${what} for your app (${sdk.title}):\n${variables.join('\n')}`,
    ...(sdk.note === undefined ? [] : [`  ${sdk.note}`]),
    ...callbackLine(sdk, state),
    ...(screen.certificate === undefined ? [] : [trust(screen.certificate)]),
    `\n${seedLine(screen.seedFile)}${stateLine(screen.stateFile)}`,
    'Stop with Ctrl-C.\n',
  ].join('\n');
}

/** The first sign-in fails where the SDK handles callbacks at a path that is not registered. */
function callbackLine({ callback = '/' }: Sdk, { applications, siteUrl }: State): string[] {
  const url = siteUrl + callback;
  const isKnown = applications.some(({ redirectUris }) => redirectUris.includes(url));
  return callback === '/' || isKnown
    ? []
    : [
        `  It usually handles callbacks at ${callback}, not registered here: --callback ${callback}`,
      ];
}

const OPEN_TO_OTHERS = 'Other machines reach it, and whoever does can be anybody.';

function isDefault({ environment }: Pick<Screen, 'environment'>): boolean {
  return environment === DEFAULT_ENVIRONMENT;
}

/** The link works once: where the next one comes from. Commands do not find what keeps nothing. */
function nextLink({ environment, stateFile }: Pick<Screen, 'environment' | 'stateFile'>): string {
  if (stateFile === undefined) {
    return 'It works once, for ten minutes: with --memory there is no other.';
  }
  const folder = dirname(stateFile);
  const which = [
    ...(folder === projectFolder() ? [] : [`--state ${folder}`]),
    ...(isDefault({ environment }) ? [] : [`--environment ${environment}`]),
  ];
  return `It works once, for ten minutes; for another: ${['npx @kindling/emulator open', ...which].join(' ')}`;
}

function trust(file: string): string {
  return `\nTo trust its certificate, one of these for your app:\n${trustLines(file)}`;
}

function seedLine(file: string | undefined): string {
  return file === undefined ? '' : `Seed: ${file}, read again when it changes.\n`;
}

function stateLine(file: string | undefined): string {
  return file === undefined ? 'Nothing is kept.' : `State is kept in ${file}.`;
}

function peopleOf(state: State): string[] {
  const { people } = state;
  const named = people
    .slice(0, MOST_PEOPLE)
    .map((person) => `  ${clean(describePerson(person, state))}`);
  const more = people.length - named.length;
  return more > 0 ? [...named, `  and ${more} more`] : named;
}

function describePerson(
  { id, email, username, password, organizations }: Person,
  state: State,
): string {
  const memberships = Object.entries(organizations).map(([code, { roles = [] }]) => {
    const name = state.organizations[code]?.name ?? code;
    return `${name} (${roles.join(', ') || 'no role'})`;
  });
  const secret = password === undefined ? '' : ` (password ${password})`;
  return `${email ?? username ?? id}${secret}: ${memberships.join(', ') || 'no organization'}`;
}
