import { digest } from '../../state/ids.js';
import type { Organization, State } from '../../state/state.js';
import { idPage, invalidField, notFound, ok, type Handlers } from '../envelope.js';
import { billingIds, dateOf } from '../lookup.js';

/** What organizations pay for: read from their entitlements, on one plan. */
export const billing: Handlers<'billing'> = {
  listEntitlements({ customer_id: customer, max_value: unlimited, expand, ...input }, state) {
    const found = customerOf(state, ({ customer: id }) => id === customer);
    if (!found) {
      return notFound('CUSTOMER');
    }
    if (unlimited !== undefined && !/^\d+$/.test(unlimited)) {
      return invalidField('max_value', 'must be a whole number');
    }
    const all = entitlementsOf(found).map(({ id, key, name, max }) => ({
      id,
      fixed_charge: 0,
      price_name: name,
      unit_amount: 0,
      feature_code: key,
      feature_name: name,
      entitlement_limit_max: max ?? (unlimited === undefined ? null : Number(unlimited)),
      entitlement_limit_min: 0,
    }));
    const page = idPage(all, input);
    if (page instanceof Response) {
      return page;
    }
    const plans = [{ code: billingIds(found.code).plan, subscribed_on: dateOf(state.createdAt) }];
    return ok({
      has_more: page.has_more,
      entitlements: page.items,
      ...(expand && { plans }),
    });
  },
  listAgreements({ customer_id: customer, feature_code: feature, ...input }, state) {
    const found = customerOf(state, ({ customer: id }) => id === customer);
    if (!found) {
      return notFound('CUSTOMER');
    }
    const entitlements = entitlementsOf(found).map(({ id, key }) => ({
      feature_code: key,
      entitlement_id: id,
    }));
    const isOne = entitlements.some((one) => feature === undefined || one.feature_code === feature);
    const { agreement: id, plan } = billingIds(found.code);
    const agreement = {
      id,
      plan_code: plan,
      expires_on: null,
      billing_group_id: null,
      current_period_start: null,
      current_period_end: null,
      entitlements,
    };
    const page = idPage(isOne ? [agreement] : [], input);
    if (page instanceof Response) {
      return page;
    }
    return ok({ has_more: page.has_more, agreements: page.items });
  },
  recordUsage(input, state) {
    const {
      customer_agreement_id: agreementId,
      billing_feature_code: featureCode,
      meter_value: text,
    } = input;
    const found = customerOf(state, ({ agreement }) => agreement === agreementId);
    if (!found) {
      return notFound('AGREEMENT');
    }
    if (!entitlementsOf(found).some(({ key }) => key === featureCode)) {
      return notFound('FEATURE');
    }
    const value = text.trim() === '' ? Number.NaN : Number(text);
    const at =
      input.meter_usage_timestamp === undefined
        ? undefined
        : Date.parse(input.meter_usage_timestamp) / 1_000;
    if (!Number.isFinite(value)) {
      return invalidField('meter_value', 'must be a number');
    }
    if (Number.isNaN(at)) {
      return invalidField('meter_usage_timestamp', 'must be a date');
    }
    const type = input.meter_type_code ?? 'delta';
    state.usage.push({
      agreementId,
      featureCode,
      value,
      type,
      at: at ?? state.clock.now(),
    });
    if (state.usage.length > MOST_USAGE) {
      state.usage.shift();
    }
    return ok({});
  },
};

const MOST_USAGE = 1_000;

interface Customer {
  readonly code: string;
  readonly entitlements: NonNullable<Organization['entitlements']>;
}

/** The organization that is billed under an id. */
function customerOf(
  { organizations }: State,
  matches: (ids: ReturnType<typeof billingIds>) => boolean,
): Customer | undefined {
  const [code, organization] =
    Object.entries(organizations).find(([key]) => matches(billingIds(key))) ?? [];
  const isBilled = organization?.isBilled === true || organization?.entitlements !== undefined;
  if (code !== undefined && isBilled) {
    return { code, entitlements: organization.entitlements ?? {} };
  }
  return undefined;
}

function entitlementsOf({ code, entitlements }: Customer) {
  return Object.entries(entitlements).map(([key, { name, max }]) => ({
    id: `entitlement_${digest(`entitlement ${code} ${key}`, 32)}`,
    key,
    name,
    max,
  }));
}
