// A file that grows by whole pieces: what could not be written as a whole is cut off again.
import { closeSync, fstatSync, ftruncateSync, lstatSync, readSync, truncateSync, writeSync } from 'node:fs';

interface AppendFile {
  readonly fd: number;
  /** Length so far. */
  readonly bytes: number;
  /** What another program did to the open file; undefined if it did nothing. @throws the system's error */
  findChange(): 'deleted' | 'truncated' | undefined;
  /** False if the file was moved away, or another one took its place. @throws the system's error */
  isAtPath(): boolean;
  /** Appends all of the piece, or only whole parts of it. @throws the system's error */
  append(piece: Buffer): void;
  /** Cuts the file to its first `length` bytes. @throws the system's error */
  cutTo(length: number): void;
  /** Again: nothing. */
  close(): void;
}

const LINE_FEED = 0x0a;
const CHUNK_BYTES = 64 * 1024;

/**
 * A file that is open for appending.
 *
 * @param countWhole how many of the first `written` bytes of a piece are whole parts of it
 */
export function createAppendFile(
  path: string,
  fd: number,
  countWhole: (piece: Buffer, written: number) => number = () => 0,
): AppendFile {
  let { size: bytes } = fstatSync(fd);
  /** Torn bytes at the end that could not be cut off yet. */
  let torn = 0;
  let isOpen = true;
  const isSameFile = (): boolean => {
    const own = fstatSync(fd);
    const there = lstatSync(path, { throwIfNoEntry: false });
    return there?.ino === own.ino && there.dev === own.dev;
  };
  /** Some file systems give a file another number at every look. */
  const hasStableNumber = isSameFile();
  const cutTorn = (): void => {
    // By its length now: another program may have emptied the file meanwhile.
    if (torn > 0) cutFile(path, fd, Math.max(0, fstatSync(fd).size - torn));
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
      hasStableNumber ? isSameFile() : lstatSync(path, { throwIfNoEntry: false }) !== undefined,
    append(piece) {
      cutTorn();
      let written = 0;
      try {
        while (written < piece.length) written += writeSync(fd, piece, written);
        bytes += written;
      } catch (error) {
        const whole = countWhole(piece, written);
        bytes += whole;
        torn = written - whole;
        try {
          cutTorn();
        } catch {
          // It is tried again before anything else is appended.
        }
        throw error;
      }
    },
    cutTo(length) {
      cutFile(path, fd, length);
      bytes = length;
    },
    close() {
      if (isOpen) closeSync(fd);
      isOpen = false;
    },
  };
}

/** How many bytes of the text are whole lines. */
export function countWholeLines(text: Buffer, written: number): number {
  return written === 0 ? 0 : text.lastIndexOf(LINE_FEED, written - 1) + 1;
}

/** Where the last whole line of a file ends. @throws the system's error */
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

/**
 * On Windows the right to append does not include that to cut (EPERM, nodejs/node#3177): there it is done by the name
 * of the file.
 */
function cutFile(path: string, fd: number, length: number): void {
  try {
    ftruncateSync(fd, length);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
    truncateSync(path, length);
  }
}
