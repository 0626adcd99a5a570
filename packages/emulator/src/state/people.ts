import type { SeedOrganization, SeedPerson } from '../seed/seed.js';
import type { PasswordHash } from './password.js';

// Who is in the tenant. Times are Unix seconds.

/** A person of the tenant. `email`, `username` and `phone` are the primary ones; those who have none lack the field. */
export type Person = Omit<SeedPerson, 'email' | 'organizations'> & {
  id: string;
  email?: string;
  organizations: Record<string, Membership>;
  /** Ways to sign in. What is missing here of the primary ones is added when they are looked at. */
  identities?: Identity[];
  /** The app's own id of this person. */
  providedId?: string;
  /** Set through the Management API, beside or instead of `password`. */
  hashedPassword?: PasswordHash;
  /** They choose a new password when they sign in the next time. */
  mustChangePassword?: boolean;
  createdAt?: number;
  updatedAt?: number;
  signIns?: number;
  failedSignIns?: number;
  lastSignedInAt?: number;
};

/** What a person is in an organization. Roles and permissions are keys. */
export interface Membership {
  roles?: string[];
  permissions?: string[];
  joinedAt?: number;
  lastAccessedAt?: number;
}

/** The kinds of identities that the local Kinde signs people in by. */
export type IdentityType = 'email' | 'username' | 'phone';

/** A way in which one person signs in. */
export interface Identity {
  readonly id: string;
  readonly type: IdentityType | 'enterprise' | 'social';
  readonly value: string;
  /** The same, however it is written. */
  readonly normal: string;
  readonly connectionId?: string;
  isConfirmed: boolean;
  readonly createdAt: number;
  signIns: number;
  lastSignedInAt?: number;
}

/** An organization, by its code. */
export type Organization = SeedOrganization & {
  externalId?: string;
  createdAt?: number;
  suspendedAt?: number;
  /** Whether it was made a billing customer. */
  isBilled?: boolean;
  /** What only the Management API shows, by its names there. */
  settings?: Record<string, string | boolean | string[] | null>;
};

/** Somebody's way into an organization; its code is its id. */
export interface Invitation {
  readonly code: string;
  readonly orgCode: string;
  readonly email: string;
  readonly firstName: string | null;
  readonly lastName: string | null;
  /** Keys. */
  readonly roles: readonly string[];
  readonly createdAt: number;
  /** Nothing leaves this process, so it says what was asked for. */
  readonly isSent: boolean;
  acceptedAt?: number;
  isRevoked: boolean;
}
