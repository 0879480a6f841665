// Makes lines of the plain text frames of a chunk (RFC 6455 § 5.2): final, unfragmented, unmasked, complete,
// and each of them an event. Whatever is anything else ends the call, and is for somebody who knows the protocol.
import { LF } from './bytes';
import { ENDS, FLAGS, LINES, MAX_LINES } from './layout';
import { scan } from './scan';

/** FIN and the opcode of text. */
const PLAIN_TEXT: u32 = 0x81;
/** Shorter texts are copied in a loop: quicker than a call. */
const SHORT: usize = 1024;

/** Of the last call: how many lines stand at LINES, their bytes, and their MESSAGE bits together. */
export let lineCount: i32 = 0;
export let lineBytes: usize = 0;
export let allFlags: i32 = 0;

/** Takes frames that begin at `at`, none of which goes on at `end`. Returns the place behind the last. */
export function takeFrames(at: usize, end: usize): usize {
  let to = LINES;
  let count = 0;
  let all = 0;
  while (count < MAX_LINES) {
    if (end - at < 2 || load<u8>(at) !== PLAIN_TEXT) break;
    let length: usize = load<u8>(at + 1);
    let head: usize = 2;
    if (length >= 126) {
      // 126 and 127 are longer forms of the length, what is above is masked.
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

/** Copies, and may write up to 15 bytes more. */
function copy(to: usize, from: usize, length: usize): void {
  if (length > SHORT) {
    memory.copy(to, from, length);
    return;
  }
  for (let done: usize = 0; done < length; done += 16) v128.store(to + done, v128.load(from + done));
}
