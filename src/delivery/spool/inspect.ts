// Reads the records of a spool that are not acknowledged, and finds damage and missing records among them. Changes
// nothing and takes no lock, so a relay may use the spool at the same time.
import { closeSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { openOwnFile, READ_ONLY } from '../../io/safe-file.ts';
import { LIFECYCLE_MARK } from '../sink.ts';
import { type Cursor, readCursor } from './cursor.ts';
import type { Damage, MissingRecords, SpoolRecord } from './record.ts';
import { SegmentReader, scanSegment, unlessMissing } from './segment-reader.ts';
import { listSegments, readSegmentName, type SegmentEntry } from './segments.ts';

export interface NumberedRecord {
  readonly number: number;
  readonly record: SpoolRecord;
}

type PendingItem =
  | ({ readonly kind: 'record' } & NumberedRecord)
  | { readonly kind: 'missing'; readonly missing: MissingRecords }
  | { readonly kind: 'damage'; readonly damage: Damage };

interface SpoolView {
  readonly segments: readonly SegmentEntry[];
  /** Undefined if it is missing or damaged. */
  readonly cursor: Cursor | undefined;
  /** In order, from the first record that is not acknowledged. @throws the system's error */
  items(): Generator<PendingItem>;
}

/** The spools at a path: the directory itself, or the directories in it. @throws the system's error */
export function findSpools(path: string): string[] {
  const isSpool = (directory: string): boolean =>
    readdirSync(directory).some((name) => name === 'cursor' || readSegmentName(name) !== undefined);
  if (isSpool(path)) return [path];
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(path, name))
    .filter(isSpool)
    .sort();
}

/** @throws the system's error */
export function viewSpool(directory: string): SpoolView {
  // The cursor is read after the list, so that a segment that is deleted meanwhile does not look missing.
  const segments = listSegments(directory);
  const readCursorNow = (): Cursor | undefined => unlessMissing(() => readCursor(join(directory, 'cursor')));
  const cursor = readCursorNow();
  return {
    segments,
    cursor,
    *items() {
      let expected = cursor?.acknowledged ?? segments[0]?.first ?? 0;
      for (const [at, segment] of segments.entries()) {
        const next = segments[at + 1]?.first;
        if (next !== undefined && next <= expected) continue;
        if (segment.first > expected) {
          yield { kind: 'missing', missing: { first: expected, records: segment.first - expected } };
          expected = segment.first;
        }
        const total = next === undefined ? undefined : next - segment.first;
        const opened = unlessMissing(() => {
          const scan = scanUntilStable(segment.path, total);
          return { scan, fd: openOwnFile(segment.path, READ_ONLY) };
        });
        if (opened === undefined) {
          // If the segment was deleted but not delivered, its records are reported as missing at the next segment.
          expected = Math.max(expected, readCursorNow()?.acknowledged ?? 0);
          continue;
        }
        try {
          expected = Math.max(expected, yield* readSegment(segment, opened, next, expected));
        } finally {
          closeSync(opened.fd);
        }
      }
    },
  };
}

/** @param from the first record that is wanted. @returns the number after the last record */
function* readSegment(
  { first, path, bytes }: SegmentEntry,
  { scan, fd }: { readonly scan: Scan; readonly fd: number },
  next: number | undefined,
  from: number,
): Generator<PendingItem, number> {
  const file = basename(path);
  if (scan === undefined) {
    const records = Math.max(0, (next ?? first) - Math.max(first, from));
    yield { kind: 'damage', damage: { file, offset: 0, bytes, records, kind: 'not-a-segment' } };
    return next ?? first;
  }
  const { parts, records, wholeBytes, tornBytes } = scan;
  const reader = new SegmentReader(fd, first, parts);
  reader.readHeading();
  while (reader.at < wholeBytes) {
    const { at, next: number } = reader;
    const item = reader.readNext();
    if (item === undefined) break;
    if (!('damaged' in item)) {
      if (number >= from) yield { kind: 'record', number, record: item };
    } else if (number + Math.max(1, item.damaged) > from) {
      const damage = { file, offset: at, bytes: reader.at - at, records: item.damaged } as const;
      yield { kind: 'damage', damage: { ...damage, kind: 'unreadable' } };
    }
  }
  if (tornBytes > 0) {
    const damage = { file, offset: wholeBytes, bytes: tornBytes, records: 0 } as const;
    yield { kind: 'damage', damage: { ...damage, kind: 'incomplete' } };
  }
  return first + records;
}

const MAX_SCANS = 5;

type Scan = ReturnType<typeof scanSegment>;

/** Scans again while a relay is appending to the segment. */
function scanUntilStable(path: string, total: number | undefined): Scan {
  let scan = scanSegment(path, total);
  for (let i = 1; i < MAX_SCANS && scan !== undefined && scan.tornBytes > 0; i += 1) {
    const before = scan;
    scan = scanSegment(path, total);
    if (scan?.wholeBytes === before.wholeBytes && scan.tornBytes === before.tornBytes) break;
  }
  return scan;
}

export interface SpoolReport {
  readonly directory: string;
  readonly segments: number;
  /** Includes acknowledged records that are not deleted yet. */
  readonly bytesOnDisk: number;
  readonly cursor: Cursor | undefined;
  /** What is not acknowledged: how many events and lifecycle records, and the size of their texts. */
  readonly events: number;
  readonly lifecycleRecords: number;
  readonly pendingBytes: number;
  readonly firstEvent: NumberedRecord | undefined;
  readonly lastEvent: NumberedRecord | undefined;
  /** The last write to the first segment with pending records, in ms since the epoch. */
  readonly oldestWrittenAtMs: number | undefined;
  readonly lastWrittenAtMs: number | undefined;
  readonly missing: readonly MissingRecords[];
  readonly damage: readonly Damage[];
  readonly isHealthy: boolean;
}

/** @throws the system's error */
export function inspectSpool(directory: string): SpoolReport {
  const { segments, cursor, items } = viewSpool(directory);
  const missing: MissingRecords[] = [];
  const damage: Damage[] = [];
  let [events, lifecycleRecords, pendingBytes] = [0, 0, 0];
  let firstNumber: number | undefined;
  let firstEvent: NumberedRecord | undefined;
  let lastEvent: NumberedRecord | undefined;
  for (const item of items()) {
    if (item.kind === 'missing') missing.push(item.missing);
    else if (item.kind === 'damage') damage.push(item.damage);
    else {
      const { number, record } = item;
      firstNumber ??= number;
      pendingBytes += record.text.length;
      if (record.mark === LIFECYCLE_MARK) lifecycleRecords += 1;
      else {
        events += 1;
        firstEvent ??= item;
        lastEvent = item;
      }
    }
  }
  const oldest = segments.findLast(({ first }) => firstNumber !== undefined && first <= firstNumber);
  return {
    directory,
    segments: segments.length,
    bytesOnDisk: segments.reduce((sum, { bytes }) => sum + bytes, 0),
    cursor,
    events,
    lifecycleRecords,
    pendingBytes,
    firstEvent,
    lastEvent,
    oldestWrittenAtMs: oldest?.writtenAtMs,
    lastWrittenAtMs: segments.at(-1)?.writtenAtMs,
    missing,
    damage,
    isHealthy: missing.length === 0 && damage.length === 0 && cursor !== undefined,
  };
}

/** Hides the path of a URL, which may be a secret. Earlier versions put it in the name of a spool's directory. */
export function hidePath(name: string): string {
  return name.replace(/-.*-(?=[0-9a-f]{8}$)/, '*');
}
