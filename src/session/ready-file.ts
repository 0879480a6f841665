// The ready file, which exists while the run is ready. A file of an earlier run is removed first.
import { rmSync, statSync } from 'node:fs';
import { describeWriteFault, findReplaceable, writeWholeFile } from '../io/safe-file.ts';
import type { Connected } from '../stream/items.ts';
import { THE_READY_FILE } from './messages.ts';
import type { RunObserver } from './run-status.ts';

/** Removes only a regular file. @throws OutputError (exit 9), also if the directory does not exist */
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
  /** Id of the process that has the connection. */
  readonly pid: number;
}

function makeReadyContent({ atMs, host, keyPrefix }: Connected, pid: number): ReadyContent {
  return { connected_at: new Date(atMs).toISOString(), host, key_prefix: keyPrefix, pid };
}

/** @throws OutputError (exit 9) */
export function writeReadyFile(path: string, content: unknown): void {
  writeWholeFile(path, `${JSON.stringify(content)}\n`, THE_READY_FILE);
}

/** Writes the file when the run becomes ready, and removes it when it no longer is (contract M7). */
export function createReadyFile(path: string, pid: number, onFault: (error: unknown) => void): RunObserver {
  let isThere = false;
  return {
    update(status) {
      const { phase } = status;
      const isReady = phase.kind === 'live' && status.listProblems().length === 0;
      if (isReady === isThere) return;
      isThere = isReady;
      try {
        if (isReady && phase.kind === 'live') writeReadyFile(path, makeReadyContent(phase.connected, pid));
        else clearReadyFile(path);
      } catch (error) {
        onFault(error);
      }
    },
  };
}
