import { read, text, type Claims } from './read.js';

/** A signed-in user, from the ID token. Members that the token does not have are absent. */
export interface User {
  /** Kinde's user id (`sub`), e.g. `kp_7d1b0e4c`. Together with the issuer it is the identity; an e-mail address is not. */
  readonly id: string;
  /** E-mail address. */
  readonly email?: string;
  /** Whether Kinde has verified the e-mail address. */
  readonly emailVerified?: boolean;
  /** Full name. */
  readonly name?: string;
  /** First name. */
  readonly givenName?: string;
  /** Last name. */
  readonly familyName?: string;
  /** URL of a picture. */
  readonly picture?: string;
  /** Phone number. */
  readonly phone?: string;
  /** Username. */
  readonly username?: string;
  /** Your own id for this user, if you gave Kinde one. */
  readonly providedId?: string;
}

const CLAIM_OF = {
  email: 'email',
  name: 'name',
  givenName: 'given_name',
  familyName: 'family_name',
  picture: 'picture',
  phone: 'phone_number',
  username: 'preferred_username',
  providedId: 'provided_id',
} as const;

/** Reads the user from an ID token, or from an access token that has e-mail and name switched on. */
export function getUser(claims: Claims): User {
  const user: Record<string, unknown> = { id: text(read(claims, 'sub')) ?? '' };
  for (const [property, claim] of Object.entries(CLAIM_OF)) {
    const value = text(read(claims, claim));
    if (value !== undefined) {
      user[property] = value;
    }
  }
  const verified = read(claims, 'email_verified');
  if (typeof verified === 'boolean') {
    user['emailVerified'] = verified;
  }
  return Object.freeze(user) as unknown as User;
}
