import type { SeedOrganization, SeedPerson } from '../seed/seed.js';
import type { PasswordHash } from './password.js';

// Who is in the tenant. Times are Unix seconds.

/** A person of the tenant. `email`, `username` and `phone` are the primary ones; those who have none lack the field. */
export type Person = Omit<SeedPerson, 'email' | 'organizations'> & {
  /** User id, the `sub` of tokens, such as `kp_…`. */
  id: string;
  /** Primary e-mail address. */
  email?: string;
  /** Memberships by the code of the organization. */
  organizations: Record<string, Membership>;
  /** Identities to sign in by. Primary ones that are missing here are added when they are read. */
  identities?: Identity[];
  /** The app's own id of this user. */
  providedId?: string;
  /** Password hash set through the Management API, beside or instead of `password`. */
  hashedPassword?: PasswordHash;
  /** Asks for a new password at the next sign-in by name. */
  mustChangePassword?: boolean;
  /** Unix seconds. @default when the emulator started */
  createdAt?: number;
  /** Unix seconds of the last change. @default none */
  updatedAt?: number;
  /** Number of sign-ins on a page. @default 0 */
  signIns?: number;
  /** Number of failed sign-ins on a page. @default 0 */
  failedSignIns?: number;
  /** Unix seconds of the last sign-in on a page. */
  lastSignedInAt?: number;
};

/** What a person is in an organization. Roles and permissions are keys. */
export interface Membership {
  /** Keys of roles. @default none */
  roles?: string[];
  /** Keys of permissions granted beside those of the roles. @default none */
  permissions?: string[];
  /** Unix seconds. @default when the user was created */
  joinedAt?: number;
  /** Unix seconds of the last sign-in to the organization. */
  lastAccessedAt?: number;
}

/** The kinds of identities that the local Kinde signs people in by. */
export type IdentityType = 'email' | 'username' | 'phone';

/** A way in which one person signs in. */
export interface Identity {
  /** Id, such as `identity_…`. */
  readonly id: string;
  /** Kind of identity. Nobody signs in by an enterprise or social one here. */
  readonly type: IdentityType | 'enterprise' | 'social';
  /** E-mail address, user name, phone number or id at the connection, as it was given. */
  readonly value: string;
  /** The value in the form in which identities are compared. */
  readonly normal: string;
  /** Connection of an enterprise or social identity. */
  readonly connectionId?: string;
  /** Whether the address or number counts as verified. */
  isConfirmed: boolean;
  /** Unix seconds. */
  readonly createdAt: number;
  /** Number of sign-ins by this identity. */
  signIns: number;
  /** Unix seconds of the last sign-in by this identity. */
  lastSignedInAt?: number;
}

/** An organization, by its code. */
export type Organization = SeedOrganization & {
  /** The app's own id of this organization. */
  externalId?: string;
  /** Unix seconds. @default when the emulator started */
  createdAt?: number;
  /** Unix seconds since which it is suspended. */
  suspendedAt?: number;
  /** Whether it was made a billing customer. @default whether it has entitlements */
  isBilled?: boolean;
  /** Settings that only the Management API returns, by their names there. */
  settings?: Record<string, string | boolean | string[] | null>;
};

/** Somebody's way into an organization; its code is its id. */
export interface Invitation {
  /** Code in the link, which is the id as well. */
  readonly code: string;
  /** Code of the organization. */
  readonly orgCode: string;
  /** Address of the invited person: no other can accept. */
  readonly email: string;
  /** First name for the registration page. */
  readonly firstName: string | null;
  /** Last name for the registration page. */
  readonly lastName: string | null;
  /** Keys of the roles that come with it. */
  readonly roles: readonly string[];
  /** Unix seconds. Invitations do not expire. */
  readonly createdAt: number;
  /** Whether an e-mail was asked for. None is sent. */
  readonly isSent: boolean;
  /** Unix seconds; absent until it is accepted. */
  acceptedAt?: number;
  /** Whether it was revoked, so that nobody can accept it. */
  isRevoked: boolean;
}
