// The roots to trust where some are added: the built-in ones, those of NODE_EXTRA_CA_CERTS, and the file. Loaded
// only there: with Node's list comes all of its TLS.
import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { readCaFile } from './certificates.ts';

/** All trusted roots in PEM. @param extraPath of NODE_EXTRA_CA_CERTS, which Node drops once it is told what to trust */
export function listTrustedRoots(added: readonly string[], extraPath: string | undefined): readonly string[] {
  return [...rootCertificates, ...readExtra(extraPath), ...added];
}

/**
 * The same for a CA file that a flag names, with NODE_EXTRA_CA_CERTS of the environment; undefined without a file.
 *
 * @throws UsageError when the file cannot be read, holds no certificate or a damaged one
 */
export async function readTrustedRoots(
  caCert: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly string[] | undefined> {
  if (caCert === undefined) return undefined;
  return listTrustedRoots([await readCaFile(caCert)], env['NODE_EXTRA_CA_CERTS']);
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
