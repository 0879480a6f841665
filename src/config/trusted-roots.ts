// The roots to trust where some are added: the built-in ones, those of NODE_EXTRA_CA_CERTS, and the file. Loaded
// only there: with Node's list comes all of its TLS.
import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';

/** All trusted roots in PEM. @param extraPath of NODE_EXTRA_CA_CERTS, which Node drops once it is told what to trust */
export function listTrustedRoots(added: readonly string[], extraPath: string | undefined): readonly string[] {
  return [...rootCertificates, ...readExtra(extraPath), ...added];
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
