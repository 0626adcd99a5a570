import type { Address } from './bind.js';
import { originFor } from './hosts.js';

/** Milliseconds that whoever has a port gets to say what it is. */
const PATIENCE = 1_000;

/** The error of a port that is taken, which says by whom; any other failure as it is. */
export async function explainTaken(failure: unknown, { port, hosts }: Address): Promise<unknown> {
  const { code } = failure as NodeJS.ErrnoException;
  if (code !== 'EADDRINUSE') {
    return failure;
  }
  const found = await Promise.all(hosts.map((host) => versionAt(originFor(host, port, 'http'))));
  const version = found.find((one) => one !== undefined);
  const owner = version === undefined ? 'another program' : `a local Kinde (version ${version})`;
  const message = `Port ${port} is taken by ${owner}. Choose another one; 0 takes a free one.`;
  return Object.assign(new Error(message, { cause: failure }), { code });
}

/** Version of the local Kinde at an address, if there is one. */
async function versionAt(origin: string): Promise<string | undefined> {
  try {
    const signal = AbortSignal.timeout(PATIENCE);
    const url = `${origin}/emulator/api/v1/status`;
    const response = await fetch(url, { signal, redirect: 'error' });
    const { ready, version } = (await response.json()) as Record<string, unknown>;
    const isKnown = typeof ready === 'boolean' && /^[\w.+-]{1,40}$/.test(String(version));
    return isKnown ? String(version) : undefined;
  } catch {
    return undefined;
  }
}
