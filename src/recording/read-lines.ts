// The lines of a recording, from a file or stdin, plain or gzip. Damage is a value, so that the caller decides whether
// to continue.
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { untilAborted } from '../clock.ts';
import { UsageError } from '../errors.ts';
import { LINE_FEED } from '../events/scan-constants.ts';
import { sayNotRead } from '../io/messages.ts';
import { LINE_FAULTS, THE_RECORDING } from './messages.ts';
import { MAX_LINE_BYTES } from './recorded-line.ts';
import { type Unpacked, unpack } from './unpack.ts';

/** Lines that were read together, without their line feeds, and the damage after them. */
export interface LineBatch {
  readonly lines: readonly Buffer[];
  readonly fault?: {
    readonly why: string;
    /** True if a line was lost, so that it counts in line numbers. */
    readonly isLine: boolean;
  };
}

const EMPTY_LINE = Buffer.alloc(0);

/**
 * Reads on demand, to the end or until the signal aborts.
 *
 * @param path `-` is stdin
 * @param what the name of the file in messages
 * @throws UsageError if the file cannot be opened
 */
export async function* readLines(
  path: string,
  stdin: () => Readable,
  signal: AbortSignal,
  what = THE_RECORDING,
): AsyncGenerator<LineBatch> {
  const source = path === '-' ? stdin() : createReadStream(path);
  const parts = unpack(source[Symbol.asyncIterator]() as AsyncIterator<Buffer>);
  const splitter = createLineSplitter();
  try {
    for (;;) {
      // A named pipe may never get a writer.
      const next = signal.aborted ? undefined : await untilAborted(parts.next(), signal);
      if (next === undefined) return;
      const lines = next.done === true ? splitter.end() : splitter.push(next.value);
      if (lines.lines.length > 0 || lines.fault !== undefined) yield lines;
      if (next.done === true) return;
    }
  } catch (error) {
    throw new UsageError(...sayNotRead(what, path, error));
  } finally {
    source.destroy();
  }
}

function createLineSplitter() {
  let rest: Buffer[] = [];
  let restBytes = 0;
  let isSkipping = false;

  const takeRest = (): Buffer => {
    const [first = EMPTY_LINE] = rest;
    const line = rest.length > 1 ? Buffer.concat(rest) : first;
    rest = [];
    restBytes = 0;
    return line;
  };
  const keep = (bytes: Buffer): void => {
    if (bytes.length === 0 || isSkipping) return;
    rest.push(bytes);
    restBytes += bytes.length;
  };

  return {
    push(part: Unpacked): LineBatch {
      if (!Buffer.isBuffer(part)) {
        const isLine = restBytes > 0;
        takeRest();
        isSkipping = false;
        return { lines: [], fault: { why: part.fault, isLine } };
      }
      const lines: Buffer[] = [];
      let start = 0;
      for (let at = part.indexOf(LINE_FEED); at >= 0; at = part.indexOf(LINE_FEED, start)) {
        keep(part.subarray(start, at));
        if (!isSkipping) lines.push(takeRest());
        isSkipping = false;
        start = at + 1;
      }
      keep(part.subarray(start));
      if (restBytes <= MAX_LINE_BYTES) return { lines };
      // Skipped up to the next line feed.
      takeRest();
      isSkipping = true;
      return { lines, fault: { why: LINE_FAULTS.tooLong, isLine: true } };
    },
    end: (): LineBatch => ({ lines: restBytes > 0 ? [takeRest()] : [] }),
  };
}
