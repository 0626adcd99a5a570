// What a local Kinde is known by: its signing keys, and the credentials and secrets that it gives out.
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { developmentKey, type KeptKey } from './signing-key.js';

/** What stays the same over restarts and resets, so that apps do not notice them. */
export interface Identity {
  /** Secret that client ids and secrets are derived from. */
  readonly salt: string;
  /** Signing keys: the current one first, then replaced ones that are published still. */
  keys: KeptKey[];
}

/** The identity of every local Kinde in a process: the same ids, secrets and key each time, and known to everybody. */
export function developmentIdentity(): Identity {
  return { salt: 'kindling-development', keys: [developmentKey()] };
}

/** An identity of its own, which nobody else knows. Its key is the published one until a port is opened. */
export function newIdentity(): Identity {
  return { salt: randomBytes(32).toString('hex'), keys: [developmentKey()] };
}

/** Hex that follows from the identity and a name, and that nobody without the salt can tell. */
export function derive({ salt }: Pick<Identity, 'salt'>, name: string, length: number): string {
  return createHmac('sha512', salt).update(name).digest('hex').slice(0, length);
}

/** Credentials of an application. Kinde's TypeScript SDK demands 40 to 60 letters and digits for a secret. */
export function credentialsOf(
  identity: Pick<Identity, 'salt'>,
  name: string,
): { clientId: string; clientSecret: string } {
  return {
    clientId: derive(identity, `client id ${name}`, 32),
    clientSecret: derive(identity, `client secret ${name}`, 48),
  };
}

/** Values that nobody can guess, or, for tests of tokens as text, the same ones in the same order. */
export interface Random {
  /** An opaque value in base64url. @default 24 bytes */
  secret(bytes?: number): string;
  /** A UUID. */
  uuid(): string;
}

/** Random values of the system. */
export function createRandom(): Random {
  return {
    secret: (bytes = 24) => randomBytes(bytes).toString('base64url'),
    uuid: () => randomUUID(),
  };
}

/** The same values in the same order every time: only for an emulator that nobody else can reach. */
export function createCounted(identity: Pick<Identity, 'salt'>): Random {
  let count = 0;
  const next = (length: number) => derive(identity, `counted ${(count += 1)}`, length);
  return {
    secret: (bytes = 24) => Buffer.from(next(bytes * 2), 'hex').toString('base64url'),
    uuid: () => next(32).replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-4$3-8$4-$5'),
  };
}
