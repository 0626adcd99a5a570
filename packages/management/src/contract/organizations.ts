import * as v from 'valibot';
import { op } from '../op.js';
import { answer, bool, id, page, reply, text } from '../schema.js';
import { byNameOrEmail, looks } from './entities.js';

export * from './organization-settings.js';

/** Organizations of the environment. */
export const list = op({
  route: 'GET /api/v1/organizations',
  scope: 'read:organizations',
  query: { ...page, sort: v.optional(byNameOrEmail) },
  returns: answer({
    organizations: v.array(
      v.object({
        code: text,
        name: text,
        handle: v.nullable(text),
        is_default: bool,
        external_id: v.nullable(text),
        is_auto_membership_enabled: bool,
      }),
    ),
    next_token: v.nullable(text),
  }),
  paging: { by: 'token', items: 'organizations' },
});

/** One organization, by its code. */
export const get = op({
  route: 'GET /api/v1/organization',
  scope: 'read:organizations',
  query: { code: id, expand: v.optional(text) },
  returns: v.object({
    code: text,
    name: text,
    handle: v.nullable(text),
    is_default: bool,
    external_id: v.nullable(text),
    is_auto_membership_enabled: bool,
    logo: v.nullable(text),
    logo_dark: v.nullable(text),
    favicon_svg: v.nullable(text),
    favicon_fallback: v.nullable(text),
    allowed_domains: v.array(text),
    ...looks,
    created_on: text,
    is_allow_registrations: v.nullable(bool),
    sender_name: v.nullable(text),
    sender_email: v.nullable(text),
    is_suspended: bool,
    suspended_on: v.nullable(text),
    billing: v.optional(
      v.object({
        billing_customer_id: v.optional(text),
        agreements: v.array(v.object({ plan_code: text, agreement_id: text })),
      }),
    ),
  }),
  deviations: ['`code` is the code of the organization'],
});

/** Creates an organization. */
export const create = op({
  route: 'POST /api/v1/organization',
  scope: 'create:organizations',
  body: {
    name: text,
    feature_flags: v.optional(v.record(text, text)),
    external_id: v.optional(text),
    background_color: v.optional(text),
    button_color: v.optional(text),
    button_text_color: v.optional(text),
    link_color: v.optional(text),
    background_color_dark: v.optional(text),
    button_color_dark: v.optional(text),
    button_text_color_dark: v.optional(text),
    link_color_dark: v.optional(text),
    theme_code: v.optional(text),
    handle: v.optional(text),
    is_allow_registrations: v.optional(bool),
    is_auto_membership_enabled: v.optional(bool),
    sender_name: v.optional(v.nullable(text)),
    sender_email: v.optional(v.nullable(text)),
    is_create_billing_customer: v.optional(bool),
    billing_email: v.optional(text),
    billing_plan_code: v.optional(text),
  },
  returns: answer({
    organization: v.object({ code: text, billing_customer_id: v.optional(text) }),
  }),
});

/** Changes an organization; what is not sent stays. Suspending it refuses sign-in to it. */
export const update = op({
  route: 'PATCH /api/v1/organization/{org_code}',
  scope: 'update:organizations',
  query: { expand: v.optional(v.picklist(['billing'])) },
  body: {
    name: v.optional(text),
    external_id: v.optional(text),
    background_color: v.optional(text),
    button_color: v.optional(text),
    button_text_color: v.optional(text),
    link_color: v.optional(text),
    background_color_dark: v.optional(text),
    button_color_dark: v.optional(text),
    button_text_color_dark: v.optional(text),
    link_color_dark: v.optional(text),
    theme_code: v.optional(v.picklist(['light', 'dark', 'user_preference'])),
    handle: v.optional(text),
    is_allow_registrations: v.optional(bool),
    is_auto_membership_enabled: v.optional(bool),
    is_auto_join_domain_list: v.optional(bool),
    allowed_domains: v.optional(v.array(text)),
    is_enable_advanced_orgs: v.optional(bool),
    is_enforce_mfa: v.optional(bool),
    sender_name: v.optional(v.nullable(text)),
    sender_email: v.optional(v.nullable(text)),
    is_suspended: v.optional(bool),
  },
  returns: reply,
  repeatable: true,
  deviations: [
    'renaming also renames its billing customer',
    'is_allow_registrations is old: use is_auto_membership_enabled',
  ],
});

/** Removes an organization. The default one cannot be removed. */
export const remove = op({
  route: 'DELETE /api/v1/organization/{org_code}',
  scope: 'delete:organizations',
  returns: reply,
});

/** Removes the handle of an organization. */
export const removeHandle = op({
  route: 'DELETE /api/v1/organization/{org_code}/handle',
  scope: 'delete:organization_handles',
  returns: reply,
});
