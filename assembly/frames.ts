// Turns the plain text frames of a chunk (RFC 6455 § 5.2) into lines: frames that are unfragmented, unmasked,
// complete and contain an event. Any other frame ends the call and is left to ws.
import { addLine, startLines } from './lines';

/** FIN and the opcode of text. */
const PLAIN_TEXT: u32 = 0x81;

/** Takes the complete frames between `at` and `end`. Returns the offset after the last one. */
export function takeFrames(at: usize, end: usize): usize {
  startLines();
  while (end - at >= 2 && load<u8>(at) === PLAIN_TEXT) {
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
    if (end - at - head < length || !addLine(at + head, length)) break;
    at += head + length;
  }
  return at;
}
