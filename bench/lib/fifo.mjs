// A named pipe that this process keeps open, as the stdout of a client whose memory is read by process id.
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * @returns {{fd: number, readFd: number, remove(): void}} `fd` is for the writer and keeps the pipe open; `readFd` is a
 *   separate file description, because Node makes the writer's non-blocking
 */
export function makeFifo() {
  const folder = mkdtempSync(join(tmpdir(), 'atlantis-bench-'));
  const path = join(folder, 'fifo');
  spawnSync('mkfifo', [path]);
  const fd = openSync(path, 'r+');
  const readFd = openSync(path, 'r');
  return {
    fd,
    readFd,
    remove() {
      closeSync(readFd);
      closeSync(fd);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A field of /proc/<pid>/status in KiB, such as VmRSS or VmHWM; undefined when the process has ended. */
export function readStatusKiB(pid, field) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const found = new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1];
    return found === undefined ? undefined : Number(found);
  } catch {
    return undefined;
  }
}
