import type * as contract from '@kindling/management/contract';
import type { Handlers } from './envelope.js';
import { apiKeys } from './resources/api-keys.js';
import { apis } from './resources/apis.js';
import { applicationProperties } from './resources/application-properties.js';
import { applications, applicationUrls } from './resources/applications.js';
import { billing } from './resources/billing.js';
import {
  applicationConnections,
  connections,
  organizationConnections,
} from './resources/connections.js';
import { environmentVariables } from './resources/environment-variables.js';
import { environment } from './resources/environment.js';
import { featureFlags } from './resources/feature-flags.js';
import { identities } from './resources/identities.js';
import { invites } from './resources/invites.js';
import { memberAccess } from './resources/member-access.js';
import { members } from './resources/members.js';
import { organizationSettings } from './resources/organization-settings.js';
import { organizations } from './resources/organizations.js';
import { permissions } from './resources/permissions.js';
import { properties } from './resources/properties.js';
import { propertyCategories } from './resources/property-categories.js';
import { roles } from './resources/roles.js';
import { subscribers } from './resources/subscribers.js';
import { userDetails } from './resources/user-details.js';
import { users } from './resources/users.js';
import { webhooks } from './resources/webhooks.js';

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
  members: { ...members, ...memberAccess },
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
