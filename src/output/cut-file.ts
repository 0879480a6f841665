// Cutting a file that is open for appending, such as the torn end of its last line.
import { ftruncateSync, truncateSync } from 'node:fs';

/**
 * Cuts the file at `path`, open as `fd`, to its first `length` bytes. On Windows the right to append does not include
 * that (EPERM, nodejs/node#3177): there it is done by the file's name.
 *
 * @throws what the system says against it
 */
export function cutFile(path: string, fd: number, length: number): void {
  try {
    ftruncateSync(fd, length);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
    truncateSync(path, length);
  }
}
