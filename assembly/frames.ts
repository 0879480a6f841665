// Turns the plain text frames of a chunk (RFC 6455 § 5.2) into lines: frames that are unfragmented, unmasked,
// complete and contain an event. Any other frame ends the call and is left to ws.
import { LF } from './bytes';
import { ENDS, FLAGS, LINES, MAX_LINES } from './layout';
import { scan } from './scan';

/** FIN and the opcode of text. */
const PLAIN_TEXT: u32 = 0x81;
/** Up to this size a loop of vectors copies faster than a call of memory.copy. */
const SHORT: usize = 1024;

/** Results of the last call: number of lines at LINES, their total bytes, and the union of their MESSAGE bits. */
export let lineCount: i32 = 0;
export let lineBytes: usize = 0;
export let allFlags: i32 = 0;

/** Takes the complete frames between `at` and `end`. Returns the offset after the last one. */
export function takeFrames(at: usize, end: usize): usize {
  let to = LINES;
  let count = 0;
  let all = 0;
  while (count < MAX_LINES) {
    if (end - at < 2 || load<u8>(at) !== PLAIN_TEXT) break;
    let length: usize = load<u8>(at + 1);
    let head: usize = 2;
    if (length >= 126) {
      // 126 and 127 announce a 16-bit and a 64-bit length; larger values have the mask bit.
      if (length === 126 && end - at >= 4) {
        length = bswap<u16>(load<u16>(at + 2));
        head = 4;
      } else if (length === 127 && end - at >= 10 && load<u32>(at + 2) === 0) {
        length = bswap<u32>(load<u32>(at + 6));
        head = 10;
      } else {
        break;
      }
    }
    if (end - at - head < length) break;
    copy(to, at + head, length);
    const flags = scan(to, to + length);
    if (flags < 0) break;
    to += length;
    store<u8>(to, LF);
    store<i32>(ENDS + (count << 2), i32(to - LINES));
    store<u8>(FLAGS + count, flags);
    all |= flags;
    to++;
    count++;
    at += head + length;
  }
  lineCount = count;
  lineBytes = to - LINES;
  allFlags = all;
  return at;
}

/** Copies; may write up to 15 bytes after the end. */
function copy(to: usize, from: usize, length: usize): void {
  if (length > SHORT) {
    memory.copy(to, from, length);
    return;
  }
  for (let done: usize = 0; done < length; done += 16) v128.store(to + done, v128.load(from + done));
}
