import { createLocalJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import { usableKey } from './strength.js';

/** Bytes of a key set, and seconds that fetching it may take. */
const LARGEST = 256 * 1024;
const PATIENCE = 5;
/** Seconds for which keys serve, and between two fetches for keys that are not among them: anybody can make those up. */
const FRESH = 600;
const COOL_DOWN = 10;

/** The signing keys of each issuer: fetched at first use, after ten minutes, and for a key that is not among them. */
export function createKeys(): (issuer: string, fetch: typeof globalThis.fetch) => JWTVerifyGetKey {
  const known = new Map<string, { fetch: typeof globalThis.fetch; keys: JWTVerifyGetKey }>();
  return (issuer, fetch) => {
    const found = known.get(issuer);
    if (found?.fetch === fetch) {
      return found.keys;
    }
    const keys = createKeySet(() => fetchKeys(fetch, `${issuer}/.well-known/jwks`));
    known.set(issuer, { fetch, keys });
    return keys;
  };
}

/** Throws `JWKSNoMatchingKey` where a key was not among the newest that could be had. */
function createKeySet(fetchSet: () => Promise<object[]>): JWTVerifyGetKey {
  let current: { find: JWTVerifyGetKey; age: () => number } | undefined;
  let coming: { set: Promise<JWTVerifyGetKey>; age: () => number } | undefined;
  let cooling: (() => number) | undefined;
  const renew = (): Promise<JWTVerifyGetKey> => {
    // Cloudflare Workers stop what is under way together with the request that began it.
    if (coming && coming.age() <= PATIENCE) {
      return coming.set;
    }
    const age = stopwatch();
    const set = fetchSet().then((keys) => {
      const find = createLocalJWKSet({ keys: keys as [] });
      current = { find, age };
      return find;
    });
    const own = (coming = { set, age });
    const end = () => void (coming === own && (coming = undefined));
    set.then(end, end);
    return set;
  };
  return async (...asked) => {
    const find = current && current.age() <= FRESH ? current.find : await renew();
    try {
      return await find(...asked);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) {
        throw error;
      }
      if (!coming && cooling && cooling() < COOL_DOWN) {
        throw error;
      }
      if (!coming) {
        cooling = stopwatch();
      }
      return (await renew())(...asked);
    }
  };
}

/** Begins to count seconds. Somebody may set the one clock, and the other stands still while a machine sleeps. */
function stopwatch(): () => number {
  const start = performance.now();
  const date = Date.now();
  return () => Math.max(performance.now() - start, Date.now() - date) / 1000;
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
  const init = {
    headers: { accept: 'application/json' },
    redirect: 'manual',
    signal: stop.signal,
  } as const;
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
  let text = '';
  let size = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    size += part.value.byteLength;
    if (size > LARGEST) {
      await reader.cancel().catch(() => {});
      throw new Error('The set of signing keys is too large.');
    }
    text += decoder.decode(part.value, { stream: true });
  }
  const { keys } = (JSON.parse(text) ?? {}) as { keys?: unknown };
  if (!Array.isArray(keys)) {
    throw new Error('There is no set of signing keys at this address.');
  }
  return keys.flatMap((key) => usableKey(key) ?? []);
}
