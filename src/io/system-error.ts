// Errors of system calls: their codes, and what messages say about them.

import { constants } from 'node:os';

/** Why a file cannot be written any more. */
const WRITE_FAULTS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is exceeded',
  EFBIG: 'the file has reached its size limit',
  EIO: 'the device reported an error',
};

const FAULTS: Readonly<Record<string, string>> = {
  ...WRITE_FAULTS,
  EACCES: 'permission denied',
  EBADF: 'it is closed',
  EISDIR: 'it is a directory',
  ELOOP: 'the path is a loop of links',
  ENAMETOOLONG: 'the path is too long',
  ENOENT: 'the directory does not exist',
  ENOTDIR: 'a part of the path is not a directory',
  ENXIO: 'the pipe has no reader',
  EROFS: 'the file system is read-only',
  ESTALE: 'the file server has lost the file',
};

/** The code of a failed system call, such as ENOENT; undefined for any other error. */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  const { code, errno } = error as { readonly code: unknown; readonly errno?: unknown };
  if (typeof code !== 'string') return undefined;
  // Node has no name for some codes, such as EDQUOT: `UNKNOWN` or `Unknown system error -122`.
  const isUnnamed = /^unknown/i.test(code);
  const [name] =
    Object.entries(constants.errno).find(([, number]) => isUnnamed && number === -Number(errno)) ?? [];
  return name ?? code;
}

/** The reason and the code; only the code if it is an unusual one, or the reason of a refusal. */
export function describeSystemError(error: unknown): string {
  const code = systemCode(error) ?? 'unknown error';
  const reason = FAULTS[code];
  return reason === undefined ? code : `${reason} (${code})`;
}

/** True if the file could be opened, but the disk did not take the content. */
export const isWriteFault = (error: unknown): boolean => (systemCode(error) ?? '') in WRITE_FAULTS;
