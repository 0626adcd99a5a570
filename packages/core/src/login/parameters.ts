import { base64url } from 'jose';
import { bare } from '@kindling/internal';
import { KindeError } from '../errors.js';
import { returnTarget, single } from '../http/query.js';

/** Authorization-request parameters. All may be set in code; links may set all except `audience`. */
export interface AuthorizationParameters {
  /** Organization to sign in to or up to, `org_…`. */
  orgCode?: string;
  /**
   * `login` asks again even if signed in, `create` shows the sign-up page, `consent` asks for consent again, `select_account`
   * lets the user choose an account, `none` shows nothing at all.
   */
  prompt?: 'login' | 'create' | 'consent' | 'select_account' | 'none';
  /** An e-mail address, `phone:+61400000000:au` or `username:ada` to fill in. */
  loginHint?: string;
  /** Language of the pages, e.g. `de`. */
  lang?: string;
  /** Go straight to this connection, e.g. `conn_…` for Google. */
  connectionId?: string;
  /** Create an organization on the way. */
  isCreateOrg?: boolean;
  /** Name for the organization that `isCreateOrg` creates. */
  orgName?: string;
  /** Show Kinde's success page at the end, for apps whose callback is no web page. */
  hasSuccessPage?: boolean;
  /** Show the success page after signing in through a browser, for desktop and mobile apps. */
  isUseAuthSuccessPage?: boolean;
  /** Run this deployment of a workflow instead of the published one. Sent as `deploy_id` and `workflow_deployment_id`. */
  workflowDeploymentId?: string;
  /** Ask Kinde to hand back the request when an e-mailed link has expired. */
  supportsReauth?: boolean;
  /** The request that Kinde handed back, to start it again. */
  reauthState?: string;
  /** Plan that was chosen on a pricing page of the app. */
  planInterest?: string;
  /** Pricing table to show instead of the default one. */
  pricingTableKey?: string;
  /** `preview` shows custom-code pages in preview. */
  pagesMode?: string;
  /** Accept this invitation; `isInvitation` goes with it by itself. */
  invitationCode?: string;
  /** Whether this login accepts an invitation. */
  isInvitation?: boolean;
  /** API identifiers for this login, in place of the configured ones. */
  audience?: string | readonly string[];
  /** Attribution such as `utm_source`, by its own name. */
  attribution?: Readonly<Record<string, string>>;
}

const WIRE = [
  'org_code',
  'prompt',
  'login_hint',
  'lang',
  'connection_id',
  'is_create_org',
  'org_name',
  'has_success_page',
  'is_use_auth_success_page',
  'workflow_deployment_id',
  'supports_reauth',
  'reauth_state',
  'plan_interest',
  'pricing_table_key',
  'pages_mode',
  'invitation_code',
  'is_invitation',
] as const;

const ATTRIBUTION = new Set([
  ...[
    'utm_source',
    'utm_medium',
    'utm_campaign',
    'utm_content',
    'utm_term',
    'gclid',
    'click_id',
    'hsa_acc',
    'hsa_cam',
  ],
  ...[
    'hsa_grp',
    'hsa_ad',
    'hsa_src',
    'hsa_tgt',
    'hsa_kw',
    'hsa_mt',
    'hsa_net',
    'hsa_ver',
    'match_type',
    'keyword',
    'device',
  ],
  ...[
    'ad_group_id',
    'campaign_id',
    'creative',
    'network',
    'ad_position',
    'fbclid',
    'li_fat_id',
    'msclkid',
    'twclid',
    'ttclid',
  ],
]);

/** OpenID Connect Core 3.1.2.1, and Kinde's `create`. */
const PROMPTS: readonly unknown[] = ['login', 'create', 'consent', 'select_account', 'none'];
/** The newer name of `workflow_deployment_id`. Servers ignore names they do not know (RFC 6749 3.1), so both are sent. */
const DEPLOYMENT = 'deploy_id';
const LONGEST = 1024;

/**
 * Options → parameters for the wire. Empty ones are left out: `org_code=undefined` is not an organization.
 * @throws KindeError `param_invalid`, `param_too_large`.
 */
export function toWire(options: AuthorizationParameters): Record<string, string> {
  const given = bare(options);
  const params = bare<Record<string, string>>({});
  for (const name of WIRE) {
    const value: unknown = given[camel(name) as keyof AuthorizationParameters];
    if (value !== undefined && value !== null && value !== '') {
      params[name] = String(value);
    }
  }
  for (const [name, value] of Object.entries(given.attribution ?? {})) {
    if (ATTRIBUTION.has(name) && value) {
      params[name] = String(value);
    }
  }
  if (params['workflow_deployment_id']) {
    params[DEPLOYMENT] = params['workflow_deployment_id'];
  }
  if (params['invitation_code']) {
    Object.assign(params, { is_invitation: 'true', prompt: params['prompt'] ?? 'create' });
  }
  checkForms(params);
  return params;
}

function checkForms(params: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(params)) {
    if (value.length > LONGEST) {
      throw new KindeError('param_too_large', `The parameter ${name} is too long.`, {
        reason: name,
      });
    }
  }
  if (params['org_code'] && !/^org_[A-Za-z0-9]{1,64}$/.test(params['org_code'])) {
    throw invalid('org_code');
  }
  if (params['prompt'] && !PROMPTS.includes(params['prompt'])) {
    throw invalid('prompt');
  }
}

/**
 * A link's query → options. Only names that are meant for links are read; all others are ignored, so that nobody can set
 * `state`, `redirect_uri` or `scope` from outside.
 * @throws KindeError `param_duplicate` for a name that is there twice.
 */
export function fromQuery(query: URLSearchParams): AuthorizationParameters & { returnTo?: string } {
  const options: Record<string, unknown> = {};
  for (const name of WIRE) {
    const value = single(query, name);
    if (value) {
      options[camel(name)] = value;
    }
  }
  const deployment = single(query, DEPLOYMENT);
  if (deployment) {
    options['workflowDeploymentId'] = deployment;
  }
  const attribution = [...new Set(query.keys())].filter((name) => ATTRIBUTION.has(name));
  if (attribution.length > 0) {
    options['attribution'] = Object.fromEntries(
      attribution.map((name) => [name, single(query, name)!]),
    );
  }
  const returnTo = returnTarget(query);
  if (returnTo) {
    options['returnTo'] = returnTo;
  }
  return options;
}

/**
 * Reads the state that Kinde hands back when an e-mailed link has expired, as options for starting again. It passed through the browser, so
 * it is read like a link. What cannot be read is handed to Kinde as it is.
 */
export function fromReauthState(reauthState: string): AuthorizationParameters {
  try {
    const bytes = base64url.decode(
      reauthState
        .replaceAll('+', '-')
        .replaceAll('/', '_')
        .replace(/={1,2}$/, ''),
    );
    const request: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    const entries = Object.entries(request as object).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    );
    const {
      returnTo: _,
      reauthState: __,
      ...options
    } = { reauthState: undefined, ...fromQuery(new URLSearchParams(entries)) };
    toWire(options);
    return options;
  } catch {
    return /^[\w+/=-]{1,1024}$/.test(reauthState) ? { reauthState } : {};
  }
}

/** The forms that Kinde takes. */
const FORMS = {
  org_code: 'Pass the code of an organization, such as org_1a2b3c.',
  prompt: 'Pass login, create, consent, select_account or none.',
};

function invalid(name: keyof typeof FORMS): KindeError {
  return new KindeError('param_invalid', `The parameter ${name} is not valid.`, {
    reason: name,
    fix: FORMS[name],
  });
}

function camel(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
