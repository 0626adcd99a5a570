import type { State } from '../../state/state.js';
import { invalidField, notFound, ok, type Handlers } from '../envelope.js';
import { flagText, flagWord, readFlag } from '../flag-values.js';
import { dateOf } from '../lookup.js';

/** The environment, and the values that feature flags have in it. */
export const environment: Handlers<'environment'> = {
  get: (_input, state) => ok({ environment: { ...PLAIN, ...toResponse(state) } }),
  listFlags(_input, { flags, environmentFlags }) {
    const values = Object.entries(flags).map(
      ([key, { type, value }]) =>
        [key, { type: flagWord(type), value: flagText(environmentFlags[key] ?? value) }] as const,
    );
    return ok({ feature_flags: Object.fromEntries(values), next_token: null });
  },
  setFlag({ feature_flag_key: key, value: text }, state) {
    const flag = Object.hasOwn(state.flags, key) ? state.flags[key] : undefined;
    if (!flag) {
      return notFound('FEATURE_FLAG');
    }
    const value = readFlag(flag.type, text);
    if (value === undefined) {
      return invalidField('value', `must be of type ${flagWord(flag.type)}`);
    }
    state.environmentFlags[key] = value;
    return ok({});
  },
  clearFlag({ feature_flag_key: key }, state) {
    if (!Object.hasOwn(state.flags, key)) {
      return notFound('FEATURE_FLAG');
    }
    delete state.environmentFlags[key];
    return ok({});
  },
  clearFlags(_input, state) {
    state.environmentFlags = {};
    return ok({});
  },
};

function toResponse({ issuer, createdAt }: State) {
  return { kinde_domain: issuer, created_on: dateOf(createdAt) };
}

/** Nobody designs pages here. */
const PLAIN = {
  code: 'local',
  name: 'Local',
  hotjar_site_id: null,
  google_analytics_tag: null,
  contentsquare_tag_id: null,
  is_default: true,
  is_live: false,
  custom_domain: null,
  logo: null,
  logo_dark: null,
  favicon_svg: null,
  favicon_fallback: null,
  link_color: null,
  background_color: null,
  button_color: null,
  button_text_color: null,
  link_color_dark: null,
  background_color_dark: null,
  button_text_color_dark: null,
  button_color_dark: null,
  button_border_radius: null,
  card_border_radius: null,
  input_border_radius: null,
  theme_code: 'user_preference',
  color_scheme: 'light dark',
} as const;
