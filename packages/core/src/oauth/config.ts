import type { Config } from '../options/config.js';

/** The options that decide how Kinde is asked and how its answers are verified. */
export type OAuthConfig = Pick<
  Config,
  | 'issuer'
  | 'clientId'
  | 'clientSecret'
  | 'clientAuthentication'
  | 'redirectUri'
  | 'scope'
  | 'audience'
  | 'clockTolerance'
  | 'timeout'
  | 'production'
  | 'localRefusal'
  | 'backchannelUrl'
  | 'fetch'
  | 'diagnostics'
  | 'nameOf'
>;
