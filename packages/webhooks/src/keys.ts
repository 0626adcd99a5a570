import { isPublishedKey, readText, stopwatch, withDeadline } from '@kindling/internal';
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { hash } from './hash.js';
import { usableKey, type UsableKey } from './strength.js';

type Fetch = typeof globalThis.fetch;
type Keys = JSONWebKeySet['keys'];

/** Bytes of a key set. */
const LARGEST = 256 * 1024;
/** Seconds that fetching a key set may take. */
const TIMEOUT = 5;
/** Seconds for which a key set is cached. */
const FRESH = 600;
/** Seconds between two fetches for keys that are not in the set: anybody can make those up. */
const COOL_DOWN = 10;

/** Where keys come from, and which of them count. */
export interface KeySource {
  /** The Kinde domain. */
  readonly issuer: string;
  /** Fetches the keys. */
  readonly fetch: Fetch;
  /** Whether the published development key counts. */
  readonly acceptsPublished: boolean;
}

/** Keeps the signing keys of each issuer: fetched at first use, after ten minutes, and for a key that is not among them. */
export function createKeys(): (source: KeySource) => JWTVerifyGetKey {
  const known = new Map<string, KeySource & { readonly keys: JWTVerifyGetKey }>();
  return (source) => {
    const { issuer, fetch, acceptsPublished } = source;
    const found = known.get(issuer);
    if (found?.fetch === fetch && found.acceptsPublished === acceptsPublished) {
      return found.keys;
    }
    const keys = createKeySet(async () => {
      const all = await fetchKeys(fetch, `${issuer}/.well-known/jwks`);
      return acceptsPublished ? all : withoutPublished(all);
    });
    known.set(issuer, { ...source, keys });
    return keys;
  };
}

/** The keys that not everybody can sign with. */
async function withoutPublished(keys: readonly UsableKey[]): Promise<Keys> {
  const published = await Promise.all(keys.map((key) => isPublishedKey(key, hash)));
  return keys.filter((_, index) => !published[index]);
}

/** A key set, or the promise of one, and how many seconds ago its fetch began. */
interface Aged<Value> {
  readonly value: Value;
  readonly age: () => number;
}

/** Finds keys in the newest set. Throws `JWKSNoMatchingKey` for a key that is not in it. */
function createKeySet(fetchSet: () => Promise<Keys>): JWTVerifyGetKey {
  let current: Aged<JWTVerifyGetKey> | undefined;
  let pending: Aged<Promise<JWTVerifyGetKey>> | undefined;
  let sinceUnknown: (() => number) | undefined;
  const refresh = (): Promise<JWTVerifyGetKey> => {
    // Cloudflare Workers stop a fetch together with the request that began it, so a pending one may never end.
    if (pending && pending.age() <= TIMEOUT) {
      return pending.value;
    }
    const age = stopwatch();
    const value = fetchSet().then((keys) => {
      const find = createLocalJWKSet({ keys });
      current = { value: find, age };
      return find;
    });
    const own = { value, age };
    pending = own;
    const end = () => {
      if (pending === own) {
        pending = undefined;
      }
    };
    value.then(end, end);
    return value;
  };
  return async (...asked) => {
    const isFresh = current && current.age() <= FRESH;
    const find = current && isFresh ? current.value : await refresh();
    try {
      return await find(...asked);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) {
        throw error;
      }
      if (!pending && sinceUnknown && sinceUnknown() < COOL_DOWN) {
        throw error;
      }
      if (!pending) {
        sinceUnknown = stopwatch();
      }
      const newest = await refresh();
      return newest(...asked);
    }
  };
}

/** Fetches a key set: never follows a redirect, and bounds the bytes and the time that it takes. */
async function fetchKeys(fetch: Fetch, url: string): Promise<UsableKey[]> {
  const controller = new AbortController();
  const init = {
    headers: { accept: 'application/json' },
    redirect: 'manual',
    signal: controller.signal,
  } as const;
  return withDeadline(fetch(url, init).then(readKeys), {
    milliseconds: TIMEOUT * 1000,
    onTimeout: () => {
      controller.abort();
      throw new Error(`The signing keys did not arrive within ${TIMEOUT} seconds.`);
    },
  });
}

async function readKeys({ status, body }: Response): Promise<UsableKey[]> {
  if (status !== 200 || !body) {
    await body?.cancel().catch(() => {});
    throw new Error(`The request for the signing keys was answered with status ${status}.`);
  }
  const text = await readText(body, LARGEST);
  if (text === undefined) {
    throw new Error(`The set of signing keys has more than ${LARGEST} bytes.`);
  }
  const { keys } = (JSON.parse(text) ?? {}) as { keys?: unknown };
  if (!Array.isArray(keys)) {
    throw new Error('There is no set of signing keys at this address.');
  }
  return keys.flatMap((key) => usableKey(key) ?? []);
}
