// Reads files up to a limit, because a file can grow while it is read, and a device has no end.
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { describeOpenPipe, UTF16 } from './messages.ts';
import { isUtf16 } from './text-encoding.ts';

const CHUNK_BYTES = 64 * 1024;

/** No file that a flag names needs to be larger. */
const MAX_NAMED_BYTES = 16 * 1024 * 1024;
/** A relay that reads its files again must not wait forever for a pipe. */
const PIPE_MS = 60_000;

class LimitedBuffer {
  readonly #limit: number;
  readonly #chunks: Buffer[] = [];
  #size = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @throws an error with the code EFBIG beyond `limit` bytes */
  add(chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#size > this.#limit) throw Object.assign(new Error(), { code: 'EFBIG' });
    this.#chunks.push(chunk);
  }

  join(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}

/** Opens a file without waiting for the writer of a pipe. @throws the system's error */
export function openToRead(path: string, flags = 0): number {
  return openSync(path, constants.O_RDONLY | flags | (constants.O_NONBLOCK ?? 0));
}

/** Reads from the current position. @throws an error with the code EFBIG beyond `limit` bytes, or the system's error */
export function readAtMost(fd: number, limit: number): Buffer {
  const content = new LimitedBuffer(limit);
  for (;;) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const count = readSync(fd, chunk);
    if (count === 0) return content.join();
    content.add(chunk.subarray(0, count));
  }
}

/**
 * Reads a text file or pipe.
 *
 * @param signal stops reading a pipe, and rejects the promise
 * @throws the system's error, or an error with the code EFBIG beyond 16 MiB
 * @throws an error whose code is a text, for UTF-16 and for a pipe that stays open
 */
export async function readNamedFile(path: string, signal?: AbortSignal, pipeMs = PIPE_MS): Promise<Buffer> {
  const fd = openToRead(path);
  return refuseUtf16(fstatSync(fd).isFIFO() ? await readPipe(fd, pipeMs, signal) : readAndClose(fd));
}

/** @throws an error whose code is a text that names UTF-16 */
export function refuseUtf16(bytes: Buffer): Buffer {
  if (!isUtf16(bytes)) return bytes;
  throw Object.assign(new Error(UTF16), { code: UTF16 });
}

function readAndClose(fd: number): Buffer {
  try {
    return readAtMost(fd, MAX_NAMED_BYTES);
  } finally {
    closeSync(fd);
  }
}

async function readPipe(fd: number, limitMs: number, signal: AbortSignal | undefined): Promise<Buffer> {
  const { Socket } = await import('node:net');
  const content = new LimitedBuffer(MAX_NAMED_BYTES);
  const pipe = new Socket({ fd, readable: true, writable: false, ...(signal && { signal }) });
  const limit = setTimeout(() => {
    const code = describeOpenPipe(limitMs);
    pipe.destroy(Object.assign(new Error(code), { code }));
  }, limitMs);
  try {
    for await (const chunk of pipe) content.add(chunk as Buffer);
  } finally {
    clearTimeout(limit);
  }
  return content.join();
}
