import * as v from 'valibot';
import { op } from '../op.js';
import { answer, bool, pageSize, text } from '../schema.js';

const directory = v.object({
  id: text,
  directory_name: text,
  directory_endpoint_id: text,
  secret_token: text,
  status: text,
  organization_code: text,
  enterprise_connection_id: v.nullable(text),
  enterprise_connection_name: v.nullable(text),
  last_sync_started_at: v.nullable(text),
  last_sync_completed_at: v.nullable(text),
  last_sync_error: v.nullable(text),
  created_on: text,
});
/** SCIM directories. */
export const list = op({
  route: 'GET /api/v1/directories',
  scope: 'read:scim_directories',
  query: {
    page_size: v.optional(pageSize),
    starting_after: v.optional(text),
    organization_code: v.optional(text),
  },
  returns: answer({ has_more: bool, directories: v.array(directory) }),
  paging: { by: 'id', items: 'directories' },
});

/** One SCIM directory. */
export const get = op({
  route: 'GET /api/v1/directories/{directory_id}',
  scope: 'read:scim_directories',
  returns: answer({ directory: directory }),
});

/** Adds a SCIM directory to an organization. */
export const create = op({
  route: 'POST /api/v1/directories',
  scope: 'create:scim_directories',
  status: 201,
  body: {
    org_code: text,
    directory_name: v.optional(text),
    provider_code: v.optional(
      v.picklist([
        'entra_id_azure_ad',
        'okta',
        'google_workspace',
        'custom_scim_v2',
        'cyberark',
        'jumpcloud',
        'onelogin',
        'pingfederate',
        'rippling',
      ]),
    ),
    enterprise_connection_id: v.optional(text),
  },
  returns: answer({ directory: directory }),
  deviations: ['has answered 409 after it had created the directory: list before trying again'],
});

/** Renames a SCIM directory. */
export const update = op({
  route: 'PATCH /api/v1/directories/{directory_id}',
  scope: 'update:scim_directories',
  body: { directory_name: text },
  returns: answer({ directory: directory }),
  repeatable: true,
});

/** Removes a SCIM directory. */
export const remove = op({
  route: 'DELETE /api/v1/directories/{directory_id}',
  scope: 'delete:scim_directories',
  returns: answer({ directory_id: text }),
});
