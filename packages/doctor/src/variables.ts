import { environmentVariables } from '@kindling/core';

/** Variables that core reads, without `NODE_ENV`, which has a check of its own. */
const OF_CORE = environmentVariables().filter(({ option }) => option !== 'production');

/** The variables of each setting. The first one that is set wins. */
export const SPELLINGS: readonly (readonly string[])[] = [
  ...OF_CORE.map(({ variables }) => variables),
  ['KINDE_MANAGEMENT_CLIENT_ID', 'MGMT_API_CLIENT_ID'],
  ['KINDE_MANAGEMENT_CLIENT_SECRET', 'MGMT_API_CLIENT_SECRET'],
];

/** Further variables that are read. */
export const OTHERS: readonly string[] = [
  'KINDE_MANAGEMENT_DOMAIN',
  ...OF_CORE.flatMap(({ furtherVariables }) => furtherVariables),
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
