// A batch: the events that arrived together, as lines in one buffer. It is never changed.
//
// If every text is a safe line, NDJSON prints the buffer itself.
import type { DiscardReason } from './message-text.ts';
import { LINE_FEED } from './scan-constants.ts';

/** Texts of events as sent, each followed by a line feed. */
export interface EventLines {
  readonly count: number;
  readonly bytes: Buffer;
  /** Index in `bytes` of the line feed after each text. */
  readonly ends: Int32Array;
  /** MESSAGE bits of each text. */
  readonly flags: Uint8Array;
  /** The bits of all texts combined: 0 if all are safe lines as sent. */
  readonly allFlags: number;
  /**
   * Gives the memory of `bytes` back for reuse. The last reader may call it, once. The garbage collector alone would be
   * too slow for a busy stream.
   */
  readonly release?: (() => void) | undefined;
}

export interface Batch extends EventLines {
  /** One entry for each message that arrived with the events and is not an event itself. */
  readonly discarded: readonly DiscardReason[];
  /** Wall clock at arrival, in ms since the epoch. */
  readonly receivedAtMs: number;
}

/** One event; `line` includes its line feed. */
export function makeLines(line: Buffer, flags: number): EventLines {
  const ends = Int32Array.of(line.length - 1);
  return { count: 1, bytes: line, ends, flags: Uint8Array.of(flags), allFlags: flags };
}

/** A view, not a copy. */
export function textOf(lines: Pick<EventLines, 'bytes' | 'ends'>, index: number): Buffer {
  return lines.bytes.subarray(startOf(lines, index), lines.ends[index]);
}

export function startOf({ ends }: Pick<EventLines, 'ends'>, index: number): number {
  return index === 0 ? 0 : (ends[index - 1] as number) + 1;
}

export function flagsOf({ flags }: EventLines, index: number): number {
  return flags[index] as number;
}

/** Views, not copies. */
export function textsOf(lines: EventLines): Buffer[] {
  return Array.from({ length: lines.count }, (_unused, index) => textOf(lines, index));
}

export function firstLines({ bytes, ends, count: all }: EventLines, count: number): Buffer {
  if (count === 0) return bytes.subarray(0, 0);
  return count >= all ? bytes : bytes.subarray(0, (ends[count - 1] as number) + 1);
}

export function keepEvents(batch: Batch, isKept: (start: number, end: number) => boolean): Batch {
  const { count, bytes, ends, flags } = batch;
  const kept = Buffer.allocUnsafe(bytes.length);
  const keptEnds = new Int32Array(count);
  const keptFlags = new Uint8Array(count);
  let keptCount = 0;
  let allFlags = 0;
  let length = 0;
  // Adjacent events are copied together.
  let runStart = 0;
  let start = 0;
  for (let i = 0; i < count; i += 1) {
    const end = ends[i] as number;
    if (isKept(start, end)) {
      keptEnds[keptCount] = length + end - runStart;
      keptFlags[keptCount] = flags[i] as number;
      allFlags |= flags[i] as number;
      keptCount += 1;
    } else {
      length += bytes.copy(kept, length, runStart, start);
      runStart = end + 1;
    }
    start = end + 1;
  }
  length += bytes.copy(kept, length, runStart, start);
  const lines = kept.subarray(0, length);
  return {
    ...batch,
    count: keptCount,
    // A few events that wait for delivery must not hold the memory of the whole batch.
    bytes: length < bytes.length / 2 ? Buffer.from(lines) : lines,
    ends: keptEnds.subarray(0, keptCount),
    flags: keptFlags.subarray(0, keptCount),
    allFlags,
    release: undefined,
  };
}

/** Splits a batch into parts of at most `maxBytes`, or of one larger event. Only the last part has `release`. */
export function* splitBatch(batch: Batch, maxBytes: number): Generator<Batch, void, undefined> {
  const { count, bytes, ends, flags } = batch;
  let first = 0;
  let start = 0;
  for (let i = 0; i < count; i += 1) {
    const end = (ends[i] as number) + 1;
    const isLast = i + 1 === count;
    if (!isLast && (ends[i + 1] as number) + 1 - start <= maxBytes) continue;
    const from = start;
    yield {
      ...batch,
      count: i + 1 - first,
      bytes: bytes.subarray(from, end),
      ends: ends.subarray(first, i + 1).map((at) => at - from),
      flags: flags.subarray(first, i + 1),
      discarded: first === 0 ? batch.discarded : [],
      release: isLast ? batch.release : undefined,
    };
    first = i + 1;
    start = end;
  }
}

export class BatchBuilder {
  #parts: EventLines[] = [];
  #texts: Uint8Array[] = [];
  #flags: number[] = [];
  #discarded: DiscardReason[] = [];
  count = 0;

  get isEmpty(): boolean {
    return this.count === 0 && this.#discarded.length === 0;
  }

  /** `take` copies the text. */
  add(text: Uint8Array, flags: number): void {
    this.#texts.push(text);
    this.#flags.push(flags);
    this.count += 1;
  }

  addLines(lines: EventLines): void {
    if (this.#texts.length > 0) this.#parts.push(joinTexts(this.#texts, this.#flags));
    this.#texts = [];
    this.#flags = [];
    this.#parts.push(lines);
    this.count += lines.count;
  }

  discard(reason: DiscardReason): void {
    this.#discarded.push(reason);
  }

  take(receivedAtMs: number): Batch {
    const parts = this.#parts;
    if (this.#texts.length > 0 || parts.length === 0) parts.push(joinTexts(this.#texts, this.#flags));
    const [only] = parts;
    const lines = only !== undefined && parts.length === 1 ? only : joinLines(parts);
    const { count, bytes, ends, flags, allFlags, release } = lines;
    // Field by field, which takes a fraction of the time of a spread.
    const batch = { count, bytes, ends, flags, allFlags, release, discarded: this.#discarded, receivedAtMs };
    this.#parts = [];
    this.#texts = [];
    this.#flags = [];
    this.#discarded = [];
    this.count = 0;
    return batch;
  }
}

function joinTexts(texts: readonly Uint8Array[], flags: readonly number[]): EventLines {
  const bytes = Buffer.allocUnsafe(texts.reduce((sum, { length }) => sum + length + 1, 0));
  const ends = new Int32Array(texts.length);
  let at = 0;
  for (let i = 0; i < texts.length; i += 1) {
    const text = texts[i] as Uint8Array;
    bytes.set(text, at);
    at += text.length;
    ends[i] = at;
    bytes[at] = LINE_FEED;
    at += 1;
  }
  const allFlags = flags.reduce((all, one) => all | one, 0);
  return { count: texts.length, bytes, ends, flags: Uint8Array.from(flags), allFlags };
}

function joinLines(parts: readonly EventLines[]): EventLines {
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  const ends = new Int32Array(count);
  const flags = new Uint8Array(count);
  let at = 0;
  let shift = 0;
  for (const part of parts) {
    for (let i = 0; i < part.count; i += 1) ends[at + i] = (part.ends[i] as number) + shift;
    flags.set(part.flags, at);
    at += part.count;
    shift += part.bytes.length;
  }
  const bytes = Buffer.concat(
    parts.map((part) => part.bytes),
    shift,
  );
  for (const { release } of parts) release?.();
  const allFlags = parts.reduce((all, part) => all | part.allFlags, 0);
  return { count, bytes, ends, flags, allFlags };
}
