// The tokens of JSON. Each function takes the offset of a token, or of the rest of one, and returns the offset
// after it, or BAD.
//
// A NUL follows every text. No token contains one, so the functions do not need the end of the text: vectors
// may read past the NUL, but those bytes are ignored.
import {
  BACKSLASH,
  CR,
  DEL,
  DOT,
  LETTER_E,
  LETTER_U,
  LF,
  MINUS,
  PLUS,
  QUOTE,
  SPACE,
  TAB,
  ZERO,
} from './bytes';

/** Returned for an invalid token. */
export const BAD: usize = 0;

/** Bits of MESSAGE (src/events/message-text.ts). */
export const LINE_BREAK: i32 = 1;
export const UNSAFE_CHARACTER: i32 = 2;
export const BYTE_ORDER_MARK: i32 = 4;

/** MESSAGE bits of the current text: what must be rewritten to make it one safe line. */
export let bits: i32 = 0;

export function startBits(value: i32): void {
  bits = value;
}

/** Skips white space; BAD if there is none. */
export function skipSpace(at: usize): usize {
  const start = at;
  while (true) {
    const byte: u32 = load<u8>(at);
    if (byte === LF || byte === CR) bits |= LINE_BREAK;
    else if (byte !== SPACE && byte !== TAB) break;
    at++;
  }
  return at > start ? at : BAD;
}

/** Skips a string from after its opening quote, sixteen plain bytes at a time. */
export function skipString(at: usize): usize {
  while (true) {
    const bytes = v128.load(at);
    // As signed numbers, control characters and all non-ASCII bytes are less than a space.
    const stops = i8x16.bitmask(
      v128.or(
        v128.or(i8x16.lt_s(bytes, i8x16.splat(0x20)), i8x16.eq(bytes, i8x16.splat(0x22))),
        v128.or(i8x16.eq(bytes, i8x16.splat(0x5c)), i8x16.eq(bytes, i8x16.splat(0x7f))),
      ),
    );
    if (stops === 0) {
      at += 16;
      continue;
    }
    at += ctz(stops);
    if (load<u8>(at) === QUOTE) return at + 1;
    at = skipUnusual(at);
    if (at === BAD) return BAD;
  }
}

/** Skips a run of bytes that are rare in strings: escapes, DEL and non-ASCII characters. */
function skipUnusual(at: usize): usize {
  while (true) {
    const byte: u32 = load<u8>(at);
    if (byte === BACKSLASH) {
      at = skipEscape(at);
    } else if (byte > DEL) {
      at = skipCharacter(at, byte);
    } else if (byte === DEL) {
      bits |= UNSAFE_CHARACTER;
      at++;
    } else {
      return byte < SPACE ? BAD : at;
    }
    if (at === BAD) return BAD;
  }
}

function skipEscape(at: usize): usize {
  const letter: u32 = load<u8>(at + 1);
  if (letter === LETTER_U) {
    for (let digit = at + 2; digit < at + 6; digit++) {
      const byte: u32 = load<u8>(digit);
      if (byte - ZERO > 9 && (byte | 0x20) - 0x61 > 5) return BAD;
    }
    return at + 6;
  }
  switch (letter) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f: // slash
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return at + 2;
    default:
      return BAD;
  }
}

/** Skips one character of two to four bytes (RFC 3629 § 4) and notes unsafe ones (contract O1). */
function skipCharacter(at: usize, lead: u32): usize {
  if (lead < 0xc2 || lead > 0xf4) return BAD;
  const second: u32 = load<u8>(at + 1);
  if ((second & 0xc0) !== 0x80) return BAD;
  if (lead < 0xe0) return noteCharacter(((lead & 0x1f) << 6) | (second & 0x3f), at + 2);
  const third: u32 = load<u8>(at + 2);
  if ((third & 0xc0) !== 0x80) return BAD;
  if (lead < 0xf0) {
    if (lead === 0xe0 && second < 0xa0) return BAD; // overlong
    if (lead === 0xed && second > 0x9f) return BAD; // surrogates
    return noteCharacter(((lead & 0x0f) << 12) | ((second & 0x3f) << 6) | (third & 0x3f), at + 3);
  }
  if ((load<u8>(at + 3) & 0xc0) !== 0x80) return BAD;
  if (lead === 0xf0 && second < 0x90) return BAD; // overlong
  if (lead === 0xf4 && second > 0x8f) return BAD; // beyond U+10FFFF
  return at + 4; // none of these is unsafe
}

/** Notes C1, U+2028/2029 and bidi controls, for characters from U+0080 to U+FFFF. */
function noteCharacter(codePoint: u32, next: usize): usize {
  const isUnsafe =
    codePoint <= 0x9f ||
    codePoint === 0x061c ||
    codePoint - 0x200e <= 1 ||
    codePoint - 0x2028 <= 6 ||
    codePoint - 0x2066 <= 3;
  if (isUnsafe) bits |= UNSAFE_CHARACTER;
  return next;
}

/** Skips a number from its first byte, a minus or a digit. */
export function skipNumber(at: usize): usize {
  if (load<u8>(at) === MINUS) at++;
  const first: u32 = load<u8>(at);
  if (first - ZERO > 9) return BAD;
  at = first === ZERO ? at + 1 : skipDigits(at + 1);
  const next: u32 = load<u8>(at);
  return next === DOT || (next | 0x20) === LETTER_E ? skipFraction(at) : at;
}

/** Skips a fraction, an exponent, or both. */
function skipFraction(at: usize): usize {
  if (load<u8>(at) === DOT) {
    const digits = at + 1;
    at = skipDigits(digits);
    if (at === digits) return BAD;
  }
  if ((load<u8>(at) | 0x20) === LETTER_E) {
    at++;
    if (load<u8>(at) === PLUS || load<u8>(at) === MINUS) at++;
    const digits = at;
    at = skipDigits(digits);
    if (at === digits) return BAD;
  }
  return at;
}

/** Skips zero or more digits. */
export function skipDigits(at: usize): usize {
  while (true) {
    const values = i8x16.sub(v128.load(at), i8x16.splat(0x30));
    const stops = i8x16.bitmask(i8x16.ge_u(values, i8x16.splat(10)));
    if (stops !== 0) return at + ctz(stops);
    at += 16;
  }
}
