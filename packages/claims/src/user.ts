import { read, text, type Claims } from './read.js';

/** A person, from the ID token. What the token does not tell is absent. */
export interface User {
  /** Kinde's user id (`sub`), e.g. `kp_7d1b0e4c`. Together with the issuer it is the identity; an e-mail address is not. */
  readonly id: string;
  readonly email?: string;
  readonly emailVerified?: boolean;
  readonly name?: string;
  readonly givenName?: string;
  readonly familyName?: string;
  readonly picture?: string;
  readonly phone?: string;
  readonly username?: string;
  /** Your own id for this person, if you gave Kinde one. */
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

/** The person that an ID token (or an access token with e-mail and name switched on) speaks of. */
export function getUser(claims: Claims): User {
  const user: Record<string, unknown> = { id: text(read(claims, 'sub')) ?? '' };
  for (const [property, claim] of Object.entries(CLAIM_OF)) {
    const value = text(read(claims, claim));
    if (value !== undefined) {
      user[property] = value;
    }
  }
  if (typeof read(claims, 'email_verified') === 'boolean') {
    user['emailVerified'] = read(claims, 'email_verified');
  }
  return Object.freeze(user) as unknown as User;
}
