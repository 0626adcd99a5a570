// Tries the installed @kindling/doctor: an environment in which everything is missing, with no network.
import assert from 'node:assert/strict';
import { diagnose, type Finding, type Report } from '@kindling/doctor';

export async function trial(): Promise<void> {
  const fetch = async () => {
    throw new TypeError('fetch failed');
  };
  const { ok, findings }: Report = await diagnose({ env: {}, fetch });
  const environment: Finding | undefined = findings.find(({ check }) => check === 'environment');
  assert.equal(ok, false);
  assert.equal(environment?.outcome, 'failed');
}
