import { bare } from '@kindling/internal';
import { authenticate } from '../caller/authenticate.js';
import type { Context } from '../context.js';
import { KindeError } from '../errors.js';
import type { HttpRequest, Redirect } from '../http/http.js';
import { safeReturnTo } from '../http/return-to.js';

/** Options for a link into Kinde's self-serve portal. */
export interface PortalOptions {
  /** The page of the portal to open. @default 'profile' */
  page?: (typeof PAGES)[number];
  /** A path or URL of this app, to which the portal's "back" link leads. @default `postLoginRedirect` */
  returnTo?: string;
}

const PAGES = [
  'profile',
  'organization_details',
  'organization_members',
  'organization_payment_details',
  'organization_plan_details',
  'organization_plan_selection',
  'payment_details',
  'plan_details',
  'plan_selection',
] as const;

/**
 * Sends the signed-in user to Kinde's self-serve portal, by a link that works once.
 * @throws KindeError `signed_out`, `param_invalid`, `account_unavailable`.
 */
export async function portal(
  request: HttpRequest,
  context: Context,
  options: PortalOptions = {},
): Promise<Redirect> {
  const { page = 'profile', returnTo } = bare(options);
  if (!PAGES.includes(page)) {
    throw new KindeError(
      'param_invalid',
      'The parameter page does not name a page of Kinde’s portal.',
      {
        reason: 'page',
        fix: `Pass one of ${PAGES.join(', ')}.`,
      },
    );
  }
  const { auth, cookies } = await authenticate(request, context);
  if (!auth.isAuthenticated) {
    throw new KindeError('signed_out', 'Please sign in.', { reason: auth.reason });
  }
  const query = { subnav: page, return_url: safeReturnTo(returnTo, context.config.returnRules) };
  return { location: await context.accountApi.portalLink(auth.accessToken, query), cookies };
}
