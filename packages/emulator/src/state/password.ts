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
  return timingSafeEqual(sha256(a), sha256(b));
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
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

/** A hashed password in the words of the Management API. */
interface SentPassword {
  readonly hashed_password: string;
  readonly hashing_method?: string | undefined;
  readonly salt?: string | undefined;
  readonly salt_position?: 'prefix' | 'suffix' | undefined;
  readonly iterations?: number | undefined;
  readonly variant?: string | undefined;
}

/** The field of a sent password that is wrong, and why. */
interface WrongField {
  readonly field: string;
  readonly why: string;
}

/** Reads a hashed password as it was sent, or names the field that is wrong. */
export function parsePasswordHash(sent: SentPassword): PasswordHash | WrongField {
  const { hashing_method: method = 'bcrypt' } = sent;
  switch (method) {
    case 'bcrypt':
      return parseBcrypt(sent);
    case 'md5':
    case 'sha256':
      return parseDigest(sent, method);
    case 'pbkdf2':
      return parsePbkdf2(sent);
    default:
      return {
        field: 'hashing_method',
        why: `${method} is not emulated: bcrypt, md5, sha256 and pbkdf2 are`,
      };
  }
}

function parseBcrypt({ hashed_password: hash }: SentPassword): PasswordHash | WrongField {
  const cost = Number(/^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/.exec(hash)?.[1]);
  return cost >= 4 && cost <= HIGHEST_COST ? { method: 'bcrypt', hash } : malformed('bcrypt');
}

function parseDigest(
  { hashed_password: hash, salt = '', salt_position: position }: SentPassword,
  method: 'md5' | 'sha256',
): PasswordHash | WrongField {
  const length = method === 'md5' ? 32 : 64;
  if (hash.length !== length || !/^[0-9a-f]+$/i.test(hash)) {
    return malformed(method);
  }
  const salts = position === 'suffix' ? { prefix: '', suffix: salt } : { prefix: salt, suffix: '' };
  return {
    method,
    hash,
    ...salts,
  };
}

function parsePbkdf2(sent: SentPassword): PasswordHash | WrongField {
  const { hashed_password: hash, salt = '', iterations = 24_000, variant = '' } = sent;
  const known = Object.hasOwn(VARIANTS, variant) ? VARIANTS[variant] : undefined;
  if (!known) {
    return { field: 'variant', why: `must be one of ${Object.keys(VARIANTS).join(', ')}` };
  }
  const [digest, length] = known;
  if (iterations < 1 || iterations > MOST_ITERATIONS) {
    return { field: 'iterations', why: `must be from 1 to ${MOST_ITERATIONS}` };
  }
  if (!isBase64(salt)) {
    return { field: 'salt', why: 'must be base64' };
  }
  if (!isBase64(hash) || Buffer.from(hash, 'base64').length !== length) {
    return malformed('pbkdf2');
  }
  return {
    method: 'pbkdf2',
    hash,
    salt,
    iterations,
    digest,
    length,
  };
}

function malformed(method: string): WrongField {
  return { field: 'hashed_password', why: `is not a password hashed with ${method}` };
}

function isBase64(text: string): boolean {
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text);
}
