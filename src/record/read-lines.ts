// The lines of a recording, from a file or stdin, plain or gzip.
//
// Pulled: what is not asked for is not read. Damage is a value, so that a reader can go on or end as it likes.
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { untilAborted } from '../clock.ts';
import { UsageError } from '../errors.ts';
import { type Unpacked, unpack } from './unpack.ts';

/** Lines that were read together, without their line feeds, and what is wrong behind them. */
export interface Lines {
  readonly lines: readonly Buffer[];
  readonly fault?: {
    readonly why: string;
    /** Whether a line of the recording was given up on, or what is lost is no whole line. */
    readonly isLine: boolean;
  };
}

const LINE_FEED = 0x0a;
const EMPTY_LINE = Buffer.alloc(0);
/** A line beyond this cannot hold an event that the service sends (16 MiB): it is given up on. */
const MAX_LINE_BYTES = 32 * 1024 * 1024;

/**
 * Reads to the end or until the signal aborts. `-` is stdin; `what` is what messages call the file.
 * @throws UsageError if the file cannot be opened
 */
export async function* readLines(
  path: string,
  stdin: () => Readable,
  signal: AbortSignal,
  what = 'the recording',
): AsyncGenerator<Lines> {
  const source = path === '-' ? stdin() : createReadStream(path);
  const parts = unpack(source[Symbol.asyncIterator]() as AsyncIterator<Buffer>);
  const splitter = createLineSplitter();
  try {
    for (;;) {
      // Nobody waits for what may never come, such as the writer of a named pipe.
      const next = signal.aborted ? undefined : await untilAborted(parts.next(), signal);
      if (next === undefined) return;
      const lines = next.done === true ? splitter.end() : splitter.push(next.value);
      if (lines.lines.length > 0 || lines.fault !== undefined) yield lines;
      if (next.done === true) return;
    }
  } catch (error) {
    throw describeFault(what, path, error);
  } finally {
    source.destroy();
  }
}

interface LineSplitter {
  push(part: Unpacked): Lines;
  end(): Lines;
}

function createLineSplitter(): LineSplitter {
  let rest: Buffer[] = [];
  let restBytes = 0;
  let isGivenUp = false;

  const takeRest = (): Buffer => {
    const [first = EMPTY_LINE] = rest;
    const line = rest.length > 1 ? Buffer.concat(rest) : first;
    rest = [];
    restBytes = 0;
    return line;
  };
  const keep = (bytes: Buffer): void => {
    if (bytes.length === 0 || isGivenUp) return;
    rest.push(bytes);
    restBytes += bytes.length;
  };

  return {
    push(part) {
      if (!Buffer.isBuffer(part)) {
        const isLine = restBytes > 0;
        takeRest();
        isGivenUp = false;
        return { lines: [], fault: { why: part.fault, isLine } };
      }
      const lines: Buffer[] = [];
      let start = 0;
      for (let at = part.indexOf(LINE_FEED); at >= 0; at = part.indexOf(LINE_FEED, start)) {
        keep(part.subarray(start, at));
        if (!isGivenUp) lines.push(takeRest());
        isGivenUp = false;
        start = at + 1;
      }
      keep(part.subarray(start));
      if (restBytes <= MAX_LINE_BYTES) return { lines };
      takeRest();
      isGivenUp = true;
      return { lines, fault: { why: 'it is longer than any event may be', isLine: true } };
    },
    end: () => ({ lines: restBytes > 0 ? [takeRest()] : [] }),
  };
}

function describeFault(what: string, path: string, error: unknown): UsageError {
  const { code = 'unknown error' } = error as NodeJS.ErrnoException;
  const why = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : code;
  return new UsageError(`${what} ${JSON.stringify(path)} cannot be read: ${why}`);
}
