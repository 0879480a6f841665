// Reads a key from a file, such as a Docker or Kubernetes secret (contract P1).
//
// Links are followed and owners are not checked, because a mounted secret is a link to a file that root owns. Pipes and devices
// are refused: reading one could block, and a pipe would be empty at the next attempt.
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { CredentialError } from '../errors.ts';
import { decodeKey } from '../io/key.ts';
import { readAtMost } from '../io/read-file.ts';
import { systemCode } from '../io/system-error.ts';

/** More than the longest key and the white space around it. */
const MAX_BYTES = 64 * 1024;

/**
 * The text of the file, for `parseKey` to check.
 *
 * @param source the flag or variable that names the file, for messages
 * @throws CredentialError with the path and the reason, never the content
 */
export function readKeyFile(path: string, source: string): string {
  const fail = (why: string, hint: string): CredentialError =>
    new CredentialError(`the key file of ${source} ${why}: ${path}`, hint);
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stats = fstatSync(fd);
    if (stats.isDirectory()) throw fail('is a directory', 'pass the path of a file in it');
    if (!stats.isFile()) throw fail('is a pipe or a device', 'pipe the key in with --key-stdin');
    return decodeKey(readAtMost(fd, MAX_BYTES), source);
  } catch (error) {
    const code = systemCode(error);
    if (error instanceof CredentialError || code === undefined) throw error;
    if (code === 'EFBIG') throw fail('is too large for a key', 'it must contain the key and nothing else');
    throw fail(`cannot be read (${code})`, 'check the path, and that this user can read the file');
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
