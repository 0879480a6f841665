// The names of finished files of a recording, and which of them are kept.
//
// A finished file is named once, by the moment it was finished, and never renamed again: whoever copies or
// reads it elsewhere can rely on that.
import { readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { isCompressedName } from './recording-file.ts';

const STAMP = /^\d{8}T\d{9}Z$/;

interface NameParts {
  readonly folder: string;
  readonly stem: string;
  /** As `.ndjson.gz`. */
  readonly extension: string;
}

function splitName(path: string): NameParts {
  const name = basename(path);
  const packed = isCompressedName(name) ? '.gz' : '';
  const plain = name.slice(0, name.length - packed.length);
  const extension = extname(plain);
  return {
    folder: dirname(path),
    stem: plain.slice(0, plain.length - extension.length),
    extension: `${extension}${packed}`,
  };
}

/** The finished files of this recording, oldest first: each name with its stamp. */
function listFinished({ folder, stem, extension }: NameParts): { name: string; stamp: string }[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith(`${stem}.`) && name.endsWith(extension))
    .map((name) => ({ name, stamp: name.slice(stem.length + 1, name.length - extension.length) }))
    .filter(({ stamp }) => STAMP.test(stamp))
    .sort((a, b) => (a.stamp < b.stamp ? -1 : 1));
}

const makeStamp = (atMs: number): string => new Date(atMs).toISOString().replace(/[-:.]/g, '');

function readStamp(stamp: string): number {
  const [, date = '', hour, minute, second, ms] = /^(\d{8})T(\d\d)(\d\d)(\d\d)(\d{3})Z$/.exec(stamp) ?? [];
  const day = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;
  return Date.parse(`${day}T${hour}:${minute}:${second}.${ms}Z`);
}

/**
 * Moves the finished file aside: `events.ndjson.gz` becomes `events.20261122T140512345Z.ndjson.gz`. Names stay in
 * order, also for two in one millisecond and for a clock that was set back: the oldest go first.
 */
export function moveAside(path: string, nowMs: number): void {
  const parts = splitName(path);
  const { folder, stem, extension } = parts;
  const lastMs = readStamp(listFinished(parts).at(-1)?.stamp ?? '');
  const atMs = lastMs >= nowMs ? lastMs + 1 : nowMs;
  try {
    renameSync(path, join(folder, `${stem}.${makeStamp(atMs)}${extension}`));
  } catch (error) {
    // A log rotator has moved it already.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Removes the oldest finished files until `keep` are left. */
export function pruneFinished(path: string, keep: number): void {
  const parts = splitName(path);
  const finished = listFinished(parts);
  for (const { name } of finished.slice(0, Math.max(0, finished.length - keep)))
    rmSync(join(parts.folder, name));
}
