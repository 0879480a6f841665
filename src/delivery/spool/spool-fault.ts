// Why a spool cannot be used, for the user.
import { isAtlantisError, OutputError } from '../../errors.ts';
import { WRITE_FAULTS } from '../../io/safe-file.ts';

const REASONS: Readonly<Record<string, string>> = {
  ...WRITE_FAULTS,
  EACCES: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'it is not a directory',
};

/** The error for the user; an AtlantisError is returned as it is. */
export function describeSpoolFault(path: string, error: unknown): Error {
  if (isAtlantisError(error)) return error;
  const { code = 'unknown error', hint } = error as NodeJS.ErrnoException & { readonly hint?: string };
  const reason = REASONS[code];
  return new OutputError(
    `the spool ${JSON.stringify(path)} could not be used: ${reason === undefined ? code : `${reason} (${code})`}`,
    hint,
  );
}
