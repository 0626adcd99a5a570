/** Names of parameters whose values are secrets, or stand for a sign-in that somebody else could finish. */
const NAMES =
  /^(?:code|code_verifier|code_challenge|state|nonce|key|request|reauth_state|invitation_code|id_token_hint|authorization|assertion|client_assertion|device_code|user_code)$|secret|api_?key|token(?!_type_hint$)|confirmation|password/i;

/** Values that are tokens, wherever they stand. */
const TOKEN = /^e[yw][\w-]+\.e[yw][\w-]+\./;

/** Whether the value of a parameter of this name is never written down. */
export function isSecretName(name: string): boolean {
  return NAMES.test(name);
}

/** Whether a value is a token, whatever the parameter is called. */
export function isToken(value: string): boolean {
  return TOKEN.test(value);
}
