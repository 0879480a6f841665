// The roots to trust when --ca-cert adds some: the built-in ones, those of NODE_EXTRA_CA_CERTS, and the file.
import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { UsageError } from '../errors.ts';

/**
 * All trusted roots in PEM.
 *
 * @throws UsageError when the file cannot be read or holds no certificate
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
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) {
    throw new UsageError(
      `--ca-cert "${path}" holds no certificate`,
      'accepted: a file with PEM certificates',
    );
  }
  return [...rootCertificates, ...readExtra(extraPath), pem];
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
