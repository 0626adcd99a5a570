// The environment of an app that signs in here.
import { derive } from '../identity/identity.js';
import type { Application, State } from '../state/state.js';

/** Variables of an app that uses the first back-end application, and the first one that has Management API scopes. */
export function variablesOf(state: State): Readonly<Record<string, string>> {
  const { applications, identity, issuer, siteUrl } = state;
  const backEnd = applications.find(({ type }) => type === 'reg') ?? applications[0];
  return {
    ...appVariables(backEnd, siteUrl),
    KINDE_ISSUER_URL: issuer,
    KINDE_SESSION_SECRET: derive(identity, 'session secret', 64),
    ...machineVariables(applications.find(({ management }) => management !== undefined)),
  };
}

function appVariables(application: Application | undefined, site: string): Record<string, string> {
  const { clientId = '', clientSecret = '', audiences = [] } = application ?? {};
  const [redirectUri = `${site}/callback`] = application?.redirectUris ?? [];
  const [logoutUri = site] = application?.logoutUris ?? [];
  return {
    KINDE_CLIENT_ID: clientId,
    KINDE_CLIENT_SECRET: clientSecret,
    KINDE_SITE_URL: site,
    KINDE_REDIRECT_URI: redirectUri,
    KINDE_POST_LOGOUT_REDIRECT_URL: logoutUri,
    KINDE_AUDIENCE: audiences.join(' '),
  };
}

function machineVariables(application: Application | undefined): Record<string, string> {
  if (!application) {
    return {};
  }
  const { clientId, clientSecret = '' } = application;
  return { KINDE_MANAGEMENT_CLIENT_ID: clientId, KINDE_MANAGEMENT_CLIENT_SECRET: clientSecret };
}
