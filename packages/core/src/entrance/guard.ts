import type { Requirement } from '@kindling/claims';
import { bare, own } from '@kindling/internal';
import type { Auth, SignedIn, SignedOut, SignedOutReason } from '../caller/auth.js';
import type { Context } from '../context.js';
import type { Note } from '../diagnostics/diagnostics.js';
import { findingsOf } from '../diagnostics/operation.js';
import { KindeError } from '../errors.js';
import { PRIVATE_HEADERS, requestUrl, type HttpRequest, type Reply } from '../http/http.js';
import { loginElsewhere } from '../login/elsewhere.js';
import { login } from '../login/login.js';
import { isPageLoad, wantsPage } from '../http/navigation.js';
import { refuse, toError } from './refusal.js';
import { crossSite, isFromTrustedPage } from '../http/same-origin.js';
import { explainForbidden } from './forbidden.js';

/** A requirement on the caller, such as permissions or roles, or a function that lets them through by returning `true`. */
export type Guard = Requirement | ((auth: Auth) => boolean | Promise<boolean>);

/** A guard, and how to apply it. */
export interface Rule {
  /** The requirement or function that decides. */
  readonly allow: Guard;
  /** Check live: ask Kinde's Account API instead of the token. If Kinde does not respond, the request is rejected. @default false */
  readonly live?: boolean;
  /**
   * Allow pages of every origin to make requests that change something (POST, PUT, PATCH, DELETE) with the user's session.
   * Otherwise only pages of this app and of `trustedOrigins` may. Does not apply to bearer tokens. @default false
   */
  readonly crossOrigin?: boolean;
}

/**
 * Lets a caller through (`undefined`) or answers in their place: a user who opens a page is sent to sign in and comes back to
 * it, everybody else gets 401 or 403 and, for bearer tokens, a challenge (RFC 6750). At once where that is known.
 */
export function guard(
  request: HttpRequest,
  context: Context,
  auth: Auth,
  rule: Rule,
): Reply | undefined | Promise<Reply | undefined> {
  const { allow } = rule;
  const { diagnostics } = context.config;
  const operation = diagnostics.begin('guard', {}, request);
  const isKnown = !isSet(rule, 'live') && typeof allow !== 'function' && auth.isAuthenticated;
  if (isKnown && maySend(request, context, auth, rule) && auth.has(allow)) {
    operation?.end({ ...userOf(auth), answer: 'passed' });
    return undefined;
  }
  return diagnostics.observe({ name: 'guard', details: {}, request }, (note) => {
    note(userOf(auth));
    return decide({ request, context, note }, auth, rule);
  });
}

/** The user's id, where there is a user. */
function userOf(auth: Auth): { userId?: string } {
  return auth.isAuthenticated && !auth.isMachine ? { userId: auth.user.id } : {};
}

/** A request that is decided about. */
interface Case {
  readonly request: HttpRequest;
  readonly context: Context;
  readonly note: Note<'guard'>;
}

async function decide(
  { request, context, note }: Case,
  auth: Auth,
  rule: Rule,
): Promise<Reply | undefined> {
  try {
    if (!auth.isAuthenticated) {
      const reply = await signIn(request, context, auth);
      note({ answer: 'redirected', reason: auth.reason });
      return reply;
    }
    if (!maySend(request, context, auth, rule)) {
      throw crossSite();
    }
    if (await passes(auth, rule)) {
      note({ answer: 'passed' });
      return undefined;
    }
    throw forbidden(auth, rule.allow);
  } catch (error) {
    if (!(error instanceof KindeError)) {
      throw toError(error);
    }
    note({ ...findingsOf(error), answer: 'refused' });
    if (auth.isAuthenticated && error.statusCode === 403) {
      auditDenial(request, context, auth, error);
    }
    return refuse(request, context, error);
  }
}

