import type * as contract from '@kindling/management/contract';
import type { Handlers } from './answer.js';
import { apis } from './apis.js';
import { applications, applicationUrls } from './applications.js';
import { environment } from './environment.js';
import { environmentVariables } from './environment-variables.js';
import { featureFlags } from './feature-flags.js';
import { identities } from './identities.js';
import { invites } from './invites.js';
import { members } from './members.js';
import { organizationSettings } from './organization-settings.js';
import { organizations } from './organizations.js';
import { permissions } from './permissions.js';
import { roles } from './roles.js';
import { userDetails } from './user-details.js';
import { users } from './users.js';

/** Everything that is emulated, by resource. What is not here is answered with 501. */
export const handlers: { readonly [Resource in keyof typeof contract]?: Handlers<Resource> } = {
  apis,
  applications: { ...applications, ...applicationUrls },
  environment,
  environmentVariables,
  featureFlags,
  identities,
  invites,
  members,
  organizations: { ...organizations, ...organizationSettings },
  permissions,
  roles,
  users: { ...users, ...userDetails },
};
