import type { State } from './state.js';

/** Whether a value is a secret that this tenant gave out, wherever an app sends it by mistake. */
export function isHeldSecret(state: State, value: string): boolean {
  const { applications, codes, pending, portalKeys, refreshTokens, sessions } = state;
  const given = [codes, pending, portalKeys, refreshTokens, sessions];
  return (
    value !== '' &&
    (given.some((one) => one.has(value)) ||
      applications.some(({ clientSecret }) => clientSecret === value))
  );
}