function auditDenial(
  request: HttpRequest,
  { config }: Context,
  auth: SignedIn,
  { code, reason }: KindeError,
): void {
  const orgCode = auth.getOrganization()?.orgCode;
  const entry = { type: 'access_denied', by: auth.via, orgCode, code, reason } as const;
  config.diagnostics.audit({ ...entry, ...userOf(auth) }, request);
}

/** Browsers send cookies along with what foreign pages make them send; nobody makes them send a bearer token. */
function maySend(
  request: HttpRequest,
  { config }: Context,
  { via }: SignedIn,
  rule: Rule,
): boolean {
  return isSet(rule, 'crossOrigin') || via === 'bearer' || isFromTrustedPage(request, config);
}

/** Rules are read at every request, so they are not copied: a member counts if it is the rule's own. */
function isSet(rule: Rule, name: 'live' | 'crossOrigin'): boolean {
  return own(rule, name) === true;
}

async function passes(auth: SignedIn, rule: Rule): Promise<boolean> {
  const { allow } = rule;
  if (typeof allow === 'function') {
    return (await allow(auth)) === true;
  }
  return (isSet(rule, 'live') ? await auth.live() : auth).has(allow);
}

/** A user who opens a page signs in and comes back to it. Everybody else is told. */
async function signIn(
  request: HttpRequest,
  context: Context,
  { reason, error }: SignedOut,
): Promise<Reply> {
  if (reason === 'unavailable') {
    throw unavailable(error);
  }
  if (!isPageLoad(request) || reason === 'bearer_invalid') {
    throw signedOutError(request, reason, context);
  }
  const returnTo = requestUrl(request, context.config).href;
  const { location, cookies } =
    loginElsewhere(request, context, returnTo) ?? (await login(request, context, { returnTo }));
  return {
    status: 302,
    headers: { ...PRIVATE_HEADERS, location },
    cookies,
    body: null,
  };
}

/** The answer is 503, whoever is away: nobody is taken for signed out because of that. */
function unavailable(cause: KindeError | undefined): KindeError {
  const { code = 'store_unavailable', reason, fix, headers = {} } = cause ?? {};
  const isStore = code === 'store_unavailable';
  return new KindeError(
    isStore ? code : 'kinde_unavailable',
    'Your session cannot be checked right now. Please try again in a moment.',
    {
      reason: isStore ? reason : code,
      fix,
      headers: { 'retry-after': String(headers['retry-after'] ?? 5) },
      cause,
    },
  );
}

function signedOutError(
  request: HttpRequest,
  reason: SignedOutReason,
  { config }: Context,
): KindeError {
  const challenge =
    reason === 'bearer_invalid'
      ? 'Bearer error="invalid_token", error_description="The access token is not valid here"'
      : 'Bearer';
  const headers = config.audience.length > 0 ? { 'www-authenticate': challenge } : {};
  const isForm = request.method !== 'GET' && wantsPage(request);
  const message = isForm ? 'You are signed out. What you sent was not saved.' : 'Please sign in.';
  return new KindeError('signed_out', message, { reason, headers });
}

function forbidden(auth: SignedIn, allow: Guard): KindeError {
  const required = bare(typeof allow === 'function' ? {} : (allow as Requirement));
  const { scopes = [], ...rest } = required;
  const scope = [scopes].flat().join(' ');
  const challenge = `Bearer error="insufficient_scope"${/^[\x21\x23-\x5b\x5d-\x7e ]+$/.test(scope) ? `, scope="${scope}"` : ''}`;
  const wanted = Object.entries(rest).map(
    ([kind, value]) => `${kind} ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return new KindeError(
    'forbidden',
    'You are signed in, but this needs a permission that you do not have.',
    {
      ...(wanted.length > 0 && { reason: `requires ${wanted.join(', ')}` }),
      fix: explainForbidden(auth, required),
      headers: auth.via === 'bearer' ? { 'www-authenticate': challenge } : {},
    },
  );
}
