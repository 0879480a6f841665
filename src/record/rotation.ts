// The names of finished files of a recording, and which of them are kept.
//
// A finished file is named once, by the moment it was finished, and never renamed again: whoever copies or
// reads it elsewhere can rely on that.
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
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

/** Moves the finished file aside: `events.ndjson.gz` becomes `events.20261122T140512345Z.ndjson.gz`. */
export function moveAside(path: string, nowMs: number): void {
  const { folder, stem, extension } = splitName(path);
  let atMs = nowMs;
  const nameAt = (): string =>
    join(folder, `${stem}.${new Date(atMs).toISOString().replace(/[-:.]/g, '')}${extension}`);
  // Two in one millisecond: names stay in order.
  while (existsSync(nameAt())) atMs += 1;
  renameSync(path, nameAt());
}

/** Removes the oldest finished files until `keep` are left. */
export function pruneFinished(path: string, keep: number): void {
  const { folder, stem, extension } = splitName(path);
  const stampOf = (name: string): string => name.slice(stem.length + 1, name.length - extension.length);
  const finished = readdirSync(folder)
    .filter((name) => name.startsWith(`${stem}.`) && name.endsWith(extension))
    .filter((name) => STAMP.test(stampOf(name)))
    .sort((a, b) => (stampOf(a) < stampOf(b) ? -1 : 1));
  for (const name of finished.slice(0, Math.max(0, finished.length - keep))) rmSync(join(folder, name));
}
