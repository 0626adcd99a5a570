import { withCauses, type KindeError } from '../errors.js';
import { PRIVATE_HEADERS, type HttpRequest, type Problem, type Reply } from './http.js';
import { wantsPage } from './navigation.js';

/** The options that decide how an error is shown. */
export interface ProblemOptions {
  /** Whether explanations are hidden from visitors. */
  readonly production: boolean;
  /** The origin of the app. */
  readonly siteUrl: string;
  /** The path below which the app lives. */
  readonly basePath: string;
  /** Where a sign-in begins, where the app has such a route. */
  readonly paths: { readonly login: string | undefined };
  /** Renders pages in the app's own design. */
  readonly renderProblem: ((problem: Problem) => string) | undefined;
}

/** What is known about a request that failed, besides the error. */
export interface Circumstances {
  /** Where the user was going. @default the page with the refused form, as far as the referrer tells */
  readonly returnTo?: string | undefined;
  /** The page of the local Kinde about the sign-in. @default none */
  readonly inspect?: string | undefined;
}

/** Turns an error into a reply: a page where a browser shows it, else a problem document (RFC 9457). */
export function problemReply(
  request: HttpRequest,
  config: ProblemOptions,
  error: KindeError,
  { returnTo = formPage(request, config), inspect }: Circumstances = {},
): Reply {
  const problem = toProblem(error, config, { returnTo, inspect });
  const isPage = wantsPage(request);
  const body = isPage ? pageOf(problem, config) : JSON.stringify(documentOf(problem));
  const type = isPage ? 'text/html; charset=utf-8' : 'application/problem+json; charset=utf-8';
  const policy = isPage && !config.renderProblem ? { 'content-security-policy': POLICY } : {};
  return {
    status: error.statusCode,
    headers: {
      ...PRIVATE_HEADERS,
      ...headersOf(error),
      ...policy,
      'content-type': type,
    },
    cookies: [error.headers['set-cookie'] ?? []].flat(),
    body,
    problem,
    code: error.code,
  };
}

/** Headers of the response to which an error leads, without `set-cookie`. */
export function headersOf({ headers, statusCode }: KindeError): Record<string, string> {
  const { 'set-cookie': _, ...others } = headers;
  const plain = Object.entries(others).map(([name, value]) => [name, String(value)]);
  return { ...(statusCode > 502 && RETRY), ...(Object.fromEntries(plain) as object) };
}

/** The delay of a retry where the error names none: 503 and 504 pass by themselves. */
const RETRY = { 'retry-after': '5' };

/** The page of this app from which a form was posted; its own address cannot be opened again. */
function formPage(
  { method, headers }: HttpRequest,
  { siteUrl }: ProblemOptions,
): string | undefined {
  const referrer = headers.get('referer');
  if (method === 'GET' || referrer === null || !URL.canParse(referrer)) {
    return undefined;
  }
  if (new URL(referrer).origin !== siteUrl) {
    return undefined;
  }
  return referrer;
}

const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

const TITLES: Readonly<Record<number, string>> = {
  400: 'This sign-in did not work',
  401: 'Please sign in',
  403: 'You may not do this',
  405: 'That is not possible here',
  500: 'Something is wrong with this site',
  502: 'Signing in is not possible right now',
  503: 'Signing in is not possible right now',
  504: 'Signing in is not possible right now',
};

/** The problem as a document (RFC 9457), whose type is the page about it where that may be told. */
function documentOf({ docs = 'about:blank', ...problem }: Problem): object {
  return { type: docs, ...problem };
}

