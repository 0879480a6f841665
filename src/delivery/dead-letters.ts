// The dead-letter file: events that a sink refused, each as a line of JSON with the reason and the event as it was
// received. `relay --redeliver` reads it. A dead letter is on disk before its event counts as settled.
import { closeSync, fdatasyncSync, fstatSync, readSync, realpathSync } from 'node:fs';
import { isAtlantisError, UsageError } from '../errors.ts';
import { matchTokens, readMembers, trimLineEnd } from '../events/json-line.ts';
import { MESSAGE } from '../events/message-text.ts';
import { CLOSE_OBJECT } from '../events/scan-constants.ts';
import { classifyText } from '../events/scanner.ts';
import { makeNames } from '../events/seek.ts';
import { createAppendFile, findEndOfLines } from '../io/append-file.ts';
import { APPEND, assertTrusted, describeWriteFault, openNamedFile } from '../io/safe-file.ts';
import { makeSafeLine } from '../render/ndjson.ts';
import type { StatusRecord } from '../ui/reporter.ts';
import * as say from './messages.ts';
import type { SpoolRecord } from './spool/record.ts';

/** Incremented by every incompatible change of the format. */
const DEAD_LETTER_VERSION = 1;

interface DeadLetter {
  readonly at: string;
  /** The name of the sink, without secrets. */
  readonly to: string;
  readonly reason: string;
  readonly id: string;
}

const STRING = '"(?:[^"\\\\]|\\\\.)*"';
const HEAD = matchTokens(
  ...['\\{', '"dead_letter"', ':', '1', ',', '"at"', ':', STRING, ',', '"to"', ':', STRING, ','],
  ...['"reason"', ':', STRING, ',', '"id"', ':', STRING, ',', '"event"', ':'],
);
/** For a line that has the members in another order. */
const MEMBERS = makeNames(['event', 'dead_letter', 'at', 'to', 'reason', 'id']);
const START = '{"dead_letter":';
/** Longer than everything before the event in any line. */
const MAX_HEAD_BYTES = 8_192;

export function makeDeadLetter(letter: DeadLetter, { mark, text }: SpoolRecord): Buffer {
  const head = JSON.stringify({ dead_letter: DEAD_LETTER_VERSION, ...letter });
  return Buffer.concat([
    makeSafeLine(Buffer.from(`${head.slice(0, -1)},"event":`), MESSAGE.unsafeCharacter),
    makeSafeLine(text, mark),
    Buffer.from('}\n'),
  ]);
}

/** True if a file that begins with this line may be a dead-letter file. */
export function startsDeadLetters(line: Buffer): boolean {
  return line.toString('latin1', 0, START.length) === START || readDeadLetter(line) !== undefined;
}

/** Undefined if the line is not a dead letter. */
export function readDeadLetter(bytes: Buffer): SpoolRecord | undefined {
  const line = trimLineEnd(bytes);
  const [head] = HEAD.exec(line.toString('latin1', 0, MAX_HEAD_BYTES)) ?? [];
  const text = head === undefined ? findEvent(line) : line.subarray(head.length, -1);
  if (text === undefined || line.at(-1) !== CLOSE_OBJECT) return undefined;
  const mark = classifyText(text);
  return mark < 0 ? undefined : { mark, text };
}

function findEvent(line: Buffer): Buffer | undefined {
  return classifyText(line) < 0 ? undefined : readMembers(line, MEMBERS)?.[0];
}

export interface DeadLetterFile {
  /** Appends and syncs to disk. @throws OutputError */
  append(letter: DeadLetter, record: SpoolRecord): void;
  close(): void;
}

/**
 * @param report called when an incomplete line was removed, and when another program moved or deleted the file
 * @throws UsageError if the file has other content, OutputError for all other faults
 */
export function openDeadLetters(path: string, report: (record: StatusRecord) => void): DeadLetterFile {
  const attempt = <T>(action: () => T): T => {
    try {
      return action();
    } catch (error) {
      throw isAtlantisError(error) ? error : describeWriteFault(say.THE_DEAD_LETTER_FILE, path, error);
    }
  };

  function open() {
    const fd = openNamedFile(path, APPEND, 0o600);
    try {
      const opened = createAppendFile(realpathSync(path), fd);
      const size = checkDeadLetters(path, fd);
      const wholeBytes = findEndOfLines(fd, size);
      if (wholeBytes < size) {
        opened.truncateTo(wholeBytes);
        report(say.sayRepaired(say.THE_DEAD_LETTER_FILE, size - wholeBytes));
      }
      return opened;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  let file = attempt(open);
  return {
    append(letter, record) {
      attempt(() => {
        if (!file.isAtPath()) {
          const isDeleted = file.findChange() === 'deleted';
          file.close();
          file = open();
          report(say.sayDeadLettersRestarted(path, isDeleted));
        }
        file.append(makeDeadLetter(letter, record));
        fdatasyncSync(file.fd);
      });
    },
    close: () => file.close(),
  };
}

/** Returns the size. @throws UsageError if the file has other content; the system's error for all other faults */
function checkDeadLetters(path: string, fd: number): number {
  const stats = fstatSync(fd);
  if (!stats.isFile()) throw new UsageError(...say.sayDeadLettersNotAFile(path));
  assertTrusted(stats);
  const start = Buffer.alloc(Math.min(stats.size, START.length));
  readSync(fd, start, 0, start.length, 0);
  if (!START.startsWith(start.toString('latin1'))) {
    throw new UsageError(...say.sayOtherDeadLetters(path));
  }
  return stats.size;
}
