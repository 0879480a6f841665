// Addresses, hashes and signatures: what looks like one, and its short form `0x301b…6d29`.

/** Shorter texts are usually words or amounts. */
const MIN_HASH_LENGTH = 26;
const MAX_HASH_LENGTH = 130;

const DIGIT = 1;
const LETTER = 2;
const OTHER = 4;
/** The class of each ASCII character; a loop without branches is three times as fast. */
const CLASSES = Uint8Array.from({ length: 128 }, (_unused, code) => {
  if (code >= 0x30 && code <= 0x39) return DIGIT;
  return (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a ? LETTER : OTHER;
});

export function isHashLike(text: string): boolean {
  if (text.length < MIN_HASH_LENGTH || text.length > MAX_HASH_LENGTH) return false;
  let found = 0;
  for (let at = 0; at < text.length; at++) found |= CLASSES[text.charCodeAt(at)] ?? OTHER;
  return found === (DIGIT | LETTER);
}

const PREFIX = '0x';
const HEAD_LENGTH = 4;
const TAIL_LENGTH = 4;

/** Columns of the short form, without its ellipsis. */
export const SHORT_HASH_COLUMNS = PREFIX.length + HEAD_LENGTH + TAIL_LENGTH;

/** `0x301b…6d29`. A small `width` leaves fewer of the first characters. */
export function shortenMiddle(text: string, ellipsis: string, width = Number.POSITIVE_INFINITY): string {
  const head = HEAD_LENGTH + (text.startsWith(PREFIX) ? PREFIX.length : 0);
  const room = Math.min(head, width - ellipsis.length - TAIL_LENGTH);
  return text.slice(0, Math.max(0, room)) + ellipsis + text.slice(-TAIL_LENGTH);
}

export function isShortHash(text: string): boolean {
  return /^\w{4,6}(?:…|\.{3})\w{4}$/.test(text);
}
