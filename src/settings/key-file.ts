// Reads a key from a file, such as a Docker or Kubernetes secret (contract P1).
//
// Links are followed and owners are not checked, because a mounted secret is a link to a file that root owns. Pipes and
// devices are refused: reading one could block, and a pipe would be empty at the next attempt.
import { closeSync, fstatSync } from 'node:fs';
import { CredentialError } from '../errors.ts';
import { decodeKey } from '../io/key.ts';
import { sayNotRead } from '../io/messages.ts';
import { openToRead, readAtMost } from '../io/read-file.ts';
import { systemCode } from '../io/system-error.ts';
import { KEY_FILE_FAULTS, nameKeyFile, sayKeyFileUnusable } from './messages.ts';

/** More than the longest key and the white space around it. */
const MAX_BYTES = 64 * 1024;

/** Does not check the key. @throws CredentialError with the path and the reason, never the content */
export function readKeyFile(path: string, source: string): string {
  const fail = (fault: Parameters<typeof sayKeyFileUnusable>[2]): CredentialError =>
    new CredentialError(...sayKeyFileUnusable(source, path, fault));
  let fd: number | undefined;
  try {
    fd = openToRead(path);
    const stats = fstatSync(fd);
    if (stats.isDirectory()) throw fail(KEY_FILE_FAULTS.directory);
    if (!stats.isFile()) throw fail(KEY_FILE_FAULTS.notRegular);
    return decodeKey(readAtMost(fd, MAX_BYTES), source);
  } catch (error) {
    const code = systemCode(error);
    if (error instanceof CredentialError || code === undefined) throw error;
    if (code === 'EFBIG') throw fail(KEY_FILE_FAULTS.tooLarge);
    throw new CredentialError(...sayNotRead(nameKeyFile(source), path, error));
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
