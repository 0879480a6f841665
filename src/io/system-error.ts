// The codes of failed system calls.
import { constants } from 'node:os';

/** The code, such as ENOENT; undefined for any other error. */
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

const DISK_CODES = ['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO'];

/** True if a file could be opened, but its content could not be stored on the disk. */
export const isDiskFault = (error: unknown): boolean => DISK_CODES.includes(systemCode(error) ?? '');
