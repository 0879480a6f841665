// The segments of a spool's folder, in the order of their numbers, with an end that is whole.
import { closeSync, constants, ftruncateSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { OutputError } from '../../errors.ts';
import { openOwnFile } from '../../io/safe-file.ts';
import { readSegmentName, scanSegment } from './segment.ts';

export interface SegmentEntry {
  /** The number of its first record. */
  readonly first: number;
  readonly path: string;
  bytes: number;
}

/** The segments in a folder. @throws the system's error */
export function listSegments(folder: string): SegmentEntry[] {
  return readdirSync(folder)
    .flatMap((name) => {
      const first = readSegmentName(name);
      if (first === undefined) return [];
      const path = join(folder, name);
      // One that is acknowledged may be deleted just now, by a run that has ended.
      const stat = lstatSync(path, { throwIfNoEntry: false });
      return stat === undefined ? [] : [{ first, path, bytes: stat.size }];
    })
    .sort((a, b) => a.first - b.first);
}

/**
 * Takes a torn end away from the last segment.
 *
 * @returns the number behind the last record, and how many bytes were taken away
 * @throws OutputError if it is no segment, or the system's error
 */
export function repairEnd(segments: readonly SegmentEntry[]): { end: number; bytesRepaired: number } {
  const last = segments.at(-1);
  if (last === undefined) return { end: 0, bytesRepaired: 0 };
  const scan = scanSegment(last.path);
  if (scan === undefined) {
    throw new OutputError(
      `${JSON.stringify(last.path)} is not a segment of a spool`,
      'nothing was changed: give another folder, or move the file away',
    );
  }
  if (scan.tornBytes > 0) cutSegment(last.path, scan.wholeBytes);
  last.bytes = scan.wholeBytes;
  return { end: last.first + scan.records, bytesRepaired: scan.tornBytes };
}

function cutSegment(path: string, length: number): void {
  const fd = openOwnFile(path, constants.O_RDWR);
  try {
    ftruncateSync(fd, length);
  } finally {
    closeSync(fd);
  }
}
