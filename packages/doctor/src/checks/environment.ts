import {
  createKinde,
  KindeError,
  memoryStore,
  optionsFromEnv,
  type Kinde,
  type KindeOptions,
} from '@kindling/core';
import { say, type Checked, type Statement } from '../finding.js';
import type { Settings } from '../options.js';
import { OTHERS, SPELLINGS, valueOf } from '../variables.js';

/** The app as its environment describes it, fit to be started. */
export interface App {
  readonly kinde: Kinde;
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  readonly redirectUri: string;
  readonly postLogoutRedirectUri: string;
}

/** What was read, right or wrong; the app only where it would start. */
export interface Environment {
  readonly options: Partial<KindeOptions>;
  readonly app: App | undefined;
}

/** What the app would say at its start, and what it would not: variables that contradict each other or are not read. */
export function checkEnvironment(settings: Settings): Checked<Environment> {
  const { options, problems } = read(settings);
  const started = start(options as KindeOptions);
  const wrong = [...new Set([...problems, ...started.problems])];
  return {
    statements: [
      ...recognised(settings.env),
      ...wrong.map((problem) => say('failed', problem)),
      ...contradictions(settings.env),
      ...sharedSecret(settings.env),
    ],
    found: { options, app: wrong.length === 0 ? started.app : undefined },
  };
}

/** Options as the app reads them. The session store is the app's own affair: nothing is opened here. */
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
    const { issuer, clientId, clientSecret } = options;
    const { redirectUri = `${site}/callback`, postLogoutRedirectUri = site } = options;
    return {
      app: {
        kinde,
        issuer,
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
  const strange = set.filter((name) => name.startsWith('KINDE_') && !known.includes(name));
  const found = known.filter((name) => set.includes(name));
  return [
    ...(found.length > 0 ? [say('ok', `Read: ${found.join(', ')}.`)] : []),
    ...strange.map((name) =>
      say(
        'warning',
        `${name} is not read by anything here.`,
        'Look for a misspelling, or leave it to whoever reads it.',
      ),
    ),
  ];
}

function contradictions(env: Settings['env']): Statement[] {
  return SPELLINGS.flatMap((names) => {
    const set = names.filter((name) => env[name]?.trim());
    const [first, ...others] = set;
    const differing = others.filter((name) => plain(env[name]!) !== plain(env[first!]!));
    return differing.map((name) =>
      say('warning', `${first} and ${name} are not the same; ${first} counts.`, `Unset ${name}.`),
    );
  });
}

/** A domain may be written with or without its scheme, and with a slash at its end. */
function plain(value: string): string {
  return value
    .trim()
    .replace(/^https:\/\//, '')
    .replace(/\/+$/, '');
}

function sharedSecret(env: Settings['env']): Statement[] {
  const client = valueOf(env, 'KINDE_CLIENT_SECRET');
  const session = valueOf(env, 'KINDE_SESSION_SECRET');
  if (client !== undefined && client === session) {
    return [
      say(
        'warning',
        'The session secret is the client secret: whoever learns the one, or rotates it, has or breaks the other.',
        'Set KINDE_SESSION_SECRET to a value of its own: openssl rand -hex 32',
      ),
    ];
  }
  return [];
}
