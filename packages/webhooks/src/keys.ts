import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from 'jose';

/** Bytes of a key set, and seconds that fetching it may take. */
const [LARGEST, PATIENCE] = [256 * 1024, 5];

/** The signing keys of each issuer: fetched at first use and kept for ten minutes; an unknown `kid` fetches at most every 30 seconds. */
export function createKeys(): (issuer: string, fetch: typeof globalThis.fetch) => JWTVerifyGetKey {
  const known = new Map<string, { fetch: typeof globalThis.fetch; keys: JWTVerifyGetKey }>();
  return (issuer, fetch) => {
    const found = known.get(issuer);
    if (found?.fetch === fetch) return found.keys;
    const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks`), {
      // The deadline is our own: it covers the whole exchange.
      timeoutDuration: 60_000,
      [customFetch]: async (url) => Response.json({ keys: await fetchKeys(fetch, url) }),
    });
    known.set(issuer, { fetch, keys });
    return keys;
  };
}

/** Never follows a redirect, reads at most so many bytes, and takes at most so long. */
async function fetchKeys(fetch: typeof globalThis.fetch, url: string): Promise<object[]> {
  const stop = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      stop.abort();
      reject(new Error(`The signing keys did not arrive within ${PATIENCE} seconds.`));
    }, PATIENCE * 1000);
  });
  const init = { headers: { accept: 'application/json' }, redirect: 'manual', signal: stop.signal } as const;
  const answer = fetch(url, init).then(readKeys);
  answer.catch(() => {});
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function readKeys(response: Response): Promise<object[]> {
  const reader = response.body?.getReader();
  if (response.status !== 200 || !reader) {
    await response.body?.cancel().catch(() => {});
    throw new Error(`The signing keys were answered with status ${response.status}.`);
  }
  const decoder = new TextDecoder();
  let [text, size] = ['', 0];
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    size += part.value.byteLength;
    if (size > LARGEST) {
      await reader.cancel().catch(() => {});
      throw new Error('The set of signing keys is too large.');
    }
    text += decoder.decode(part.value, { stream: true });
  }
  const { keys } = (JSON.parse(text) ?? {}) as { keys?: unknown };
  if (!Array.isArray(keys)) throw new Error('There is no set of signing keys at this address.');
  return keys.flatMap(usableKey);
}

/** Public RSA signing keys of 2048 bits and more; everything else in the set is left out, private members too. */
function usableKey(key: unknown): object[] {
  const { kty, n, e, kid, use, alg } = (key ?? {}) as Record<string, unknown>;
  const forSigning = (use === undefined || use === 'sig') && (alg === undefined || alg === 'RS256');
  const large = typeof n === 'string' && n.length >= 342 && typeof e === 'string';
  return kty === 'RSA' && forSigning && large && typeof kid === 'string'
    ? [{ kty, n, e, kid, alg: 'RS256', use: 'sig' }]
    : [];
}
