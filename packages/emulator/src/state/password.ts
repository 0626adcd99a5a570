import { compare } from 'bcryptjs';
import { createHash, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

/** A password as another system stored it. */
export type PasswordHash =
  | { readonly method: 'bcrypt'; readonly hash: string }
  | {
      readonly method: 'md5' | 'sha256';
      readonly hash: string;
      readonly prefix: string;
      readonly suffix: string;
    }
  | {
      readonly method: 'pbkdf2';
      readonly hash: string;
      /** Base64, as the hash. */
      readonly salt: string;
      readonly iterations: number;
      readonly digest: 'sha256' | 'sha512';
      /** Of the hash, in bytes. */
      readonly length: number;
    };

/** Whether this is the password. Takes no longer for one that is nearly right. */
export async function verifyPassword(given: string, hashed: PasswordHash): Promise<boolean> {
  if (given.length > LONGEST) {
    return false;
  }
  if (hashed.method === 'bcrypt') {
    return compare(given, hashed.hash);
  }
  if (hashed.method === 'pbkdf2') {
    const { salt, iterations, length, digest } = hashed;
    const derived = await promisify(pbkdf2)(
      given,
      Buffer.from(salt, 'base64'),
      iterations,
      length,
      digest,
    );
    return constantTimeEqual(
      derived.toString('base64'),
      Buffer.from(hashed.hash, 'base64').toString('base64'),
    );
  }
  const { method, hash, prefix, suffix } = hashed;
  return constantTimeEqual(
    createHash(method)
      .update(prefix + given + suffix)
      .digest('hex'),
    hash.toLowerCase(),
  );
}

/** Compares what must not be found out letter by letter. */
export function constantTimeEqual(a: string, b: string): boolean {
  const [one, other] = [a, b].map((text) => createHash('sha256').update(text).digest()) as [
    Buffer,
    Buffer,
  ];
  return timingSafeEqual(one, other);
}

/** Characters of a password, so that hashing is bounded. */
const LONGEST = 1000;

/** More would keep this process busy for seconds: bcrypt's cost, and rounds of PBKDF2. */
const HIGHEST_COST = 14;
const MOST_ITERATIONS = 1_000_000;

/** Kinde's names for kinds of PBKDF2: the digest, and bytes of the hash. */
const VARIANTS: Readonly<Record<string, readonly ['sha256' | 'sha512', number]>> = {
  'salted-pbkdf2-hmac-sha256': ['sha256', 32],
  'salted-pbkdf2-hmac-sha256-512': ['sha256', 64],
  'salted-pbkdf2-hmac-sha512-512': ['sha512', 64],
};

interface Given {
  readonly hashed_password: string;
  readonly hashing_method?: string | undefined;
  readonly salt?: string | undefined;
  readonly salt_position?: 'prefix' | 'suffix' | undefined;
  readonly iterations?: number | undefined;
  readonly variant?: string | undefined;
}

/** A stored password in the words of the Management API, or the field that is wrong and why. */
export function parsePasswordHash(
  given: Given,
): PasswordHash | { readonly field: string; readonly why: string } {
  const { hashed_password: hash, hashing_method: method = 'bcrypt', salt = '' } = given;
  const malformed = { field: 'hashed_password', why: `is not a password hashed with ${method}` };
  if (method === 'bcrypt') {
    const cost = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/.exec(hash)?.[1];
    if (Number(cost) >= 4 && Number(cost) <= HIGHEST_COST) {
      return { method, hash };
    }
    return malformed;
  }
  if (method === 'md5' || method === 'sha256') {
    if (!new RegExp(`^[0-9a-f]{${method === 'md5' ? 32 : 64}}$`, 'i').test(hash)) {
      return malformed;
    }
    const before = given.salt_position !== 'suffix';
    return {
      method,
      hash,
      prefix: before ? salt : '',
      suffix: before ? '' : salt,
    };
  }
  if (method !== 'pbkdf2') {
    return {
      field: 'hashing_method',
      why: `${method} is not emulated: bcrypt, md5, sha256 and pbkdf2 are`,
    };
  }
  const [digest, length] =
    (Object.hasOwn(VARIANTS, given.variant ?? '') && VARIANTS[given.variant ?? '']) || [];
  if (!digest || !length) {
    return { field: 'variant', why: `must be one of ${Object.keys(VARIANTS).join(', ')}` };
  }
  const { iterations = 24_000 } = given;
  if (iterations < 1 || iterations > MOST_ITERATIONS) {
    return { field: 'iterations', why: `must be from 1 to ${MOST_ITERATIONS}` };
  }
  if (!isBase64(salt)) {
    return { field: 'salt', why: 'must be base64' };
  }
  if (!isBase64(hash) || Buffer.from(hash, 'base64').length !== length) {
    return malformed;
  }
  return {
    method,
    hash,
    salt,
    iterations,
    digest,
    length,
  };
}

function isBase64(text: string): boolean {
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text);
}
