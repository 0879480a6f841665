// Turns the server's own text of an event into one line that is safe on a terminal (contract O1).
//
// Never re-serialises: numbers of any size, key order, duplicate keys and escapes stay as sent. That needs
// no parsing, because in valid JSON a raw CR or LF can only be white space between tokens, and a character
// from DEL on can only stand inside a string, where nothing but a whole escape precedes it.
import { BYTE_ORDER_MARK_LENGTH, MESSAGE } from '../events/messages.ts';

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;

/** DEL, C1, U+2028/2029 and the bidi controls: what the scanner flags as `unsafeCharacter`. */
const UNSAFE = /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * The event as one line, without the line feed at its end.
 *
 * `flags` are the MESSAGE bits of `text` (zero or above). A clean text is returned as it is, the same buffer;
 * otherwise `text` is left as it was and a new buffer is returned, equal to it as a JSON value. Raw line
 * breaks become spaces, a byte order mark is dropped, unsafe characters become `\uXXXX` (lower-case hex).
 */
export function makeSafeLine(text: Buffer, flags: number): Buffer {
  let line = text;
  if ((flags & MESSAGE.byteOrderMark) !== 0) line = line.subarray(BYTE_ORDER_MARK_LENGTH);
  if ((flags & MESSAGE.lineBreak) !== 0) line = replaceLineBreaks(line);
  if ((flags & MESSAGE.unsafeCharacter) !== 0) {
    line = Buffer.from(line.toString('utf8').replace(UNSAFE, escapeCharacter), 'utf8');
  }
  return line;
}

function replaceLineBreaks(text: Buffer): Buffer {
  const line = Buffer.from(text);
  for (let at = 0; at < line.length; at++) {
    const byte = line[at];
    if (byte === LF || byte === CR) line[at] = SPACE;
  }
  return line;
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
