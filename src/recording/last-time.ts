// Finds when a recording ends, without reading all of it. The status line of a replay shows the remaining time.
import { closeSync, fstatSync, openSync } from 'node:fs';
import { LINE_FEED } from '../events/scan-constants.ts';
import { readAt } from './file.ts';
import { MEMBER_HEADER_BYTES, readMemberLength, unpackMember } from './gzip-member.ts';
import { readLine } from './recorded-line.ts';

const END_BYTES = 256 * 1024;

/**
 * When the last event was received, ms since the epoch. Undefined for plain NDJSON, a pipe, a file that another program
 * compressed, and a file with no event near its end.
 */
export function findLastTime(path: string): number | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    const stats = fstatSync(fd);
    return stats.isFile() ? findLastEventMs(readEnd(fd, stats.size)) : undefined;
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** The last lines of the file, or all lines of its last compressed member. */
function readEnd(fd: number, size: number): Buffer {
  let memberAt = 0;
  let end = 0;
  while (end < size) {
    const length = readMemberLength(readAt(fd, end, MEMBER_HEADER_BYTES));
    if (length === undefined || end + length > size) break;
    memberAt = end;
    end += length;
  }
  if (end > 0) return unpackMember(readAt(fd, memberAt, end - memberAt)) ?? Buffer.alloc(0);
  return readAt(fd, Math.max(0, size - END_BYTES), END_BYTES);
}

function findLastEventMs(lines: Buffer): number | undefined {
  for (let end = lines.length; end > 0; ) {
    const start = lines.lastIndexOf(LINE_FEED, end - 1) + 1;
    const line = readLine(lines.subarray(start, end));
    if (line.kind === 'event') return line.receivedAtMs;
    end = start - 1;
  }
  return undefined;
}
