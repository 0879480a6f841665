// The ready file, which appears once the stream is live; one of an earlier run is removed first.
import { rmSync, statSync } from 'node:fs';
import { describeWriteFault, findReplaceable, writeWholeFile } from '../io/safe-file.ts';
import type { Connected } from '../stream/items.ts';
import { THE_READY_FILE } from './messages.ts';

/**
 * Removes the ready file of an earlier run. Anything but a regular file stays.
 *
 * @throws OutputError (exit 9), also if the folder does not exist
 */
export function clearReadyFile(path: string): void {
  try {
    const place = findReplaceable(path);
    if (place !== undefined && statSync(place, { throwIfNoEntry: false }) !== undefined) rmSync(place);
  } catch (error) {
    throw describeWriteFault(THE_READY_FILE, path, error);
  }
}

/** The content of the file, one line of JSON (contract § 1). */
interface ReadyContent {
  readonly connected_at: string;
  readonly host: string;
  readonly key_prefix: string;
  /** Of the process that has the connection. */
  readonly pid: number;
}

export function describeReady(
  { atMs, host, keyPrefix }: Pick<Connected, 'atMs' | 'host' | 'keyPrefix'>,
  pid: number,
): ReadyContent {
  return { connected_at: new Date(atMs).toISOString(), host, key_prefix: keyPrefix, pid };
}

/** @throws OutputError (exit 9) */
export function writeReadyFile(path: string, content: unknown): void {
  writeWholeFile(path, `${JSON.stringify(content)}\n`, THE_READY_FILE);
}
