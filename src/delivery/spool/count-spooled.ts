// How many records wait in the folder of a spool, without opening it: for those that nobody asked for.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readCursor } from './cursor.ts';
import { scanSegment } from './segment.ts';
import { listSegments } from './segment-list.ts';

/** Records that wait in this folder; 0 where there is no spool in it. */
export function countSpooled(path: string): number {
  try {
    const segments = listSegments(path);
    const [first, last] = [segments[0], segments.at(-1)];
    if (first === undefined || last === undefined) return 0;
    const cursorPath = join(path, 'cursor');
    const cursor = existsSync(cursorPath) ? readCursor(cursorPath) : undefined;
    const end = last.first + (scanSegment(last.path)?.records ?? 0);
    return Math.max(0, end - (cursor?.acknowledged ?? first.first));
  } catch {
    // Somebody else's, or gone meanwhile: nothing to tell.
    return 0;
  }
}
