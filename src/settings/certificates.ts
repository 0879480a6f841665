// The certificates to trust (`--ca-cert`, NODE_EXTRA_CA_CERTS), read and checked before anything connects.
import { X509Certificate } from 'node:crypto';
import { UsageError } from '../errors.ts';
import { readNamedFile } from '../io/read-file.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The message for `areTlsChecksOff`, without the consequence. */
export const TLS_CHECKS_OFF = 'NODE_TLS_REJECT_UNAUTHORIZED=0 turns certificate checks off';

/** Whether Node would accept any certificate: refused for hosts other than loopback (contract C7). */
export function areTlsChecksOff(env: Environment): boolean {
  return env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0';
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*(?:-----END CERTIFICATE-----)?/g;

/**
 * The PEM of `--ca-cert`.
 *
 * @param signal gives up on a pipe
 * @throws UsageError when the file cannot be read, or contains no certificate or a damaged one
 */
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

/** @param source where the PEM came from, for the message. @throws UsageError for no certificate or a damaged one */
export function checkCertificates(pem: string, source: string): void {
  const certificates = pem.match(CERTIFICATE) ?? [];
  const damaged = certificates.findIndex((one) => !isCertificate(one));
  if (certificates.length > 0 && damaged < 0) return;
  const fault =
    certificates.length === 0 ? 'contains no certificate' : `is damaged at certificate ${damaged + 1}`;
  throw new UsageError(`${source} ${fault}`, 'accepted: PEM certificates');
}

/** Node would silently skip a damaged one, and then trust no server. */
function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

/**
 * All trusted roots in PEM: the built-in ones, those of NODE_EXTRA_CA_CERTS, which Node ignores once it is given a
 * list, and the added ones.
 */
export async function listTrustedRoots(
  added: readonly string[],
  env: Environment,
): Promise<readonly string[]> {
  // Loads all of Node's TLS, so only where it is needed.
  const { rootCertificates } = await import('node:tls');
  return [...rootCertificates, ...(await readExtraRoots(env['NODE_EXTRA_CA_CERTS'])), ...added];
}

/** The same for a CA file that a flag names; undefined without one. @throws UsageError as `readCaFile` */
export async function readTrustedRoots(
  caCert: string | undefined,
  env: Environment,
): Promise<readonly string[] | undefined> {
  return caCert === undefined ? undefined : listTrustedRoots([await readCaFile(caCert)], env);
}

/** Like Node, skips a file that cannot be read. */
async function readExtraRoots(path: string | undefined): Promise<string[]> {
  if (path === undefined || path === '') return [];
  try {
    return [(await readNamedFile(path)).toString('utf8')];
  } catch {
    return [];
  }
}
