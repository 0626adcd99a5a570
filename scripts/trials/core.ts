// Tries the installed @kindling/core: who sends a request without a cookie, and what options are missing.
import assert from 'node:assert/strict';
import { createKinde, KindeError, memoryStore, optionsFromEnv, type Auth } from '@kindling/core';

export async function trial(): Promise<void> {
  const kinde = createKinde({
    issuer: 'https://acme.kinde.com',
    clientId: 'a-client',
    clientSecret: 'its-secret',
    siteUrl: 'https://app.example',
    secret: '0123456789abcdef0123456789abcdef',
    session: { store: memoryStore() },
  });
  const { auth, cookies }: { auth: Auth; cookies: readonly string[] } = await kinde.authenticate(
    new Request('https://app.example/'),
  );
  assert.equal(auth.isAuthenticated, false);
  assert.equal(auth.getPermission('create:todos').isGranted, false);
  assert.deepEqual(cookies, []);
  assert.throws(
    () => createKinde(optionsFromEnv({})),
    (error) => error instanceof KindeError && error.code === 'config_invalid',
  );
}
