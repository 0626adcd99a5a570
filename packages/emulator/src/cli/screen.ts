import type { Emulator } from '../emulator.js';
import { assignment } from '../env/format.js';
import { variablesFor } from '../env/variables.js';
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
    `Local Kinde at ${screen.url}`,
    `Dashboard: ${screen.dashboard}`,
    `\nUsers to sign in as:\n${peopleOf(state).join('\n')}`,
    `\n${what} for your app (${sdk.title}):\n${variables.join('\n')}`,
    ...(sdk.note === undefined ? [] : [`  ${sdk.note}`]),
    ...(screen.certificate === undefined ? [] : [trust(screen.certificate)]),
    `\n${seedLine(screen.seedFile)}${stateLine(screen.stateFile)}`,
    'Stop with Ctrl-C.\n',
  ].join('\n');
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
