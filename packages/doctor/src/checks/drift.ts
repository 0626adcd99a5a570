import { checkDrift as compare, type Drift } from '@kindling/core';
import { say, type Checked } from '../finding.js';
import type { DeclaredTenant } from '../options.js';
import type { Lists } from './management.js';

const FIXES: Record<Drift['difference'], string> = {
  missing: 'Create it in Kinde, or take it out of defineKinde.',
  undeclared: 'Add it to defineKinde, or remove it in Kinde.',
  different: 'Make them the same, in Kinde or in defineKinde.',
};

/** What the code declares with `defineKinde` against what Kinde has. What is missing there is never granted. */
export function checkDrift(tenant: DeclaredTenant | undefined, lists: Lists = {}): Checked {
  const { permissions, roles, flags } = lists;
  if (!tenant) {
    return {
      statements: [
        say(
          'skipped',
          'There is no defineKinde object to compare with.',
          'Name its module: --tenant.',
        ),
      ],
    };
  }
  if (!permissions || !roles || !flags) {
    return {
      statements: [
        say('skipped', 'Permissions, roles or flags could not be listed; management says why.'),
      ],
    };
  }
  const differences = compare(tenant, {
    permissions,
    roles,
    flags,
  });
  const count = permissions.length + roles.length + flags.length;
  if (differences.length === 0) {
    return {
      statements: [say('ok', `All ${count} permissions, roles and flags are as declared.`)],
    };
  }
  return {
    statements: differences.map(({ difference, detail }) =>
      say(difference === 'undeclared' ? 'warning' : 'failed', detail, FIXES[difference]),
    ),
  };
}
