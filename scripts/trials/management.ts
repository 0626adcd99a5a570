// Tries the installed @kindling/management: one list from a Kinde that answers in this process, and a wrong option.
import assert from 'node:assert/strict';
import { createManagement, KindeApiError } from '@kindling/management';
import * as contract from '@kindling/management/contract';
import { list } from '@kindling/management/contract/permissions';

export async function trial(): Promise<void> {
  const management = createManagement({
    issuer: 'https://acme.kinde.com',
    clientId: 'a-machine',
    clientSecret: 'its-secret',
    fetch: async (input) => {
      const { pathname } = new URL(input instanceof Request ? input.url : input);
      return pathname === '/oauth2/token'
        ? Response.json({ access_token: 'a-token', token_type: 'bearer', expires_in: 3600 })
        : Response.json({
            code: 'OK',
            message: 'Success',
            permissions: [{ key: 'create:todos' }],
            next_token: null,
          });
    },
  });
  const { permissions } = await management.permissions.list();
  const key: string | undefined = permissions?.[0]?.key;
  assert.equal(key, 'create:todos');
  assert.equal(contract.permissions.list.route, list.route);
  assert.throws(
    () => createManagement({ issuer: 'nowhere', clientId: '', clientSecret: '' }),
    (error) => error instanceof KindeApiError && error.code === 'config_invalid',
  );
}
