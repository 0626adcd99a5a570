import * as v from 'valibot';
import { bool, int, text } from '../schema.js';

/** A permission. */
export const permission = v.object({
  id: text,
  key: text,
  name: text,
  description: v.nullable(text),
});

/** A connection, which offers a way to sign in. */
export const connection = v.object({
  id: text,
  name: text,
  display_name: text,
  strategy: text,
});

/** An identity that a user signs in with. */
export const identity = v.object({
  id: text,
  type: text,
  is_confirmed: bool,
  created_on: text,
  last_login_on: v.nullable(text),
  total_logins: int,
  name: text,
  email: v.nullable(text),
  connection_id: v.nullable(text),
  is_primary: v.nullable(bool),
});

/** A property and its value for a user, an organization or an application. */
export const propertyValue = v.object({
  id: text,
  name: text,
  description: v.nullable(text),
  key: text,
  value: v.nullable(text),
});

/** A second factor of a user. */
export const factor = v.object({
  id: text,
  type: text,
  created_on: text,
  name: text,
  is_verified: bool,
  usage_count: int,
  last_used_on: v.nullable(text),
});

export const factorType = v.picklist(['mfa:email', 'mfa:sms', 'mfa:authenticator_app']);
export const passkeyPolicy = v.picklist(['off', 'optional', 'mandatory']);
export const logoType = v.picklist(['dark', 'light']);

/** Kinde's words for the types of feature flags here; tokens and the Account API have others. */
export const flagType = v.picklist(['str', 'int', 'bool']);

/** Values of feature flags by their keys. Values are text, whatever the type: `parseFlag` reads them. */
export const flagValues = v.record(text, v.object({ type: text, value: text }));

/** A color in the three ways in which Kinde writes it. */
const color = v.nullable(
  v.object({
    raw: text,
    hex: text,
    hsl: text,
  }),
);

/** The design of the pages of an environment or an organization. */
export const looks = {
  link_color: color,
  background_color: color,
  button_color: color,
  button_text_color: color,
  link_color_dark: color,
  background_color_dark: color,
  button_text_color_dark: color,
  button_color_dark: color,
  button_border_radius: v.nullable(int),
  card_border_radius: v.nullable(int),
  input_border_radius: v.nullable(int),
  theme_code: text,
  color_scheme: text,
};

/** One entry of a bulk change: added, unless it says `delete`. */
export const change = v.strictObject({ id: text, operation: v.optional(v.picklist(['delete'])) });

export const byNameOrId = v.picklist(['name_asc', 'name_desc', 'id_asc', 'id_desc']);
export const byNameOrEmail = v.picklist(['name_asc', 'name_desc', 'email_asc', 'email_desc']);
