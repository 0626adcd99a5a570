import type * as contract from '@kindling/management/contract';
import type { Handlers } from './answer.js';
import { identities } from './identities.js';
import { invites } from './invites.js';
import { members } from './members.js';
import { organizationSettings } from './organization-settings.js';
import { organizations } from './organizations.js';
import { permissions } from './permissions.js';
import { userDetails } from './user-details.js';
import { users } from './users.js';

/** Everything that is emulated, by resource. What is not here is answered with 501. */
export const handlers: { readonly [Resource in keyof typeof contract]?: Handlers<Resource> } = {
  identities,
  invites,
  members,
  organizations: { ...organizations, ...organizationSettings },
  permissions,
  users: { ...users, ...userDetails },
};
