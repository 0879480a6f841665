// The kinds of message that the service sends, as plain values: the only vocabulary that the connection,
// the renderers and the output share.

/** Bytes of U+FEFF in UTF-8. */
export const BYTE_ORDER_MARK_LENGTH = 3;

/**
 * What a text message turned out to be. Zero and above is an event: the bits say what has to be rewritten
 * before it is one safe line (contract O1). Below zero it is not an event.
 */
export const MESSAGE = {
  /** Valid JSON that can be printed as it stands. */
  clean: 0,
  /** Valid JSON with a raw CR or LF between tokens. */
  lineBreak: 1,
  /** Valid JSON with DEL, C1, U+2028/2029 or a bidi control inside a string. */
  unsafeCharacter: 2,
  /** Valid JSON behind a byte order mark. */
  byteOrderMark: 4,
  /** UTF-8, but not JSON (RFC 8259). */
  notJson: -1,
  /** Not UTF-8 (RFC 3629): a fault of the connection, not of the message (RFC 6455 § 8.1). */
  notUtf8: -2,
} as const;

/** The text of a message without its byte order mark, by its MESSAGE bits. */
export function decodeText(bytes: Buffer, flags: number): string {
  return bytes.toString('utf8', (flags & MESSAGE.byteOrderMark) === 0 ? 0 : BYTE_ORDER_MARK_LENGTH);
}

/** Why a message was discarded (contract G4). */
export type DiscardReason = 'binary' | 'not JSON' | 'too large';

/**
 * A copy of a text, unit by unit: lone surrogates stay. V8 keeps a text alive as long as anything that was cut from
 * it, so what is remembered of an event has to be a copy.
 */
export function copyText(text: string): string {
  return Buffer.from(text, 'utf16le').toString('utf16le');
}
