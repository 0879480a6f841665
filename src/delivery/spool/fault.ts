// The words for a spool that cannot be written or read (exit 9).
import { isAtlantisError, OutputError } from '../../errors.ts';

const WORDS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'a file has reached its size limit',
  EIO: 'the device reported an error',
  EACCES: 'permission is denied',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'it is no folder',
};

/** The error for the user; one of ours is handed on. */
export function describeSpoolFault(path: string, error: unknown): Error {
  if (isAtlantisError(error)) return error;
  const { code = 'unknown error', hint } = error as NodeJS.ErrnoException & { readonly hint?: string };
  const words = WORDS[code];
  return new OutputError(
    `the spool ${JSON.stringify(path)} could not be used: ${words === undefined ? code : `${words} (${code})`}`,
    hint,
  );
}
