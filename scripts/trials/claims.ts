// Tries the installed @kindling/claims: a permission, a flag and a requirement of a token's claims.
import assert from 'node:assert/strict';
import { getFlag, getPermission, has, type Claims } from '@kindling/claims';

export async function trial(): Promise<void> {
  const claims: Claims = {
    org_code: 'org_acme',
    permissions: ['create:todos'],
    feature_flags: { todo_limit: { t: 'i', v: 5 } },
  };
  const granted: boolean = getPermission(claims, 'create:todos').isGranted;
  const limit: number = getFlag(claims, 'todo_limit', 3).value;
  assert.equal(granted, true);
  assert.equal(limit, 5);
  assert.equal(has(claims, { permissions: 'delete:todos' }), false);
}
