/** Spellings of one setting, the one that wins first. */
export const SPELLINGS: readonly (readonly string[])[] = [
  ['KINDE_ISSUER_URL', 'KINDE_HOST', 'KINDE_DOMAIN'],
  ['KINDE_CLIENT_ID'],
  ['KINDE_CLIENT_SECRET'],
  ['KINDE_SITE_URL', 'SITE_URL'],
  ['KINDE_SESSION_SECRET', 'SESSION_SECRET', 'SECRET_KEY'],
  ['KINDE_REDIRECT_URI', 'KINDE_REDIRECT_URL', 'KINDE_CALLBACK_URL'],
  ['KINDE_POST_LOGIN_REDIRECT_URL'],
  ['KINDE_POST_LOGOUT_REDIRECT_URL', 'KINDE_LOGOUT_REDIRECT_URI', 'LOGOUT_REDIRECT_URL'],
  ['KINDE_AUDIENCE'],
  ['KINDE_SCOPE', 'KINDE_SCOPES'],
  ['KINDE_MANAGEMENT_CLIENT_ID', 'MGMT_API_CLIENT_ID'],
  ['KINDE_MANAGEMENT_CLIENT_SECRET', 'MGMT_API_CLIENT_SECRET'],
];

/** Settings with one spelling that are not options of their own. */
export const OTHERS = [
  'KINDE_MANAGEMENT_DOMAIN',
  'KINDE_COOKIE_DOMAIN',
  'SITE_HOST',
  'SITE_PORT',
  'SESSION_TYPE',
  'SESSION_FILE_DIR',
  'SESSION_PERMANENT',
  'GRANT_TYPE',
];

type Environment = Readonly<Record<string, string | undefined>>;

/** What counts among the spellings of the setting that has this first one. */
export function valueOf(env: Environment, first: string): string | undefined {
  const names = SPELLINGS.find(([name]) => name === first) ?? [first];
  return names.map((name) => env[name]?.trim()).find(Boolean);
}

/** Everything in the environment that must not be shown: what is called a secret, whoever reads it. */
export function secretsOf(env: Environment): string[] {
  return Object.entries(env).flatMap(([name, value]) => {
    if (value && value.trim().length >= 4 && /SECRET|PASSWORD|TOKEN|_KEY$/i.test(name)) {
      return [value.trim()];
    }
    return [];
  });
}
