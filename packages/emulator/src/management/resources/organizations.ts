import {
  createOrganization,
  organizationUpdated,
  removeOrganization,
} from '../../state/organizations.js';
import { grantsOf } from '../../state/sign-ins.js';
import type { Organization, State } from '../../state/state.js';
import { colorOf, type Color } from '../color.js';
import {
  invalidField,
  missing,
  notFound,
  ok,
  refused,
  tokenPage,
  type Handlers,
} from '../envelope.js';
import { readFlag } from '../flag-values.js';
import { billingIds, dateOf, listed, organizationByCode } from '../lookup.js';

/** Organizations of the environment. */
export const organizations: Handlers<'organizations'> = {
  list(input, state) {
    const page = tokenPage(listed(state.organizations), input);
    if (page instanceof Response) {
      return page;
    }
    const entries = page.items.map(({ key: code, ...organization }) =>
      toSummary(code, organization),
    );
    return ok({ organizations: entries, next_token: page.next_token });
  },
  get({ code, expand }, state) {
    const organization = organizationByCode(state, code);
    if (!organization) {
      return notFound('ORGANIZATION');
    }
    const { settings = {}, createdAt = state.createdAt, suspendedAt } = organization;
    const theme = textOf(settings['theme_code']) ?? 'user_preference';
    return {
      ...toSummary(code, organization),
      ...NO_PICTURES,
      ...colorsOf(settings),
      allowed_domains: (settings['allowed_domains'] as string[] | undefined) ?? [],
      theme_code: theme,
      color_scheme: theme === 'user_preference' ? 'light dark' : theme,
      created_on: dateOf(createdAt),
      is_allow_registrations: organization.allowRegistrations ?? false,
      sender_name: textOf(settings['sender_name']),
      sender_email: textOf(settings['sender_email']),
      is_suspended: organization.isSuspended ?? false,
      suspended_on: suspendedAt === undefined ? null : dateOf(suspendedAt),
      ...(expand?.split(',').includes('billing') && { billing: billing(code, organization) }),
    };
  },
  create(input, state) {
    const problem = problemOf(state, input);
    if (problem) {
      return problem;
    }
    const flags: Organization['flags'] = {};
    for (const [key, text] of Object.entries(input.feature_flags ?? {})) {
      const flag = Object.hasOwn(state.flags, key) ? state.flags[key] : undefined;
      const value = flag && readFlag(flag.type, text);
      if (!flag) {
        return notFound('FEATURE_FLAG');
      }
      if (value === undefined) {
        return invalidField('feature_flags', `${key} is not of the type of the flag`);
      }
      flags[key] = value;
    }
    const isBilled = input.is_create_billing_customer === true;
    const details = {
      name: input.name,
      flags,
      ...(isBilled && { isBilled }),
      ...changes(input),
    };
    const code = createOrganization(state, details, 'api');
    return ok({
      organization: { code, ...(isBilled && { billing_customer_id: billingIds(code).customer }) },
    });
  },
  update({ org_code: code, ...input }, state) {
    const organization = organizationByCode(state, code);
    if (!organization) {
      return notFound('ORGANIZATION');
    }
    const problem = problemOf(state, input, code);
    if (problem) {
      return problem;
    }
    if (input.is_suspended === true && organization.isDefault) {
      return refused(
        400,
        'DEFAULT_ORGANIZATION_CANNOT_BE_SUSPENDED',
        'The default organization cannot be suspended.',
      );
    }
    const settings = { ...organization.settings, ...changes(input).settings };
    Object.assign(organization, changes(input), { settings });
    if (input.is_suspended !== undefined) {
      suspend(state, code, input.is_suspended);
    }
    organizationUpdated(state, code);
    return ok({});
  },
  remove({ org_code: code }, state) {
    const organization = organizationByCode(state, code);
    if (!organization) {
      return missing('ORGANIZATION');
    }
    if (organization.isDefault) {
      return refused(
        400,
        'DEFAULT_ORGANIZATION_CANNOT_BE_DELETED',
        'The default organization cannot be deleted.',
      );
    }
    removeOrganization(state, code);
    return ok({});
  },
  removeHandle({ org_code: code }, state) {
    const organization = organizationByCode(state, code);
    if (!organization) {
      return notFound('ORGANIZATION');
    }
    delete organization.handle;
    organizationUpdated(state, code);
    return ok({});
  },
};

