// Reads a run of recorded lines in one call of the scanner. A run is consecutive lines whose envelopes differ only in
// the sequence number and, if times are joined, in the time.
//
// Reading line by line takes three times as long. Any other line ends a run and is left to recorded-line.ts.
import type { EventLines } from '../events/batch.ts';
import { ScannedLines } from '../events/scanned-lines.ts';
import { createInstance, type ScannerExports } from '../events/scanner.ts';
import type { Lines } from './read-lines.ts';
import { readEnvelope } from './recorded-line.ts';

export interface RecordedRun {
  readonly kind: 'run';
  /** Receive time of the first event. */
  readonly receivedAtMs: number;
  readonly connection: number;
  readonly lines: EventLines;
}

/** Whether all events received from `fromMs` (inclusive) to `toMs` (exclusive) can be in one batch. */
type JoinsTimes = (fromMs: number, toMs: number) => boolean;

/** The texts of times in the same ten seconds are equal up to the tens digit of the seconds. */
const JOINED_MS = 10_000;
/** Bytes after the tens of seconds in the head of an envelope that this program wrote. */
const AFTER_TENS_BYTES = '0.000Z","seq":'.length;

/** All recordings share one scanner, because each scanner reserves address space. */
let shared: RunScanner | 'unavailable' | undefined;

/**
 * Undefined if the line cannot begin a run, or if there is no WebAssembly. Reading `lines` continues after the run.
 *
 * @param line the line that was read last from `lines`
 */
export function takeRun(lines: Lines, line: Buffer, joinsTimes: JoinsTimes): RecordedRun | undefined {
  const envelope = readEnvelope(line);
  if (envelope === undefined) return undefined;
  shared ??= createRunScanner() ?? 'unavailable';
  if (shared === 'unavailable') return undefined;
  const { receivedAtMs, connection, head, tail, isUsual } = envelope;
  const fromMs = Math.floor(receivedAtMs / JOINED_MS) * JOINED_MS;
  const isJoined = isUsual && joinsTimes(fromMs, fromMs + JOINED_MS);
  const taken = shared.take(lines, isJoined ? head - AFTER_TENS_BYTES : head, head, tail);
  return taken && { kind: 'run', receivedAtMs, connection, lines: taken };
}

function createRunScanner(): RunScanner | undefined {
  const instance = createInstance();
  return instance && new RunScanner(instance);
}

class RunScanner {
  readonly #scanner: ScannerExports;
  readonly #scanned: ScannedLines;
  readonly #chunk: Buffer;
  /** The lines that are in the chunk. */
  #loaded: Lines | undefined;

  constructor(scanner: ScannerExports) {
    const { memory, CHUNK, CHUNK_BYTES } = scanner;
    this.#scanner = scanner;
    this.#scanned = new ScannedLines(scanner);
    this.#chunk = Buffer.from(memory.buffer, CHUNK.value, CHUNK_BYTES.value);
  }

  /** @param same how many bytes of the head must be equal in all lines; `head` and `tail` are lengths as in Envelope */
  take(lines: Lines, same: number, head: number, tail: number): EventLines | undefined {
    const { bytes, lineStart } = lines;
    if (bytes.length > this.#chunk.length) return undefined;
    if (this.#loaded !== lines) this.#chunk.set(bytes);
    this.#loaded = lines;
    const at = this.#chunk.byteOffset;
    const end = this.#scanner.takeRecords(at + lineStart, at + bytes.length, same, head, tail);
    const taken = this.#scanned.copy();
    if (taken !== undefined) lines.continueAt(end - at);
    return taken;
  }
}
