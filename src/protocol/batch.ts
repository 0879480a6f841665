// The events that arrived together: their texts one behind the other in one buffer, as lines.
//
// Where every text is a safe line as it stands the buffer is what NDJSON prints, without touching an event.
// Made by a BatchBuilder, read by `textOf` and `flagsOf`, and never changed.
import type { DiscardReason } from './messages.ts';

/** Texts of events as they were sent, each followed by a line feed of ours. */
export interface Lines {
  /** How many events. */
  readonly count: number;
  readonly bytes: Buffer;
  /** Where in `bytes` the line feed behind each text stands. */
  readonly ends: Int32Array;
  /** Bits of MESSAGE for each text. */
  readonly flags: Uint8Array;
  /** The flags of all texts together: 0 if all are safe lines as they stand. */
  readonly allFlags: number;
  /**
   * To be called, once, by whoever knows that nobody will look at `bytes` any more: their memory is used again.
   * It need not be called; but buffers are not collected as fast as a busy stream fills them.
   */
  readonly release?: (() => void) | undefined;
}

/** The events that arrived together, in order. */
export interface Batch extends Lines {
  /** One entry for each message that came with them and is no event. */
  readonly discarded: readonly DiscardReason[];
  /** Wall clock when the batch arrived, in ms since the epoch. */
  readonly receivedAtMs: number;
}

/** The bytes of frames as they come from a socket, and the events in them: see frame-buffer.ts. */
export interface FrameBuffer {
  /** Bytes that it holds at most. */
  readonly capacity: number;
  /** What is held. A view of memory that is used again: to be looked at before anything else is called. */
  readonly rest: Buffer;
  /** Where to put what comes next, if it is to be added without a copy. What is held may be moved. */
  readonly room: Buffer;
  /** Where to put what is not to be added yet: at least as long as nothing of it is held. */
  readonly lastHalf: Buffer;
  /** Adds as many of the bytes as there is room for, and returns their number. */
  add(bytes: Uint8Array): number;
  /** Drops that many bytes of `rest`. */
  skip(byteCount: number): void;
  /**
   * Takes the events that `rest` begins with, as long as whole frames of text follow each other (final, without
   * mask or reserved bits) and are events. It may stop before the last one; undefined where there is none.
   */
  takeEvents(): Lines | undefined;
}

const LINE_FEED = 0x0a;

/** One event, whose line feed is there already. */
export function makeLines(line: Buffer, flags: number): Lines {
  const ends = Int32Array.of(line.length - 1);
  return { count: 1, bytes: line, ends, flags: Uint8Array.of(flags), allFlags: flags };
}

/** The text of event `index` as it was sent: a view, not a copy. */
export function textOf({ bytes, ends }: Lines, index: number): Buffer {
  return bytes.subarray(index === 0 ? 0 : (ends[index - 1] as number) + 1, ends[index]);
}

/** The MESSAGE bits of event `index`. */
export function flagsOf({ flags }: Lines, index: number): number {
  return flags[index] as number;
}

/** All texts, in order: views, not copies. */
export function textsOf(lines: Lines): Buffer[] {
  return Array.from({ length: lines.count }, (_unused, index) => textOf(lines, index));
}

/** The first `count` events as lines: what NDJSON prints where `allFlags` is 0. */
export function firstLines({ bytes, ends, count: all }: Lines, count: number): Buffer {
  if (count === 0) return bytes.subarray(0, 0);
  return count >= all ? bytes : bytes.subarray(0, (ends[count - 1] as number) + 1);
}

/** The events for which `isKept` holds, copied into a batch of their own. */
export function keepEvents(batch: Batch, isKept: (start: number, end: number) => boolean): Batch {
  const { count, bytes, ends, flags } = batch;
  const kept = Buffer.allocUnsafe(bytes.length);
  const keptEnds = new Int32Array(count);
  const keptFlags = new Uint8Array(count);
  let keptCount = 0;
  let allFlags = 0;
  let length = 0;
  // Neighbours are copied together.
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
    // A few events that wait to be delivered must not keep the memory of all that came with them.
    bytes: length < bytes.length / 2 ? Buffer.from(lines) : lines,
    ends: keptEnds.subarray(0, keptCount),
    flags: keptFlags.subarray(0, keptCount),
    allFlags,
    release: undefined,
  };
}

/** Gathers events until somebody takes them. */
export class BatchBuilder {
  #parts: Lines[] = [];
  #texts: Uint8Array[] = [];
  #flags: number[] = [];
  #discarded: DiscardReason[] = [];
  /** How many events there are. */
  count = 0;

  get isEmpty(): boolean {
    return this.count === 0 && this.#discarded.length === 0;
  }

  /** Adds one event with its MESSAGE bits. Its text is copied when the batch is taken. */
  add(text: Uint8Array, flags: number): void {
    this.#texts.push(text);
    this.#flags.push(flags);
    this.count += 1;
  }

  /** Adds events that are lines already. */
  addLines(lines: Lines): void {
    if (this.#texts.length > 0) this.#parts.push(joinTexts(this.#texts, this.#flags));
    this.#texts = [];
    this.#flags = [];
    this.#parts.push(lines);
    this.count += lines.count;
  }

  /** Counts a message that is no event. */
  discard(reason: DiscardReason): void {
    this.#discarded.push(reason);
  }

  /** All that was added since the last time. */
  take(receivedAtMs: number): Batch {
    const parts = this.#parts;
    if (this.#texts.length > 0 || parts.length === 0) parts.push(joinTexts(this.#texts, this.#flags));
    const [only] = parts;
    const lines = only !== undefined && parts.length === 1 ? only : joinLines(parts);
    const batch = { ...lines, discarded: this.#discarded, receivedAtMs };
    this.#parts = [];
    this.#texts = [];
    this.#flags = [];
    this.#discarded = [];
    this.count = 0;
    return batch;
  }
}

function joinTexts(texts: readonly Uint8Array[], flags: readonly number[]): Lines {
  const bytes = Buffer.allocUnsafe(texts.reduce((sum, { length }) => sum + length + 1, 0));
  const ends = new Int32Array(texts.length);
  let at = 0;
  for (const [i, text] of texts.entries()) {
    bytes.set(text, at);
    at += text.length;
    ends[i] = at;
    bytes[at] = LINE_FEED;
    at += 1;
  }
  const allFlags = flags.reduce((all, one) => all | one, 0);
  return { count: texts.length, bytes, ends, flags: Uint8Array.from(flags), allFlags };
}

function joinLines(parts: readonly Lines[]): Lines {
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
