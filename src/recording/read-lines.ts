// Reads the lines of a recording, from a file or stdin, plain or gzip. Damage is a value, not an exception, so the
// caller decides whether to continue.
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { untilAborted } from '../clock.ts';
import { UsageError } from '../errors.ts';
import { LINE_FEED } from '../events/scan-constants.ts';
import { sayNotRead } from '../io/messages.ts';
import { LINE_FAULTS, THE_RECORDING } from './messages.ts';
import { MAX_LINE_BYTES } from './recorded-line.ts';
import { type Unpacked, unpack } from './unpack.ts';

/** Lines that were read together, to be read one by one. */
export class Lines implements Iterable<Buffer> {
  /** All lines, each with its line feed; the last line of a file may have none. */
  readonly bytes: Buffer;
  /** The offset of the line that was read last. */
  lineStart = 0;
  #next = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** The lines from the next one on, without their line feeds. */
  *[Symbol.iterator](): Generator<Buffer, void, undefined> {
    while (this.#next < this.bytes.length) {
      this.lineStart = this.#next;
      const found = this.bytes.indexOf(LINE_FEED, this.lineStart);
      const end = found < 0 ? this.bytes.length : found;
      this.#next = end + 1;
      yield this.bytes.subarray(this.lineStart, end);
    }
  }

  /** Sets where the next line begins, after lines were read in another way. */
  continueAt(start: number): void {
    this.#next = start;
  }
}

/** Lines, and the damage after them. */
export interface LineBatch {
  readonly lines: Lines;
  readonly fault?: {
    readonly why: string;
    /** Whether a line was lost. It still counts when lines are numbered. */
    readonly isLine: boolean;
  };
}

const NO_BYTES = Buffer.alloc(0);
/** With larger reads, V8 lets more dead buffers accumulate if lines are large (row 71 of docs/faults.md). */
const READ_BYTES = 32 * 1024;

/**
 * Reads on demand, to the end or until the signal aborts.
 *
 * @param path `-` is stdin
 * @throws UsageError if the file cannot be opened or read
 */
export async function* readLines(
  path: string,
  stdin: () => Readable,
  signal: AbortSignal,
  what = THE_RECORDING,
): AsyncGenerator<LineBatch> {
  const source = path === '-' ? stdin() : createReadStream(path, { highWaterMark: READ_BYTES });
  const parts = unpack(source[Symbol.asyncIterator]() as AsyncIterator<Buffer>);
  const splitter = createLineSplitter();
  try {
    for (;;) {
      // A named pipe may never get a writer.
      const next = signal.aborted ? undefined : await untilAborted(parts.next(), signal);
      if (next === undefined) return;
      yield* next.done === true ? splitter.end() : splitter.push(next.value);
      if (next.done === true) return;
    }
  } catch (error) {
    throw new UsageError(...sayNotRead(what, path, error));
  } finally {
    source.destroy();
  }
}

function createLineSplitter() {
  /** The beginning of a line whose end has not been read yet. */
  let rest: Buffer[] = [];
  let restBytes = 0;
  let isSkippingLine = false;

  const takeLines = (bytes: Buffer): Lines => {
    const lines = new Lines(rest.length === 0 ? bytes : Buffer.concat([...rest, bytes]));
    rest = [];
    restBytes = 0;
    return lines;
  };

  return {
    *push(part: Unpacked): Generator<LineBatch> {
      if (!Buffer.isBuffer(part)) {
        const isLine = restBytes > 0;
        takeLines(NO_BYTES);
        isSkippingLine = false;
        yield { lines: new Lines(NO_BYTES), fault: { why: part.fault, isLine } };
        return;
      }
      let start = isSkippingLine ? part.indexOf(LINE_FEED) + 1 : 0;
      if (isSkippingLine && start === 0) return;
      isSkippingLine = false;
      const end = part.lastIndexOf(LINE_FEED) + 1;
      if (rest.length > 0 && end > 0) {
        // The continued line has its own batch, so that the other lines are not copied.
        start = part.indexOf(LINE_FEED) + 1;
        yield { lines: takeLines(part.subarray(0, start)) };
      }
      if (end > start) yield { lines: new Lines(part.subarray(start, end)) };
      const begun = part.subarray(Math.max(start, end));
      if (begun.length > 0) rest.push(begun);
      restBytes += begun.length;
      if (restBytes <= MAX_LINE_BYTES) return;
      takeLines(NO_BYTES);
      isSkippingLine = true;
      yield { lines: new Lines(NO_BYTES), fault: { why: LINE_FAULTS.tooLong, isLine: true } };
    },
    *end(): Generator<LineBatch> {
      if (restBytes > 0) yield { lines: takeLines(NO_BYTES) };
    },
  };
}
