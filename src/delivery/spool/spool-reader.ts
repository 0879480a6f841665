// Reads a spool by number. Whoever reads on from the last number gets one look at the disk for many records.
import { closeSync } from 'node:fs';
import { openOwnFile, READ_ONLY } from '../../io/safe-file.ts';
import type { SpoolRecord } from './record-form.ts';
import { createSegmentReader, type SegmentReader } from './segment.ts';

/** A segment by the number of its first record. */
export interface SegmentPlace {
  readonly first: number;
  readonly path: string;
}

/** What a number holds: a record, or the first of so many that are damaged or missing. */
export type SpoolItem = SpoolRecord | { readonly damaged: number };

interface Open extends SegmentPlace {
  readonly fd: number;
  readonly reader: SegmentReader;
  /** The number that the reader comes to next. */
  next: number;
}

export class SpoolReader {
  #open: Open | undefined;

  /** What stands under `number` in these segments, which end before `end`. @throws the system's error */
  read(number: number, segments: readonly SegmentPlace[], end: number): SpoolItem {
    const segment = segments.findLast(({ first }) => first <= number);
    if (segment === undefined) return { damaged: (segments[0]?.first ?? end) - number };
    const open = this.#seek(segment, number);
    const record = open?.reader.readNext();
    if (open !== undefined && record !== undefined) {
      open.next += 1;
      return record;
    }
    this.close();
    const next = segments.find(({ first }) => first > number)?.first ?? end;
    return { damaged: next - number };
  }

  close(): void {
    if (this.#open !== undefined) closeSync(this.#open.fd);
    this.#open = undefined;
  }

  /** A reader that comes to `number` next; undefined where the segment does not get that far. */
  #seek({ first, path }: SegmentPlace, number: number): Open | undefined {
    if (this.#open?.first !== first || this.#open.next > number) {
      this.close();
      const fd = openIfThere(path);
      if (fd === undefined) return undefined;
      this.#open = { first, path, fd, reader: createSegmentReader(fd), next: first };
      if (!this.#open.reader.readHeading()) return undefined;
    }
    const open = this.#open;
    for (; open.next < number; open.next += 1) if (open.reader.readNext() === undefined) return undefined;
    return open;
  }
}

/** Undefined for a file that was removed: what it held is lost, and the rest is not. @throws the system's error */
function openIfThere(path: string): number | undefined {
  try {
    return openOwnFile(path, READ_ONLY);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
