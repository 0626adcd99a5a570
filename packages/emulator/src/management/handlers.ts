import type * as contract from '@kindling/management/contract';
import type { Handlers } from './answer.js';
import { apiKeys } from './api-keys.js';
import { apis } from './apis.js';
import { applicationProperties } from './application-properties.js';
import { applications, applicationUrls } from './applications.js';
import { billing } from './billing.js';
import { applicationConnections, connections, organizationConnections } from './connections.js';
import { environment } from './environment.js';
import { environmentVariables } from './environment-variables.js';
import { featureFlags } from './feature-flags.js';
import { identities } from './identities.js';
import { invites } from './invites.js';
import { members } from './members.js';
import { organizationSettings } from './organization-settings.js';
import { organizations } from './organizations.js';
import { permissions } from './permissions.js';
import { properties } from './properties.js';
import { propertyCategories } from './property-categories.js';
import { roles } from './roles.js';
import { subscribers } from './subscribers.js';
import { userDetails } from './user-details.js';
import { users } from './users.js';
import { webhooks } from './webhooks.js';

/** Everything that is emulated, by resource. What is not here is answered with 501. */
export const handlers: { readonly [Resource in keyof typeof contract]?: Handlers<Resource> } = {
  apiKeys,
  apis,
  applications: {
    ...applications,
    ...applicationUrls,
    ...applicationProperties,
    ...applicationConnections,
  },
  billing,
  connections,
  environment,
  environmentVariables,
  featureFlags,
  identities,
  invites,
  members,
  organizations: {
    ...organizations,
    ...organizationSettings,
    ...organizationConnections,
  },
  permissions,
  properties,
  propertyCategories,
  roles,
  subscribers,
  users: { ...users, ...userDetails },
  webhooks,
};
