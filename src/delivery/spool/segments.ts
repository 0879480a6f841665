// The segment files of a spool. Each is named by the number of its first record, so sorted names are in order of
// delivery.
import { fdatasync, fdatasyncSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isAtlantisError, OutputError } from '../../errors.ts';
import { createAppendFile } from '../../io/append-file.ts';
import { APPEND, openOwnFile } from '../../io/safe-file.ts';
import { saySpoolUnusable } from './messages.ts';

export interface SegmentEntry {
  /** The number of its first record. */
  readonly first: number;
  readonly path: string;
  bytes: number;
  /** Nothing is appended to a damaged segment. */
  isSealed?: boolean;
  /** The last write before `listSegments`, in ms since the epoch. */
  readonly writtenAtMs?: number;
}

/** The first bytes of each segment; the number is the version of the format. */
export const HEADING = Buffer.from('atlantis spool 1\n');
const NAME = /^(\d{16})\.seg$/;
/** More than any relay writes. Numbers near 2^53 cannot be incremented exactly. */
const MAX_FIRST = 2 ** 52;

export function nameSegment(first: number): string {
  return `${String(first).padStart(16, '0')}.seg`;
}

/** The number of the first record; undefined if it is not the name of a segment. */
export function readSegmentName(name: string): number | undefined {
  const first = Number(NAME.exec(name)?.[1] ?? Number.NaN);
  return first <= MAX_FIRST ? first : undefined;
}

/** In order of delivery. @throws the system's error */
export function listSegments(directory: string): SegmentEntry[] {
  return readdirSync(directory)
    .flatMap((name) => {
      const first = readSegmentName(name);
      if (first === undefined) return [];
      const path = join(directory, name);
      // Another run may delete an acknowledged segment at this moment.
      const stat = lstatSync(path, { throwIfNoEntry: false });
      return stat === undefined ? [] : [{ first, path, bytes: stat.size, writtenAtMs: stat.mtimeMs }];
    })
    .sort((a, b) => a.first - b.first);
}

/** A segment that is open for appending. Its methods throw the system's error. */
export class OpenSegment {
  readonly #file: ReturnType<typeof createAppendFile>;

  /** Opens or creates a segment, which must not have an incomplete end. */
  constructor(path: string) {
    this.#file = createAppendFile(path, openOwnFile(path, APPEND));
    if (this.#file.bytes > 0) return;
    try {
      this.#file.append(HEADING);
    } catch (error) {
      this.#file.close();
      throw error;
    }
  }

  get bytes(): number {
    return this.#file.bytes;
  }

  /** Appends all records or none. */
  append(records: Buffer): void {
    this.#file.append(records);
  }

  sync(done: (error: Error | null) => void): void {
    fdatasync(this.#file.fd, done);
  }

  syncNow(): void {
    fdatasyncSync(this.#file.fd);
  }

  close(): void {
    this.#file.close();
  }
}

export function describeSpoolFault(path: string, error: unknown): Error {
  if (isAtlantisError(error)) return error;
  return new OutputError(...saySpoolUnusable(path, error));
}
