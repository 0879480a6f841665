// The file of events that a sink will never take: one line of JSON each, with the reason, and the event as it
// came. `relay --redeliver` reads it. On disk before the event counts as done with.
import { closeSync, fdatasyncSync, fstatSync, readSync } from 'node:fs';
import { isAtlantisError, OutputError, UsageError } from '../errors.ts';
import { matchTokens, trimLineEnd } from '../events/json-line.ts';
import { MESSAGE } from '../events/message-text.ts';
import { classifyText } from '../events/scanner.ts';
import { createAppendFile, findEndOfLines } from '../io/append-file.ts';
import { APPEND, assertTrusted, openNamedFile } from '../io/safe-file.ts';
import { makeSafeLine } from '../render/ndjson.ts';
import type { SpoolRecord } from './spool/record.ts';

/** Version of the form; it grows with every change that is not an addition. */
const DEAD_LETTER_VERSION = 1;

/** What is noted beside the event. */
interface DeadLetter {
  readonly at: string;
  /** The sink, without secrets. */
  readonly to: string;
  readonly reason: string;
  readonly id: string;
}

export interface DeadLetterFile {
  readonly path: string;
  /** Bytes of a torn last line that were taken away when it was opened. */
  readonly bytesRepaired: number;
  /** Appends one and waits for the disk. @throws OutputError */
  append(letter: DeadLetter, record: SpoolRecord): void;
  close(): void;
}

const STRING = '"(?:[^"\\\\]|\\\\.)*"';
const HEAD = matchTokens(
  ...['\\{', '"dead_letter"', ':', '1', ',', '"at"', ':', STRING, ',', '"to"', ':', STRING, ','],
  ...['"reason"', ':', STRING, ',', '"id"', ':', STRING, ',', '"event"', ':'],
);
const START = '{"dead_letter":';
/** More than the notes of any line take. */
const MAX_HEAD_BYTES = 8_192;

/** One line, with its line feed. */
export function makeDeadLetter(letter: DeadLetter, { mark, text }: SpoolRecord): Buffer {
  const head = JSON.stringify({ dead_letter: DEAD_LETTER_VERSION, ...letter });
  return Buffer.concat([
    makeSafeLine(Buffer.from(`${head.slice(0, -1)},"event":`), MESSAGE.unsafeCharacter),
    makeSafeLine(text, mark),
    Buffer.from('}\n'),
  ]);
}

/** The event in a line without its line feed; undefined if it is no dead letter. */
export function readDeadLetter(bytes: Buffer): SpoolRecord | undefined {
  const line = trimLineEnd(bytes);
  const [head] = HEAD.exec(line.toString('latin1', 0, MAX_HEAD_BYTES)) ?? [];
  if (head === undefined || line.at(-1) !== 0x7d) return undefined;
  const text = line.subarray(head.length, -1);
  const mark = classifyText(text);
  return mark < 0 ? undefined : { mark, text };
}

/** Opens or makes the file. @throws UsageError if something else is in it, OutputError */
export function openDeadLetters(path: string): DeadLetterFile {
  const fail = (error: unknown): OutputError => {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    return new OutputError(`the file of dead letters ${JSON.stringify(path)} could not be written (${code})`);
  };
  const attempt = <T>(action: () => T): T => {
    try {
      return action();
    } catch (error) {
      throw isAtlantisError(error) ? error : fail(error);
    }
  };
  const fd = attempt(() => openNamedFile(path, APPEND, 0o600));
  try {
    const file = createAppendFile(path, fd);
    const size = attempt(() => checkDeadLetters(path, fd));
    const wholeBytes = attempt(() => findEndOfLines(fd, size));
    if (wholeBytes < size) attempt(() => file.cutTo(wholeBytes));
    return {
      path,
      bytesRepaired: size - wholeBytes,
      append: (letter, record) =>
        attempt(() => {
          file.append(makeDeadLetter(letter, record));
          fdatasyncSync(fd);
        }),
      close: () => file.close(),
    };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** The size of the open file. @throws UsageError if something else is in it, the system's error */
function checkDeadLetters(path: string, fd: number): number {
  const stats = fstatSync(fd);
  if (!stats.isFile()) {
    throw new UsageError(`--dead-letter: ${JSON.stringify(path)} is not a file`, 'give the name of a file');
  }
  assertTrusted(stats);
  const start = Buffer.alloc(Math.min(stats.size, START.length));
  readSync(fd, start, 0, start.length, 0);
  if (!START.startsWith(start.toString('latin1'))) {
    throw new UsageError(
      `--dead-letter: ${JSON.stringify(path)} exists and holds something else`,
      'nothing was changed: give another name, or move the file away',
    );
  }
  return stats.size;
}
