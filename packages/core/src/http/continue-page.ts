import { PRIVATE_HEADERS, type Reply } from './http.js';

/** Nothing but a refresh: no script, no style, no frame around it. */
const POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/**
 * A page that goes on to Kinde by itself, in place of a redirect: a redirect after a form would be held to the `form-action`
 * policy of the page with the form, and be blocked there without a word.
 */
export function continuePage(location: string, cookies: readonly string[]): Reply {
  const target = location.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
  const body = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="refresh" content="0; url=${target}">
<title>One moment</title>
<p>One moment. <a href="${target}">Continue</a></p>
</html>
`;
  const headers = {
    ...PRIVATE_HEADERS,
    'content-security-policy': POLICY,
    'content-type': 'text/html; charset=utf-8',
  };
  return {
    status: 200,
    headers,
    cookies,
    body,
  };
}
