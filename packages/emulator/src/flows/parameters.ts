import { createHmac, randomBytes } from 'node:crypto';
import { isSecretName, isToken } from '../journal/secrets.js';
import type { Parameter } from './flow.js';

const LONGEST_NAME = 100;
const LONGEST_VALUE = 300;
const MOST_PARAMETERS = 50;

/** Characters that a secret has at least if its first four are shown. */
const LONG_SECRET = 12;

const PASSWORD = /password/i;

/** Reads parameters for keeping: secrets as a few characters and a hash. */
export interface Reader {
  /** Hash of a secret by the key of this process. */
  hash(value: string): string;
  /** A parameter as it is kept. */
  read(name: string, value: string): Parameter;
  /** Parameters as they are kept: the first 50. */
  readAll(params: Iterable<readonly [string, string]>): Parameter[];
}

/** A reader with a key of its own: hashes of one process tell nothing to another. */
export function createReader(isSecret: (value: string) => boolean): Reader {
  const key = randomBytes(32);
  const hash = (value: string) => createHmac('sha256', key).update(value).digest('base64url');
  const read: Reader['read'] = (name, value) => {
    const shownName = printable(name, LONGEST_NAME);
    if (PASSWORD.test(name)) {
      return {
        name: shownName,
        value: '…',
        length: 0,
        secret: true,
      };
    }
    const length = value.length;
    if (isSecretName(name) || isToken(value) || isSecret(value)) {
      const start = length >= LONG_SECRET ? printable(value.slice(0, 4)) : '';
      return {
        name: shownName,
        value: value && `${start}…`,
        length,
        secret: true,
        hash: hash(value),
      };
    }
    return {
      name: shownName,
      value: printable(value, LONGEST_VALUE),
      length,
      secret: false,
    };
  };
  return {
    hash,
    read,
    readAll: (params) =>
      [...params].slice(0, MOST_PARAMETERS).map(([name, value]) => read(name, value)),
  };
}

/** Text with control characters and those that turn its direction shown by their numbers, cut at a length. */
export function printable(text: string, most: number = LONGEST_VALUE): string {
  const cut = text.length > most ? `${text.slice(0, most)}…` : text;
  return cut.replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}

/** An address without what is secret in it: of its query only the names. */
export function withoutValues(address: string): string {
  if (!URL.canParse(address)) {
    return printable(address.split('?')[0] ?? '');
  }
  const { origin, protocol, host, pathname, searchParams } = new URL(address);
  const names = [...new Set(searchParams.keys())];
  const start = origin === 'null' ? `${protocol}//${host}` : origin;
  const query = names.length > 0 ? `?${names.map((name) => `${name}=…`).join('&')}` : '';
  return printable(`${start}${pathname}${query}`);
}
