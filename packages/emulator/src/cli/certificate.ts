import { join } from 'node:path';
import { makeFolder, readText, writeText } from '../keep/files.js';
import { createCertificate, isUsable, type Certificate } from '../serve/certificate.js';

/** Where a kept certificate is. */
export interface KeptCertificate extends Certificate {
  /** File of the certificate, for those who have to trust it. */
  readonly file: string;
}

/** The certificate of a folder of state: made once, and again before it ends. */
export async function certificateIn(
  folder: string,
  names: readonly string[],
): Promise<KeptCertificate> {
  const file = join(folder, 'certificate.pem');
  const keyFile = join(folder, 'certificate.key');
  const kept = {
    key: readText(keyFile) ?? '',
    cert: readText(file) ?? '',
  };
  if (kept.key !== '' && isUsable(kept, names)) {
    return {
      ...kept,
      file,
    };
  }
  const made = await createCertificate(names);
  makeFolder(folder);
  writeText(keyFile, made.key);
  writeText(file, made.cert);
  return {
    ...made,
    file,
  };
}
