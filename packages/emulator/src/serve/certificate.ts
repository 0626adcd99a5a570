import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';

/** A private key and its certificate, both as PEM. */
export interface Certificate {
  /** Private key. */
  readonly key: string;
  /** Certificate of the key. */
  readonly cert: string;
}

/** Names that every certificate is for. */
const NAMES = ['localhost', '*.localhost', '127.0.0.1', '::1'];
/** Days for which a certificate is valid: Apple's systems accept no more than 825. */
const DAYS = 800;
/** Days before its end from which a certificate is not used again. */
const REST = 30;
const DAY = 86_400_000;

/** Makes a certificate for this machine, and for names that requests may come by. It signs itself. */
export async function createCertificate(names: readonly string[] = []): Promise<Certificate> {
  const { generate } = await import('selfsigned');
  const altNames = [...NAMES, ...names].map((name) =>
    isIP(name) === 0 ? { type: 2, value: name } : { type: 7, ip: name },
  );
  const { private: key, cert } = generate([{ name: 'commonName', value: 'Local Kinde' }], {
    algorithm: 'sha256',
    keySize: 2_048,
    notBeforeDate: new Date(Date.now() - DAY),
    days: DAYS,
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames },
    ],
  });
  return { key, cert };
}

/** Whether a kept certificate is still good for a while, and for all these names. */
export function isUsable({ cert }: Certificate, names: readonly string[] = []): boolean {
  try {
    const certificate = new X509Certificate(cert);
    const isValid = Date.parse(certificate.validTo) > Date.now() + REST * DAY;
    const covers = (name: string) =>
      isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name);
    return isValid && ['localhost', ...names].every((name) => covers(name) !== undefined);
  } catch {
    return false;
  }
}
