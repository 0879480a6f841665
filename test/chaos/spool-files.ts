// Reads and damages the files of a spool as bytes, without the code under test.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SinkName } from './accounts.ts';

const HEADING_BYTES = 17;
const HEAD_BYTES = 9;

interface Entry {
  readonly at: number;
  readonly end: number;
  readonly n: number;
}

/** The folder of a sink; undefined if it does not exist yet. Names of HTTP sinks contain the host. */
export function findFolder(spool: string, sink: SinkName): string | undefined {
  const names = list(spool).filter((name) => name.includes('127.0.0.1') === (sink === 'http'));
  return names[0] === undefined ? undefined : join(spool, names[0]);
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

export const listSegmentFiles = (folder: string): string[] =>
  list(folder)
    .filter((name) => name.endsWith('.seg'))
    .sort()
    .map((name) => join(folder, name));

/** The whole records of a segment, up to the first damage. */
function readEntries(bytes: Buffer): Entry[] {
  const entries: Entry[] = [];
  for (let at = HEADING_BYTES; at + HEAD_BYTES <= bytes.length; ) {
    const end = at + HEAD_BYTES + bytes.readUInt32LE(at);
    if (end > bytes.length) break;
    const [, n] = /"n":(\d+),/.exec(bytes.toString('latin1', at + HEAD_BYTES, end)) ?? [];
    if (n === undefined) break;
    entries.push({ at, end, n: Number(n) });
    at = end;
  }
  return entries;
}

/** The highest event number in the files, also after damage; -1 if there are no events. */
export function findHighest(folder: string | undefined): number {
  if (folder === undefined) return -1;
  let highest = -1;
  for (const path of listSegmentFiles(folder)) {
    for (const [, n] of readFileSync(path, 'latin1').matchAll(/"n":(\d+),"pad":"x*"\}/g)) {
      highest = Math.max(highest, Number(n));
    }
  }
  return highest;
}

export const sumBytes = (folder: string | undefined): number =>
  folder === undefined
    ? 0
    : listSegmentFiles(folder).reduce((sum, path) => sum + readFileSync(path).length, 0);

/** Flips a bit in one record. @returns the numbers of the damaged events, and a description */
export function flipBit(path: string, fraction: number): { hit: number[]; what: string } | undefined {
  const bytes = readFileSync(path);
  const entries = readEntries(bytes);
  const entry = entries[Math.floor(fraction * entries.length)];
  if (entry === undefined) return undefined;
  const at = entry.at + Math.floor(((fraction * 7_919) % 1) * (entry.end - entry.at));
  bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(fraction * 8));
  writeFileSync(path, bytes);
  return { hit: [entry.n], what: `a bit at ${at} of ${entry.n}` };
}

/** Deletes a segment. @returns the numbers of the events that are lost with it */
export function deleteSegment(path: string): number[] {
  const hit = readEntries(readFileSync(path)).map(({ n }) => n);
  rmSync(path);
  return hit;
}
