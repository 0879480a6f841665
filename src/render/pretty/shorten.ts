// Long values in the room that a line has: addresses and hashes in the middle, texts at the end with their
// length told.

import { truncateVisible } from '../sanitize.ts';
import { SIGNS } from '../signs.ts';
import { groupDigits } from './figures.ts';

/** Shorter texts are words or amounts, longer ones are not addresses, hashes or signatures. */
const MIN_HASH_LENGTH = 26;
const MAX_HASH_LENGTH = 130;
const LETTER_X = 0x78;

const DIGIT = 1;
const LETTER = 2;
const OTHER = 4;
/** What each character of ASCII is; a loop without branches tells a hash in a third of the time. */
const CLASSES = Uint8Array.from({ length: 128 }, (_unused, code) => {
  if (code >= 0x30 && code <= 0x39) return DIGIT;
  return (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a ? LETTER : OTHER;
});

/** True if the part of the text from `start` to `end` looks like an address, a hash or a signature. */
export function isHashLike(text: string, start: number, end: number): boolean {
  if (end - start < MIN_HASH_LENGTH || end - start > MAX_HASH_LENGTH) return false;
  let found = 0;
  for (let at = start; at < end; at++) found |= CLASSES[text.charCodeAt(at)] ?? OTHER;
  return found === (DIGIT | LETTER);
}

/** `0x301b…6d29`: the first four characters behind a `0x` if there is one, and the last four. */
export function shortenMiddle(text: string, start: number, end: number, ellipsis: string): string {
  const head = start + (text.charCodeAt(start + 1) === LETTER_X ? 6 : 4);
  return text.slice(start, head) + ellipsis + text.slice(end - 4, end);
}

/** The visible form of a text, cut to at most `maxCharacters` with the ellipsis as the last. */
export function cutEnd(text: string, maxCharacters: number, ellipsis: string): string {
  const cut = truncateVisible(text, maxCharacters);
  return cut.endsWith(SIGNS.ellipsis) ? cut.slice(0, -1) + ellipsis : cut;
}

/**
 * The visible beginning of a text that is longer than `maxCharacters`, with its whole length told; `trim` takes
 * from it what must not stand in front of the ellipsis.
 */
export function shortenEnd(
  text: string,
  maxCharacters: number,
  ellipsis: string,
  trim: (kept: string) => string = (kept) => kept,
): string {
  const length = groupDigits(String(countCharacters(text)));
  const kept = cutEnd(text, maxCharacters, '');
  return `${trim(kept)}${ellipsis} (${length} characters)`;
}

/** Code points; an unpaired surrogate is one. */
function countCharacters(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at++) {
    const isPair = (text.charCodeAt(at) & 0xfc00) === 0xd800 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00;
    if (isPair) at++;
    count++;
  }
  return count;
}
