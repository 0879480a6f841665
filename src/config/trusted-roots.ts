// The roots to trust when --ca-cert adds some: the built-in ones, those of NODE_EXTRA_CA_CERTS, and the file.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { UsageError } from '../errors.ts';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*(?:-----END CERTIFICATE-----)?/g;

/**
 * All trusted roots in PEM.
 *
 * @throws UsageError when the file cannot be read, holds no certificate or a damaged one
 */
export function readTrustedRoots(path: string, extraPath: string | undefined): readonly string[] {
  let pem: string;
  try {
    pem = readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new UsageError(
      `--ca-cert "${path}" cannot be read (${code})`,
      'accepted: a file with PEM certificates',
    );
  }
  const certificates = pem.match(CERTIFICATE) ?? [];
  const damaged = certificates.findIndex((one) => !isCertificate(one));
  if (certificates.length === 0 || damaged >= 0) {
    const fault =
      certificates.length === 0 ? 'holds no certificate' : `is damaged at certificate ${damaged + 1}`;
    throw new UsageError(`--ca-cert "${path}" ${fault}`, 'accepted: a file with PEM certificates');
  }
  return [...rootCertificates, ...readExtra(extraPath), pem];
}

/** Node would leave a damaged one out without a word, and then trust nobody. */
function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

/** As Node does: what cannot be read is left out. */
function readExtra(path: string | undefined): string[] {
  if (path === undefined || path === '') return [];
  try {
    return [readFileSync(path, 'utf8')];
  } catch {
    return [];
  }
}
