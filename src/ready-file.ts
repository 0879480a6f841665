// The file that tells a script that the stream is live: written after the first welcome, whole or not at all.
import { writeWholeFile } from './output/whole-file.ts';

/** Writes `content` as one line of JSON. @throws OutputError (exit 9) */
export function writeReadyFile(path: string, content: unknown): void {
  writeWholeFile(path, `${JSON.stringify(content)}\n`, 'the ready file');
}
