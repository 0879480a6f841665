// How many records wait in the folder of a spool, without opening it: for those that nobody asked for.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readCursor } from './cursor.ts';
import { scanSegment } from './segment.ts';
import { listSegments } from './segment-list.ts';

/** Records that wait in this folder; 0 where there is no spool in it. */
export function countSpooled(path: string): number {
  const cursorPath = join(path, 'cursor');
  if (!existsSync(cursorPath)) return 0;
  try {
    const last = listSegments(path).at(-1);
    if (last === undefined) return 0;
    const cursor = readCursor(cursorPath);
    const end = last.first + (scanSegment(last.path)?.records ?? 0);
    return Math.max(0, end - (cursor?.acknowledged ?? 0));
  } catch {
    // Somebody else's, or gone meanwhile: nothing to tell.
    return 0;
  }
}
