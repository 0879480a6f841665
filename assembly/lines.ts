// The events of a chunk as lines at LINES, one after another.
import { LF } from './bytes';
import { ENDS, FLAGS, LINES, MAX_LINES } from './layout';
import { scan } from './scan';

/** Up to this size a loop of vectors copies faster than a call of memory.copy. */
const SHORT: usize = 1024;

/** The number of lines, their total bytes, and the union of their MESSAGE bits. */
export let lineCount: i32 = 0;
export let lineBytes: usize = 0;
export let allFlags: i32 = 0;

/** Begins again with no lines. */
export function startLines(): void {
  lineCount = 0;
  lineBytes = 0;
  allFlags = 0;
}

/** Adds a text as a line; false if it is not an event, or there is no room. */
export function addLine(text: usize, length: usize): bool {
  if (lineCount === MAX_LINES) return false;
  const to = LINES + lineBytes;
  copy(to, text, length);
  const flags = scan(to, to + length);
  if (flags < 0) return false;
  store<u8>(to + length, LF);
  store<i32>(ENDS + (lineCount << 2), i32(lineBytes + length));
  store<u8>(FLAGS + lineCount, flags);
  allFlags |= flags;
  lineCount++;
  lineBytes += length + 1;
  return true;
}

/** Copies; may write up to 15 bytes after the end. */
function copy(to: usize, from: usize, length: usize): void {
  if (length > SHORT) {
    memory.copy(to, from, length);
    return;
  }
  for (let done: usize = 0; done < length; done += 16) v128.store(to + done, v128.load(from + done));
}
