import { KindeError } from '../errors.js';

/** Names of the parameter that says where to return to. The first is our own; the others are in use elsewhere. */
export const RETURN_NAMES = [
  'return_to',
  'returnTo',
  'post_login_redirect_url',
  'target_link_uri',
] as const;

/**
 * Reads a parameter that may be given once.
 * @throws KindeError `param_duplicate` where it is given more often.
 */
export function single(query: URLSearchParams, name: string): string | undefined {
  const values = query.getAll(name);
  if (values.length > 1) {
    const named = /^[\w.-]{1,32}$/.test(name) ? name : 'of this request';
    throw new KindeError('param_duplicate', `The parameter ${named} was given more than once.`, {
      reason: named,
    });
  }
  return values[0];
}

/**
 * Reads where a link asks to return to, under any of `RETURN_NAMES`.
 * @throws KindeError `param_duplicate` where one of them is given more than once.
 */
export function returnTarget(query: URLSearchParams): string | undefined {
  return RETURN_NAMES.flatMap((name) => single(query, name) ?? [])[0];
}
