// Tries the installed @kindling/doctor: an environment in which everything is missing, with no network.
import assert from 'node:assert/strict';
import { diagnose, type Finding, type Report } from '@kindling/doctor';

export async function trial(): Promise<void> {
  const fetch = async () => {
    throw new TypeError('fetch failed');
  };
  const { ok, findings }: Report = await diagnose({ env: {}, fetch });
  const failed: Finding | undefined = findings.find(({ outcome }) => outcome === 'failed');
  assert.equal(ok, false);
  assert.equal(failed?.check, 'environment');
}
