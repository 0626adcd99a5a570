import { derive } from '../identity/identity.js';
import type { Application, State } from '../state/state.js';

/** What an app needs to know to sign in here. */
export interface Facts {
  /** Issuer. */
  readonly issuer: string;
  /** `http` or `https`. */
  readonly protocol: string;
  /** Client id of the first back-end application. */
  readonly clientId: string;
  /** Its secret; empty where it has none. */
  readonly clientSecret: string;
  /** Address of the app. */
  readonly siteUrl: string;
  /** Redirect URI of the first back-end application. */
  readonly redirectUri: string;
  /** Where it goes on after signing out. */
  readonly logoutUri: string;
  /** Audiences, with spaces between. */
  readonly audience: string;
  /** Secret for the app's own sessions. */
  readonly sessionSecret: string;
  /** Client id of the first single-page application, or else of the back-end one. */
  readonly browserClientId: string;
  /** Its redirect URI. */
  readonly browserRedirectUri: string;
  /** Credentials of the first application that may use the Management API. */
  readonly machine?: { readonly clientId: string; readonly clientSecret: string };
}

/** An application of which nothing is known. */
const NONE = {
  clientId: '',
  clientSecret: '',
  redirectUris: [],
  logoutUris: [],
  audiences: [],
} satisfies Partial<Application>;

/** What an app needs to know to sign in here; `callback` is the path that its SDK usually handles. */
export function factsOf(state: State, callback = '/callback'): Facts {
  const { applications, identity, issuer, siteUrl } = state;
  const backEnd = {
    ...NONE,
    ...backEndOf(state),
  };
  const browser = {
    ...backEnd,
    ...ofType(applications, 'spa'),
  };
  const machine = applications.find(({ management }) => management !== undefined);
  const usual = siteUrl + (callback === '/' ? '' : callback);
  const [logoutUri = siteUrl] = backEnd.logoutUris;
  return {
    issuer,
    protocol: new URL(issuer).protocol.replace(':', ''),
    clientId: backEnd.clientId,
    clientSecret: backEnd.clientSecret,
    siteUrl,
    redirectUri: redirectOf(backEnd, usual),
    logoutUri,
    audience: backEnd.audiences.join(' '),
    sessionSecret: derive(identity, 'session secret', 64),
    browserClientId: browser.clientId,
    browserRedirectUri: redirectOf(browser, usual),
    ...(machine && {
      machine: {
        ...NONE,
        ...machine,
      },
    }),
  };
}

/** The application that is meant where none is named: the first back-end one, or else the first. */
export function backEndOf({ applications }: State): Application | undefined {
  return ofType(applications, 'reg') ?? applications[0];
}

function ofType(
  applications: readonly Application[],
  type: Application['type'],
): Application | undefined {
  return applications.find((one) => one.type === type);
}

/** The usual redirect URI, if the application may use it, or else its first one. */
function redirectOf(
  { redirectUris }: { readonly redirectUris: readonly string[] },
  usual: string,
): string {
  return redirectUris.includes(usual) ? usual : (redirectUris[0] ?? usual);
}