/** Sign-ins to a suspended organization are over, and stay so when it is let in again. */
function suspend(state: State, code: string, isSuspended: boolean): void {
  const organization = state.organizations[code]!;
  organization.isSuspended = isSuspended;
  if (!isSuspended) {
    return void delete organization.suspendedAt;
  }
  organization.suspendedAt = state.clock.now();
  for (const grant of grantsOf(state, ({ orgCode }) => orgCode === code)) {
    grant.ended = true;
  }
}

const COLORS = [
  'link_color',
  'background_color',
  'button_color',
  'button_text_color',
  'link_color_dark',
  'background_color_dark',
  'button_text_color_dark',
  'button_color_dark',
] as const;

type ColorName = (typeof COLORS)[number];

function colorsOf(settings: NonNullable<Organization['settings']>): Record<ColorName, Color> {
  const colors = COLORS.map((name) => [name, colorOf(settings[name])] as const);
  return Object.fromEntries(colors) as Record<ColorName, Color>;
}

/** What is kept and shown as it was sent. */
const KEPT = [
  ...COLORS,
  'theme_code',
  'sender_name',
  'sender_email',
  'allowed_domains',
  'is_auto_join_domain_list',
  'is_enable_advanced_orgs',
  'is_enforce_mfa',
] as const;

/** Nobody uploads pictures here, or rounds corners. */
const NO_PICTURES = {
  logo: null,
  logo_dark: null,
  favicon_svg: null,
  favicon_fallback: null,
  button_border_radius: null,
  card_border_radius: null,
  input_border_radius: null,
} as const;

type Sent = Partial<Record<ColorName | 'name' | 'handle' | 'external_id', string | undefined>> & {
  readonly is_allow_registrations?: boolean | undefined;
  readonly is_auto_membership_enabled?: boolean | undefined;
};

/** What the input changes; `is_allow_registrations` is the old name of `is_auto_membership_enabled`. */
function changes(input: Sent): Partial<Organization> & Required<Pick<Organization, 'settings'>> {
  const { name, handle, external_id: externalId } = input;
  const allowRegistrations = input.is_auto_membership_enabled ?? input.is_allow_registrations;
  const kept = KEPT.map((field) => [field, (input as Record<string, unknown>)[field]]);
  return {
    ...(name !== undefined && { name }),
    ...(handle !== undefined && { handle }),
    ...(externalId !== undefined && { externalId }),
    ...(allowRegistrations !== undefined && { allowRegistrations }),
    settings: Object.fromEntries(kept.filter(([, value]) => value !== undefined)) as NonNullable<
      Organization['settings']
    >,
  };
}

function problemOf(state: State, input: Sent, own?: string): Response | undefined {
  if (input.name?.trim() === '') {
    return invalidField('name', 'must not be empty');
  }
  const color = COLORS.find((name) => input[name] !== undefined && !colorOf(input[name]));
  if (color) {
    return invalidField(color, 'must be a color such as #0056f1');
  }
  const other = Object.entries(state.organizations).find(
    ([code, { handle }]) => code !== own && handle !== undefined && handle === input.handle,
  );
  return other && refused(400, 'HANDLE_ALREADY_EXISTS', 'Another organization has this handle.');
}

function toSummary(
  code: string,
  { name, handle, isDefault, externalId, allowRegistrations }: Organization,
) {
  return {
    code,
    name,
    handle: handle ?? null,
    is_default: isDefault ?? false,
    external_id: externalId ?? null,
    is_auto_membership_enabled: allowRegistrations ?? false,
  };
}

function billing(code: string, { isBilled = false, entitlements }: Organization) {
  if (!isBilled && !entitlements) {
    return { agreements: [] };
  }
  const { customer, agreement, plan } = billingIds(code);
  return {
    billing_customer_id: customer,
    agreements: [{ plan_code: plan, agreement_id: agreement }],
  };
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
