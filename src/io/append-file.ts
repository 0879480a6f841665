// A file to which whole records are appended. An incomplete record at its end is removed.
import { closeSync, fstatSync, ftruncateSync, lstatSync, readSync, truncateSync, writeSync } from 'node:fs';
import { LINE_FEED } from '../events/scan-constants.ts';

interface AppendFile {
  readonly fd: number;
  readonly bytes: number;
  /** What another program did to the open file. @throws the system's error */
  findChange(): 'deleted' | 'truncated' | undefined;
  /** False if the file was moved away or replaced. @throws the system's error */
  isAtPath(): boolean;
  /** Appends all of `data`, or only whole records of it. @throws the system's error */
  append(data: Buffer): void;
  /** @param length in bytes. @throws the system's error */
  truncateTo(length: number): void;
  /** May be called again. */
  close(): void;
}

const CHUNK_BYTES = 64 * 1024;

/** @param countWhole how many of the first `written` bytes of the data are whole records */
export function createAppendFile(
  path: string,
  fd: number,
  countWhole: (data: Buffer, written: number) => number = () => 0,
): AppendFile {
  let { size: bytes } = fstatSync(fd);
  /** Bytes of an incomplete record that could not be removed yet. */
  let torn = 0;
  let isOpen = true;
  const isSameFile = (): boolean => {
    const own = fstatSync(fd);
    const there = lstatSync(path, { throwIfNoEntry: false });
    return there?.ino === own.ino && there.dev === own.dev;
  };
  /** Some file systems give a file another inode number for each query. */
  const hasStableInode = isSameFile();
  const truncateTorn = (): void => {
    // Relative to the current length, because another program may have emptied the file.
    if (torn > 0) truncate(path, fd, Math.max(0, fstatSync(fd).size - torn));
    torn = 0;
  };
  return {
    fd,
    get bytes() {
      return bytes;
    },
    findChange() {
      const { nlink, size } = fstatSync(fd);
      if (nlink === 0) return 'deleted';
      return size < bytes ? 'truncated' : undefined;
    },
    isAtPath: () =>
      hasStableInode ? isSameFile() : lstatSync(path, { throwIfNoEntry: false }) !== undefined,
    append(data) {
      truncateTorn();
      let written = 0;
      try {
        while (written < data.length) written += writeSync(fd, data, written);
        bytes += written;
      } catch (error) {
        const whole = countWhole(data, written);
        bytes += whole;
        torn = written - whole;
        try {
          truncateTorn();
        } catch {
          // Tried again before the next append.
        }
        throw error;
      }
    },
    truncateTo(length) {
      truncate(path, fd, length);
      bytes = length;
    },
    close() {
      if (isOpen) closeSync(fd);
      isOpen = false;
    },
  };
}

/** Bytes up to the end of the last whole line. */
export function countWholeLines(text: Buffer, written: number): number {
  return written === 0 ? 0 : text.lastIndexOf(LINE_FEED, written - 1) + 1;
}

/** The offset after the last whole line. @throws the system's error */
export function findEndOfLines(fd: number, size: number): number {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  for (let end = size; end > 0; ) {
    const from = Math.max(0, end - chunk.length);
    const length = readSync(fd, chunk, 0, end - from, from);
    const found = chunk.subarray(0, length).lastIndexOf(LINE_FEED);
    if (found >= 0) return from + found + 1;
    end = from;
  }
  return 0;
}

/** On Windows a file that is open for appending can only be truncated by its path (EPERM, nodejs/node#3177). */
function truncate(path: string, fd: number, length: number): void {
  try {
    ftruncateSync(fd, length);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
    truncateSync(path, length);
  }
}
