/** The variables of each setting. The first one that is set wins. */
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

/** Further variables that are read. */
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

/** Reads a setting, by the first of its variables. */
export function valueOf(env: Environment, first: string): string | undefined {
  const names = SPELLINGS.find(([name]) => name === first) ?? [first];
  return names.map((name) => env[name]?.trim()).find(Boolean);
}

/** Characters of a value that can be replaced without harm to other words. */
const SHORTEST_SECRET = 4;

/** Lists the values that must not be shown: those of all variables with a name for secrets. */
export function secretsOf(env: Environment): string[] {
  const named = Object.entries(env).filter(([name]) => /SECRET|PASSWORD|TOKEN|_KEY$/i.test(name));
  const values = named.map(([, value]) => value?.trim() ?? '');
  return values.filter((value) => value.length >= SHORTEST_SECRET);
}
