import { checkDrift as compare, type Drift } from '@kindling/core';
import { concluded, say, type Checked, type Statement } from '../finding.js';
import type { DeclaredTenant } from '../options.js';
import type { Lists } from './management.js';

const FIXES: Record<Drift['difference'], string> = {
  missing: 'Create it in Kinde, or remove it from defineKinde.',
  undeclared: 'Add it to defineKinde, or remove it in Kinde.',
  different: 'Make both the same, in Kinde or in defineKinde.',
};

/** Compares the declaration of `defineKinde` with Kinde. Declared permissions that Kinde does not have are never granted. */
export function checkDrift(tenant: DeclaredTenant | undefined, lists: Lists = {}): Checked {
  const { permissions, roles, flags } = lists;
  if (!tenant) {
    const fix = 'Name its module: --tenant.';
    return concluded(say('skipped', 'There is no defineKinde object to compare with.', fix));
  }
  if (!permissions || !roles || !flags) {
    const detail = 'Permissions, roles or flags could not be listed; see the management check.';
    return concluded(say('skipped', detail));
  }
  const differences = compare(tenant, { permissions, roles, flags });
  const count = permissions.length + roles.length + flags.length;
  if (differences.length === 0) {
    return concluded(say('ok', `All ${count} permissions, roles and flags are as declared.`));
  }
  return concluded(...differences.map(toStatement));
}

/** Undeclared resources do no harm, so they are warnings. */
function toStatement({ difference, detail }: Drift): Statement {
  const outcome = difference === 'undeclared' ? 'warning' : 'failed';
  return say(outcome, detail, FIXES[difference]);
}
