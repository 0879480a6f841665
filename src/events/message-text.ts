// The result of scanning a text message, and how its bytes become text.

/** Bytes of U+FEFF in UTF-8. */
export const BYTE_ORDER_MARK_LENGTH = 3;

/**
 * The result of `classifyText`. Zero and above is an event; the bits name what must be rewritten before the text is
 * one safe line (contract O1). Below zero it is not an event.
 */
export const MESSAGE = {
  /** Valid JSON that is a safe line as sent. */
  clean: 0,
  /** Valid JSON with a raw CR or LF between tokens. */
  lineBreak: 1,
  /** Valid JSON with DEL, C1, U+2028/2029 or a bidi control inside a string. */
  unsafeCharacter: 2,
  /** Valid JSON after a byte order mark. */
  byteOrderMark: 4,
  /** UTF-8, but not JSON (RFC 8259). */
  notJson: -1,
  /** Not UTF-8 (RFC 3629): an error of the connection, not of the message (RFC 6455 § 8.1). */
  notUtf8: -2,
} as const;

/** Why a message was discarded (contract G4). */
export type DiscardReason = 'binary' | 'not JSON' | 'too large';

/** Leaves out the byte order mark. @param flags the MESSAGE bits */
export function decodeText(bytes: Buffer, flags: number, start = 0, end = bytes.length): string {
  const mark = (flags & MESSAGE.byteOrderMark) === 0 ? 0 : BYTE_ORDER_MARK_LENGTH;
  return bytes.toString('utf8', start + mark, end);
}

/**
 * The value of a JSON string, quotes included. JSON.parse misreads escaped keys of objects in Node 24 and 26, but not a
 * single string (https://github.com/nodejs/node/issues/63785).
 */
export function decodeString(source: string): string {
  return source.includes('\\') ? (JSON.parse(source) as string) : source.slice(1, -1);
}

/** V8 keeps a whole text in memory as long as any slice of it. Lone surrogates survive the copy. */
export function copyText(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le');
}

/** DEL, C1, U+2028/2029 and bidi controls. A terminal may act on them; a reader may take them for line breaks. */
export const UNSAFE_CHARACTER = /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
