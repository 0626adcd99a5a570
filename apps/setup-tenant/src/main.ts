import { managementFromEnv } from '@kindling/management';
import { setUpTenant } from './setup.js';
import { api, tenant } from './tenant.js';

const siteUrl = process.env['SITE_URL'] ?? 'http://localhost:3000';
const application = { name: 'Todos', siteUrl };
const { clientId } = await setUpTenant(
  managementFromEnv(),
  {
    tenant,
    api,
    application,
  },
  (line) => console.log(line),
);
console.log(
  `\nKINDE_CLIENT_ID=${clientId}\nThe client secret is on the application’s page in Kinde.`,
);
