import {
  compactVerify,
  errors,
  type CompactVerifyGetKey,
  type JWTPayload,
  type JWTVerifyGetKey,
} from 'jose';
import {
  bytesOf,
  bytesOfAll,
  nodeCrypto,
  type NodeCrypto,
  type NodeKey,
  type WebKey,
} from '../crypto/node.js';

/** A JWT whose signature is right. */
export interface VerifiedJws {
  readonly header: Readonly<Record<string, unknown>>;
  /** Its payload as it was sent. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** The check that a JWT failed. */
export type JwsProblem = 'malformed' | 'alg' | 'crit' | 'key_insecure' | 'signature';

/** What may be given to a verifier. */
interface VerifierOptions {
  /** Checks a signature. @default by Node's cryptography, or by WebCrypto where there is none */
  readonly check?: Check;
  /** Says of a key id that no token under it is accepted. @default of none */
  readonly refuses?: ((kid: unknown) => boolean) | undefined;
}

/**
 * Checks signatures of compact JWS (RFC 7515) with RS256, the one algorithm that Kinde uses, whatever else a header asks
 * for. Throws where the set of keys has no such key, or several, or cannot be had.
 */
export function createVerifier(
  keyFor: JWTVerifyGetKey,
  {
    check = nodeCrypto ? withNode(keyFor, nodeCrypto) : withJose(keyFor),
    refuses,
  }: VerifierOptions = {},
): (token: string) => Promise<VerifiedJws | JwsProblem> {
  return async (token) => {
    const parts = token.split('.');
    const decoded = parts.length === 3 ? bytesOfAll(parts) : undefined;
    const [head, body, signature] = decoded ?? [];
    const header = readJson(head);
    if (!header || !signature) {
      return 'malformed';
    }
    if (header['alg'] !== 'RS256') {
      return 'alg';
    }
    if (header['crit'] !== undefined || header['b64'] !== undefined) {
      return 'crit';
    }
    if (refuses?.(header['kid'])) {
      return 'key_insecure';
    }
    const problem = await check({ parts, signature }, header);
    if (problem) {
      return problem;
    }
    const claims = readJson(body);
    if (!claims) {
      return 'malformed';
    }
    return { header, claims };
  };
}

/** The three parts of a token as they were sent, and the bytes of the last one. */
interface CompactJws {
  readonly parts: readonly string[];
  readonly signature: Uint8Array;
}

/** Checks the signature of a token whose header was read. */
type Check = (jws: CompactJws, header: Record<string, unknown>) => Promise<JwsProblem | undefined>;

/** Checks signatures wherever there is WebCrypto. */
export function withJose(keyFor: JWTVerifyGetKey): Check {
  return async ({ parts }) => {
    try {
      await compactVerify(parts.join('.'), keyFor as CompactVerifyGetKey, {
        algorithms: ['RS256'],
      });
      return undefined;
    } catch (error) {
      if (error instanceof errors.JWSSignatureVerificationFailed) {
        return 'signature';
      }
      if (error instanceof errors.JWSInvalid) {
        return 'malformed';
      }
      throw error;
    }
  };
}

/**
 * The same, with keys of the same set. A wrong signature is `false` to Node and never an error, so an error means that this
 * runtime has only parts of Node's cryptography (Cloudflare Workers with `nodejs_compat`): from then on WebCrypto checks.
 */
export function withNode(keyFor: JWTVerifyGetKey, node: NodeCrypto): Check {
  const known = new WeakMap<WebKey, NodeKey>();
  const keyOf = (key: WebKey) => {
    const object = known.get(key) ?? node.KeyObject.from(key);
    known.set(key, object);
    return object;
  };
  const checkWithJose = withJose(keyFor);
  let isComplete = true;
  return async (jws, header) => {
    if (!isComplete) {
      return checkWithJose(jws, header);
    }
    const [head = '', body = '', end = ''] = jws.parts;
    const asked = {
      alg: 'RS256',
      ...(header['kid'] !== undefined && { kid: header['kid'] as string }),
    };
    const key = (await keyFor(asked, {
      protected: head,
      payload: body,
      signature: end,
    })) as WebKey;
    const { modulusLength = 0 } = key.algorithm as { modulusLength?: number };
    if (modulusLength < 2048) {
      // jose refuses such a key.
      return checkWithJose(jws, header);
    }
    try {
      const isSigned = node.verify(
        'RSA-SHA256',
        Buffer.from(`${head}.${body}`),
        keyOf(key),
        jws.signature,
      );
      return isSigned ? undefined : 'signature';
    } catch {
      isComplete = false;
      return checkWithJose(jws, header);
    }
  };
}

/** Tells a JWT from an opaque token by its shape. */
export function isJwt(token: string): boolean {
  return JWT.test(token);
}

/** Reads the claims of a token that was verified when it arrived; `{}` for one that is not a JWT. */
export function readClaims(token: string): JWTPayload {
  const payload = JWT.exec(token)?.[1];
  if (payload === undefined) {
    return {};
  }
  return readJson(bytesOf(payload)) ?? {};
}

const JWT = /^[\w-]+\.([\w-]+)\.[\w-]+$/;

/** Reads a part of a JWT that is a JSON object. */
function readJson(part: Uint8Array | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(UTF8.decode(part));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
    return undefined;
  } catch {
    return undefined;
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
