// The file of events that a sink will never take: one line of JSON each, with the reason, and the event as it
// came. `relay --redeliver` reads it. On disk before the event counts as done with.
import { closeSync, fdatasyncSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { OutputError, UsageError } from '../errors.ts';
import { cutFile } from '../output/cut-file.ts';
import { MESSAGE } from '../protocol/messages.ts';
import { classifyText } from '../protocol/scanner.ts';
import { makeSafeLine } from '../render/ndjson.ts';
import type { SpoolRecord } from '../spool/record-form.ts';

/** Version of the form; it grows with every change that is not an addition. */
export const DEAD_LETTER_VERSION = 1;

/** What is noted beside the event. */
export interface DeadLetter {
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

const HEAD =
  /^\{"dead_letter":1,"at":"[^"]*","to":"(?:[^"\\]|\\.)*","reason":"(?:[^"\\]|\\.)*","id":"(?:[^"\\]|\\.)*","event":/;
const START = '{"dead_letter":';
/** More than the notes of any line take. */
const MAX_HEAD_BYTES = 8_192;
const LINE_FEED = 0x0a;

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
export function readDeadLetter(line: Buffer): SpoolRecord | undefined {
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
  let fd: number;
  try {
    fd = openSync(path, 'a+', 0o600);
  } catch (error) {
    throw fail(error);
  }
  const stat = fstatSync(fd);
  if (!stat.isFile()) {
    closeSync(fd);
    throw new UsageError(`--dead-letter: ${JSON.stringify(path)} is no file`, 'give the name of a file');
  }
  const { size } = stat;
  const start = Buffer.alloc(Math.min(size, START.length));
  readSync(fd, start, 0, start.length, 0);
  if (!START.startsWith(start.toString('latin1'))) {
    closeSync(fd);
    throw new UsageError(
      `--dead-letter: ${JSON.stringify(path)} exists and holds something else`,
      'nothing was changed: give another name, or move the file away',
    );
  }
  let bytes = findWholeLines(fd, size);
  const cut = (): void => {
    try {
      cutFile(path, fd, bytes);
    } catch (error) {
      throw fail(error);
    }
  };
  if (bytes < size) cut();
  return {
    path,
    bytesRepaired: size - bytes,
    append(letter, record) {
      const line = makeDeadLetter(letter, record);
      try {
        for (let at = 0; at < line.length; ) at += writeSync(fd, line, at);
        fdatasyncSync(fd);
        bytes += line.length;
      } catch (error) {
        cut();
        throw fail(error);
      }
    },
    close: () => closeSync(fd),
  };
}

/** Bytes up to the end of the last whole line. */
function findWholeLines(fd: number, size: number): number {
  const piece = Buffer.alloc(64 * 1024);
  for (let end = size; end > 0; ) {
    const from = Math.max(0, end - piece.length);
    const length = readSync(fd, piece, 0, end - from, from);
    const found = piece.subarray(0, length).lastIndexOf(LINE_FEED);
    if (found >= 0) return from + found + 1;
    end = from;
  }
  return 0;
}
