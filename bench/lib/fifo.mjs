// A named pipe that this process keeps open, as the stdout of a client whose memory is read by process id.
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * @returns {{fd: number, readFd: number, remove(): void}} `fd` is for the writer and keeps the pipe open; `readFd` is a
 *   separate file description, because Node makes the file description of the
 *   writer non-blocking
 */
export function makeFifo() {
  const directory = mkdtempSync(join(tmpdir(), 'atlantis-bench-'));
  const path = join(directory, 'fifo');
  spawnSync('mkfifo', [path]);
  const fd = openSync(path, 'r+');
  const readFd = openSync(path, 'r');
  return {
    fd,
    readFd,
    remove() {
      closeSync(readFd);
      closeSync(fd);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
