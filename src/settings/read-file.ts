// Reads a file that a flag names, also one that is a pipe (`--ca-cert <(vault read …)`): that is waited for
// without holding the process, so that a signal or a deadline ends the wait.
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/** No file that a flag names has a reason to be larger. */
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * All of the file.
 *
 * @param signal gives up on a pipe; the promise rejects then
 * @throws what the system says (with `code`), EFBIG beyond 16 MiB
 */
export async function readNamedFile(path: string, signal?: AbortSignal): Promise<Buffer> {
  // Opening a pipe that nobody writes to would not return otherwise.
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  const chunks: Buffer[] = [];
  let size = 0;
  const add = (chunk: Buffer): void => {
    size += chunk.length;
    if (size > MAX_BYTES) throw Object.assign(new Error('the file is too large'), { code: 'EFBIG' });
    chunks.push(chunk);
  };
  if (fstatSync(fd).isFIFO()) {
    const { Socket } = await import('node:net');
    const pipe = new Socket({ fd, readable: true, writable: false, ...(signal && { signal }) });
    for await (const chunk of pipe) add(chunk as Buffer);
    return Buffer.concat(chunks);
  }
  try {
    for (;;) {
      const chunk = Buffer.allocUnsafe(64 * 1024);
      const count = readSync(fd, chunk);
      if (count === 0) return Buffer.concat(chunks);
      add(chunk.subarray(0, count));
    }
  } finally {
    closeSync(fd);
  }
}
