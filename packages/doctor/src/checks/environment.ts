import {
  createKinde,
  KindeError,
  memoryStore,
  optionsFromEnv,
  type Kinde,
  type KindeOptions,
} from '@kindling/core';
import { nearest } from '@kindling/internal';
import { say, type Checked, type Statement } from '../finding.js';
import type { Settings } from '../options.js';
import { OTHERS, SPELLINGS, unreadFile, valueOf } from '../variables.js';

/** The app that the environment configures. */
export interface App {
  readonly kinde: Kinde;
  readonly issuer: string;
  /** The origin at which this machine reaches the issuer, where that is another. */
  readonly backchannelUrl: string | undefined;
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  readonly redirectUri: string;
  readonly postLogoutRedirectUri: string;
}

/** The options of the environment, right or wrong; the app only where it would start. */
export interface Environment {
  readonly options: Partial<KindeOptions>;
  readonly app: App | undefined;
}

/** Reports the errors with which the app would not start, and variables that contradict each other or are not read. */
export function checkEnvironment(settings: Settings): Checked<Environment> {
  const { env } = settings;
  const { options, problems } = read(settings);
  const started = start(options as KindeOptions);
  const errors = [...new Set([...problems, ...started.problems])];
  const statements = [
    ...recognised(env),
    ...unread(env),
    ...errors.map((error) => say('failed', error)),
    ...contradictions(env),
    ...sharedSecret(env),
  ];
  if (errors.length > 0) {
    return { statements, found: { options, app: undefined } };
  }
  return { statements, found: { options, app: started.app } };
}

/** Reads the options as the app does. Its session store is not known here, so that one in memory stands in. */
function read({ env, fetch, production }: Settings): {
  options: Partial<KindeOptions>;
  problems: readonly string[];
} {
  const given = {
    fetch,
    production,
    session: { store: memoryStore() },
  };
  try {
    return { options: optionsFromEnv(env, given), problems: [] };
  } catch (error) {
    if (!(error instanceof KindeError)) {
      throw error;
    }
    const rest = {
      ...env,
      SESSION_TYPE: undefined,
      GRANT_TYPE: undefined,
    };
    return { options: optionsFromEnv(rest, given), problems: error.problems };
  }
}

function start(options: KindeOptions): { app?: App; problems: readonly string[] } {
  try {
    const kinde = createKinde(options);
    const { origin, pathname } = new URL(options.siteUrl);
    const site = (origin + pathname).replace(/\/$/, '');
    const { issuer, backchannelUrl, clientId, clientSecret } = options;
    const { redirectUri = `${site}/callback`, postLogoutRedirectUri = site } = options;
    return {
      app: {
        kinde,
        issuer,
        backchannelUrl,
        clientId,
        clientSecret,
        redirectUri,
        postLogoutRedirectUri,
      },
      problems: [],
    };
  } catch (error) {
    if (!(error instanceof KindeError)) {
      throw error;
    }
    return { problems: error.problems };
  }
}

function recognised(env: Settings['env']): Statement[] {
  const known = [...SPELLINGS.flat(), ...OTHERS];
  const set = Object.keys(env).filter((name) => env[name]?.trim());
  const unknown = set.filter((name) => name.startsWith('KINDE_') && !known.includes(name));
  const found = known.filter((name) => set.includes(name));
  const statements = unknown.map((name) => {
    const guess = nearest(name, known);
    const hint = guess ? ` Did you mean ${guess}?` : '';
    return say('warning', `${name} is not read by this SDK.${hint}`, 'Check its spelling.');
  });
  if (found.length > 0) {
    statements.unshift(say('ok', `Read: ${found.join(', ')}.`));
  }
  return statements;
}

/** Explains an environment without any variable of Kinde: everything else that fails then has this one cause. */
function unread(env: Settings['env']): Statement[] {
  const isSet = Object.keys(env).some((name) => name.startsWith('KINDE_') && env[name]?.trim());
  if (isSet) {
    return [];
  }
  const file = unreadFile();
  if (file) {
    const detail = `No KINDE_* variable is set, but the file ${file} in this folder has some: it was not read.`;
    const fix = `Check it with kindling-doctor --env ${file}, and start your app with node --env-file=${file}.`;
    return [say('warning', detail, fix)];
  }
  const fix =
    'Set the variables below, or read them from a file with --env. To try without an account: npx @kindling/emulator --env .env';
  return [say('warning', 'No KINDE_* variable is set.', fix)];
}

function contradictions(env: Settings['env']): Statement[] {
  return SPELLINGS.flatMap((names) => {
    const [first, ...others] = names.flatMap((name) => {
      const value = env[name]?.trim();
      return value ? [{ name, value: plain(value) }] : [];
    });
    const differing = others.filter(({ value }) => value !== first?.value);
    return differing.map(({ name }) =>
      say(
        'warning',
        `${first?.name} and ${name} differ; ${first?.name} is used.`,
        `Unset ${name}.`,
      ),
    );
  });
}

/** Removes the parts of a domain that make no difference: its scheme, and slashes at its end. */
function plain(value: string): string {
  return value.replace(/^https:\/\//, '').replace(/\/+$/, '');
}

function sharedSecret(env: Settings['env']): Statement[] {
  const client = valueOf(env, 'KINDE_CLIENT_SECRET');
  const session = valueOf(env, 'KINDE_SESSION_SECRET');
  if (client === undefined || client !== session) {
    return [];
  }
  return [
    say(
      'warning',
      'The session secret equals the client secret: a leak of one exposes both, and rotating one breaks the other.',
      'Set KINDE_SESSION_SECRET to a value of its own: openssl rand -hex 32',
    ),
  ];
}
