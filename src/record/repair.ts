// What stands in a file that is to be recorded into: is it a recording, and where do its whole lines end?
import { fstatSync, readSync } from 'node:fs';
import { findEndOfLines } from '../io/append-file.ts';
import { readHeader } from './form.ts';
import { hasMemberStart, MEMBER_HEADER_BYTES, readMemberLength, unpackMember } from './gzip-member.ts';

/** What was found. */
export interface Found {
  /** Length of what is whole, in bytes; what stands behind it was torn. */
  readonly wholeBytes: number;
  /** When the recording began, ms since the epoch; undefined for an empty file. */
  readonly startedAtMs: number | undefined;
}

const LINE_FEED = 0x0a;
const CHUNK_BYTES = 64 * 1024;
const HEADER_START = '{"recording":';

function readAt(fd: number, at: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  let read = 0;
  while (read < bytes) {
    const more = readSync(fd, buffer, read, bytes - read, at + read);
    if (more === 0) break;
    read += more;
  }
  return buffer.subarray(0, read);
}

/** Looks at an open file; undefined if it holds something else than a recording. */
export function inspectRecording(fd: number, isCompressed: boolean): Found | undefined {
  const { size } = fstatSync(fd);
  if (size === 0) return { wholeBytes: 0, startedAtMs: undefined };
  return isCompressed ? inspectMembers(fd, size) : inspectLines(fd, size);
}

function inspectLines(fd: number, size: number): Found | undefined {
  const head = readAt(fd, 0, Math.min(size, CHUNK_BYTES));
  const end = head.indexOf(LINE_FEED);
  if (end < 0) {
    // A header that was torn itself.
    const start = head.toString('latin1', 0, HEADER_START.length);
    return HEADER_START.startsWith(start) ? { wholeBytes: 0, startedAtMs: undefined } : undefined;
  }
  const startedAtMs = readHeader(head.subarray(0, end));
  if (startedAtMs === undefined) return undefined;
  return { wholeBytes: findEndOfLines(fd, size), startedAtMs };
}

function inspectMembers(fd: number, size: number): Found | undefined {
  let startedAtMs: number | undefined;
  let at = 0;
  let lastAt = 0;
  while (at < size) {
    const length = readMemberLength(readAt(fd, at, MEMBER_HEADER_BYTES));
    if (at === 0) {
      const isTornHeader = size < MEMBER_HEADER_BYTES && hasMemberStart(readAt(fd, 0, size));
      if (length === undefined && !isTornHeader) return undefined;
      if (length === undefined || length > size) return { wholeBytes: 0, startedAtMs: undefined };
      startedAtMs = readStart(readAt(fd, 0, length));
      if (startedAtMs === undefined) return undefined;
    }
    if (length === undefined || at + length > size) break;
    lastAt = at;
    at += length;
  }
  // A machine that lost its power may keep the length of a file and not what was in it.
  const lastLines = lastAt === 0 ? undefined : unpackMember(readAt(fd, lastAt, at - lastAt));
  const isLastWhole = lastAt === 0 || (lastLines !== undefined && lastLines.length > 0);
  return { wholeBytes: isLastWhole ? at : lastAt, startedAtMs };
}

function readStart(member: Buffer): number | undefined {
  const lines = unpackMember(member);
  return lines === undefined ? undefined : readHeader(lines.subarray(0, lines.indexOf(LINE_FEED)));
}
