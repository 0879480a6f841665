// Removes the envelopes from lines of a recording, as long as each envelope has the form of the first one. Any other
// line ends the call and is left to src/recording/recorded-line.ts.
import { CLOSE_OBJECT, LF, SPACE } from './bytes';
import { addLine, startLines } from './lines';
import { skipDigits } from './tokens';

/**
 * Takes the complete lines between `at` and `end`. An envelope is a head, a number and a tail; head and tail have at
 * least 16 bytes each. The first `same` bytes of the head and all of the tail have to be equal; in the rest of the
 * head, at most 16 bytes, digits may differ. Returns the offset after the last line.
 */
export function takeRecords(at: usize, end: usize, same: usize, head: usize, tail: usize): usize {
  startLines();
  const first = at;
  const firstTail = skipDigits(at + head);
  while (at < end) {
    if (!isEqual(at, first, same)) break;
    if (same < head && !isAlike(at + head - 16, first + head - 16)) break;
    const digits = at + head;
    const tailAt = skipDigits(digits);
    if (tailAt === digits || !isEqual(tailAt, firstTail, tail)) break;
    const text = tailAt + tail;
    // More white space than in the tail is not part of the event.
    if (load<u8>(text) <= SPACE) break;
    const lineEnd = findLineFeed(text, end);
    if (lineEnd >= end || load<u8>(lineEnd - 1) !== CLOSE_OBJECT) break;
    if (!addLine(text, lineEnd - 1 - text)) break;
    at = lineEnd + 1;
  }
  return at;
}

/** Whether `length` bytes, at least 16, are equal. The last vector overlaps the one before it. */
function isEqual(one: usize, other: usize, length: usize): bool {
  for (let done: usize = 0; done + 16 < length; done += 16) {
    if (v128.any_true(v128.xor(v128.load(one + done), v128.load(other + done)))) return false;
  }
  return !v128.any_true(v128.xor(v128.load(one + length - 16), v128.load(other + length - 16)));
}

/** Whether 16 bytes are equal, except that digits may be other digits. */
function isAlike(one: usize, other: usize): bool {
  const bytes = v128.load(one);
  const others = v128.load(other);
  const digits = v128.and(areDigits(bytes), areDigits(others));
  return i8x16.all_true(v128.or(digits, i8x16.eq(bytes, others)));
}

function areDigits(bytes: v128): v128 {
  return i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(0x30)), i8x16.splat(10));
}

/** The offset of the next line feed; `end` or more if there is none. */
function findLineFeed(at: usize, end: usize): usize {
  for (; at < end; at += 16) {
    const stops = i8x16.bitmask(i8x16.eq(v128.load(at), i8x16.splat(i8(LF))));
    if (stops !== 0) return at + ctz(stops);
  }
  return end;
}
