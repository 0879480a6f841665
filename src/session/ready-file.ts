// The file that tells a script that the stream is live: written after the first welcome, whole or not at all.
import { rmSync, statSync } from 'node:fs';
import { OutputError } from '../errors.ts';
import { findReplaceable, writeWholeFile } from '../io/safe-file.ts';

/**
 * Removes what an earlier run left there: it would say that this one is live. What is no regular file stays.
 *
 * @throws OutputError (exit 9), also where it could not be written later for want of a folder
 */
export function clearReadyFile(path: string): void {
  try {
    const place = findReplaceable(path);
    if (place !== undefined && statSync(place, { throwIfNoEntry: false }) !== undefined) rmSync(place);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new OutputError(`the ready file "${path}" could not be written (${code})`);
  }
}

/** Writes `content` as one line of JSON. @throws OutputError (exit 9) */
export function writeReadyFile(path: string, content: unknown): void {
  writeWholeFile(path, `${JSON.stringify(content)}\n`, 'the ready file');
}
