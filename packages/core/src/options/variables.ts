import { bare } from '../own.js';

/** Option → the variables it is read from, first match wins. */
export const VARIABLES = {
  issuer: ['KINDE_ISSUER_URL', 'KINDE_HOST', 'KINDE_DOMAIN'],
  clientId: ['KINDE_CLIENT_ID'],
  clientSecret: ['KINDE_CLIENT_SECRET'],
  siteUrl: ['KINDE_SITE_URL', 'SITE_URL'],
  secret: ['KINDE_SESSION_SECRET', 'SESSION_SECRET', 'SECRET_KEY'],
  redirectUri: ['KINDE_REDIRECT_URI', 'KINDE_REDIRECT_URL', 'KINDE_CALLBACK_URL'],
  postLoginRedirect: ['KINDE_POST_LOGIN_REDIRECT_URL'],
  postLogoutRedirectUri: [
    'KINDE_POST_LOGOUT_REDIRECT_URL',
    'KINDE_LOGOUT_REDIRECT_URI',
    'LOGOUT_REDIRECT_URL',
  ],
  audience: ['KINDE_AUDIENCE'],
  scope: ['KINDE_SCOPE', 'KINDE_SCOPES'],
} as const;

/** How the text of a variable becomes an option, where it is not taken as it is. */
export const READERS: Readonly<Record<string, (text: string) => unknown>> = bare({
  issuer: (text: string) => withScheme(text).replace(/\/+$/, ''),
  audience: (text: string) => text.split(/[\s,]+/).filter(Boolean),
  scope: (text: string) => text.split(/[\s,]+/).join(' '),
});

function withScheme(domain: string): string {
  return domain.includes('://') ? domain : `https://${domain}`;
}
