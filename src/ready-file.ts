// The file that tells a script that the stream is live: written after the first welcome, whole or not at all.
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { OutputError } from './errors.ts';

/** Writes `content` to `path` through a neighbour that takes its place. @throws OutputError (exit 9) */
export function writeReadyFile(path: string, content: unknown, pid: number): void {
  const staged = `${path}.${pid}.tmp`;
  try {
    writeFileSync(staged, `${JSON.stringify(content)}\n`, { flag: 'wx' });
    renameSync(staged, path);
  } catch (error) {
    rmSync(staged, { force: true });
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new OutputError(`the ready file "${path}" could not be written (${code})`);
  }
}
