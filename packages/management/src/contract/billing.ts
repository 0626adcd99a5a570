import * as v from 'valibot';
import { op } from '../op.js';
import { answer, around, bool, int, reply, text } from '../schema.js';

/** Lists the entitlements of a billing customer. */
export const listEntitlements = op({
  route: 'GET /api/v1/billing/entitlements',
  scope: 'read:billing_entitlements',
  query: {
    ...around,
    customer_id: text,
    max_value: v.optional(text),
    expand: v.optional(v.picklist(['plans'])),
  },
  returns: answer({
    has_more: bool,
    entitlements: v.array(
      v.object({
        id: text,
        fixed_charge: int,
        price_name: text,
        unit_amount: int,
        feature_code: text,
        feature_name: text,
        entitlement_limit_max: v.nullable(int),
        entitlement_limit_min: int,
      }),
    ),
    plans: v.optional(v.array(v.object({ code: text, subscribed_on: text }))),
  }),
  paging: { by: 'id', items: 'entitlements' },
  deviations: ['no limit is null, or max_value where that is sent; described as never null'],
});

/** Agreements of a billing customer. */
export const listAgreements = op({
  route: 'GET /api/v1/billing/agreements',
  scope: 'read:billing_agreements',
  query: {
    ...around,
    customer_id: text,
    feature_code: v.optional(text),
  },
  returns: answer({
    has_more: bool,
    agreements: v.array(
      v.object({
        id: text,
        plan_code: text,
        expires_on: v.nullable(text),
        billing_group_id: v.nullable(text),
        current_period_start: v.nullable(text),
        current_period_end: v.nullable(text),
        entitlements: v.array(v.object({ feature_code: text, entitlement_id: text })),
      }),
    ),
  }),
  paging: { by: 'id', items: 'agreements' },
});

/** Puts a billing customer on a plan. */
export const createAgreement = op({
  route: 'POST /api/v1/billing/agreements',
  scope: 'create:billing_agreements',
  body: {
    customer_id: text,
    plan_code: text,
    is_invoice_now: v.optional(bool),
    is_prorate: v.optional(bool),
  },
  returns: reply,
});

/** Records metered usage of a feature. */
export const recordUsage = op({
  route: 'POST /api/v1/billing/meter_usage',
  scope: 'create:meter_usage',
  body: {
    customer_agreement_id: text,
    billing_feature_code: text,
    meter_value: text,
    meter_usage_timestamp: v.optional(text),
    meter_type_code: v.optional(v.picklist(['absolute', 'delta'])),
  },
  returns: reply,
});