/** Visitors of a production site learn what to do; which check failed is for the developer. */
function toProblem(
  error: KindeError,
  { production, paths }: ProblemOptions,
  { returnTo, inspect }: Circumstances,
): Problem {
  const { statusCode: status, code } = error;
  const isServerSide = status >= 500;
  const canRetry = status === 400 || status === 401 || isServerSide;
  const detail = production && isServerSide ? 'Please try again in a moment.' : error.message;
  return {
    status,
    code,
    title: TITLES[status] ?? 'Something went wrong',
    detail,
    ...(!production && forDeveloper(error, inspect)),
    ...(canRetry && paths.login && { retry: loginLink(paths.login, returnTo) }),
  };
}

/** Which check failed, why, what to do, and where to read on. */
function forDeveloper(
  error: KindeError,
  inspect: string | undefined,
): Pick<Problem, 'reason' | 'cause' | 'fix' | 'docs' | 'inspect'> {
  const { reason, fix, docs } = error;
  const cause = causeOf(error);
  return {
    ...(reason !== undefined && { reason }),
    ...(cause !== undefined && { cause }),
    ...(fix !== undefined && { fix }),
    ...(inspect !== undefined && { inspect }),
    docs,
  };
}

/** The system's or the app's own words for what happened, from the error at the bottom. */
function causeOf(error: KindeError): string | undefined {
  const [, ...causes] = withCauses(error);
  const cause = causes.at(-1) as (Error & { code?: string }) | undefined;
  if (!cause) {
    return undefined;
  }
  const { code = '', message } = cause;
  return message.includes(code) ? message : `${message} (${code})`;
}

function loginLink(login: string, returnTo: string | undefined): string {
  if (returnTo === undefined) {
    return login;
  }
  return `${login}?${new URLSearchParams({ return_to: returnTo })}`;
}

function pageOf(problem: Problem, { renderProblem, basePath }: ProblemOptions): string {
  if (renderProblem) {
    return renderProblem(problem);
  }
  return renderPage(problem, `${basePath}/`);
}

function renderPage(
  { status, code, title, detail, reason, cause, fix, inspect, docs, retry }: Problem,
  home: string,
): string {
  const facts: (readonly [name: string, text: string])[] = [];
  const rows = [
    ['Code', code],
    ['Reason', reason],
    ['Cause', cause],
    ['Fix', fix],
  ] as const;
  for (const [name, text] of rows) {
    if (text !== undefined) {
      facts.push([name, text]);
    }
  }
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<style>
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { max-width: 34rem; margin: 15vh auto 0; padding: 0 1.5rem }
p.status { opacity: .65; margin: 0 } h1 { margin: .2em 0 .6em; font-size: 1.6rem; line-height: 1.2 }
dl { display: grid; grid-template-columns: auto 1fr; gap: .3em 1em; font-size: .9rem; padding: 1em; border: 1px solid #8886; border-radius: .5rem }
dt { opacity: .65 } dd { margin: 0; overflow-wrap: anywhere } a { color: inherit }
</style>
<main>
<p class="status">${status}</p>
<h1>${escape(title)}</h1>
<p>${escape(detail)}</p>
<dl>${facts.map(([name, text]) => `<dt>${name}</dt><dd>${withCode(text)}</dd>`).join('')}${inspect ? signIn(inspect) : ''}${docs ? more(docs) : ''}</dl>
<p>${retry ? `<a href="${escape(retry)}">${status === 401 ? 'Sign in' : 'Sign in again'}</a> · ` : ''}<a href="${escape(home)}">Home</a></p>
</main>
</html>
`;
}

/** Where a developer sees what happened at the local Kinde. */
function signIn(inspect: string): string {
  return `<dt>Sign-in</dt><dd><a href="${escape(inspect)}">See this sign-in at the local Kinde</a></dd>`;
}

/** Where a developer reads on. */
function more(docs: string): string {
  return `<dt>More</dt><dd><a href="${escape(docs)}">About this error</a>, or check the whole set-up: <code>npx @kindling/doctor --env .env</code></dd>`;
}

/** A text in which names of the code are between backticks. */
function withCode(text: string): string {
  return escape(text).replace(/`([^`]+)`/g, '<code>$1</code>');
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}
