import * as v from 'valibot';
import { op } from '../op.js';
import { answer, bool, reply, text } from '../schema.js';

/** The business that owns the environment. */
export const get = op({
  route: 'GET /api/v1/business',
  scope: 'read:businesses',
  returns: answer({
    business: v.object({
      code: text,
      name: text,
      phone: v.nullable(text),
      email: v.nullable(text),
      industry: v.nullable(text),
      timezone: v.nullable(text),
      privacy_url: v.nullable(text),
      terms_url: v.nullable(text),
      has_clickwrap: bool,
      has_kinde_branding: bool,
      created_on: text,
    }),
  }),
});

/** Changes the business. */
export const update = op({
  route: 'PATCH /api/v1/business',
  scope: 'update:businesses',
  body: {
    business_name: v.optional(v.nullable(text)),
    email: v.optional(v.nullable(text)),
    industry_key: v.optional(v.nullable(text)),
    is_click_wrap: v.optional(v.nullable(bool)),
    is_show_kinde_branding: v.optional(v.nullable(bool)),
    kinde_perk_code: v.optional(v.nullable(text)),
    phone: v.optional(v.nullable(text)),
    privacy_url: v.optional(v.nullable(text)),
    terms_url: v.optional(v.nullable(text)),
    timezone_key: v.optional(v.nullable(text)),
  },
  returns: reply,
  repeatable: true,
});

/** Industries that a business can be in. */
export const listIndustries = op({
  route: 'GET /api/v1/industries',
  scope: 'read:industries',
  returns: answer({ industries: v.array(v.object({ key: text, name: text })) }),
});

/** Time zones that a business can be in. */
export const listTimezones = op({
  route: 'GET /api/v1/timezones',
  scope: 'read:timezones',
  returns: answer({ timezones: v.array(v.object({ key: text, name: text })) }),
});
