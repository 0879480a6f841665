// Certificates that somebody wants to be trusted, looked at before anything else happens.
import { X509Certificate } from 'node:crypto';
import { UsageError } from '../errors.ts';
import { readNamedFile } from './read-file.ts';

/** The words for `areTlsChecksOff`, without what could happen. */
export const TLS_CHECKS_OFF = 'NODE_TLS_REJECT_UNAUTHORIZED=0 turns certificate checks off';

/** Whether Node would trust anybody: refused for hosts that are not loopback (contract C7). */
export function areTlsChecksOff(env: Readonly<Record<string, string | undefined>>): boolean {
  return env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0';
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*(?:-----END CERTIFICATE-----)?/g;

/** The PEM of `--ca-cert`; the signal ends waiting for a pipe. @throws UsageError when the file cannot be read, holds no certificate or a damaged one */
export async function readCaFile(path: string, signal?: AbortSignal): Promise<string> {
  let pem: string;
  try {
    pem = (await readNamedFile(path, signal)).toString('utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new UsageError(`--ca-cert "${path}" cannot be read (${code})`, 'accepted: PEM certificates');
  }
  checkCertificates(pem, `--ca-cert "${path}"`);
  return pem;
}

/** @param source where the PEM came from, for the message. @throws UsageError when a certificate is damaged, or none is there */
export function checkCertificates(pem: string, source: string): void {
  const certificates = pem.match(CERTIFICATE) ?? [];
  const damaged = certificates.findIndex((one) => !isCertificate(one));
  if (certificates.length > 0 && damaged < 0) return;
  const fault =
    certificates.length === 0 ? 'holds no certificate' : `is damaged at certificate ${damaged + 1}`;
  throw new UsageError(`${source} ${fault}`, 'accepted: PEM certificates');
}

/** Node would leave a damaged one out without a word, and then trust nobody. */
function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
