// Frame headers (RFC 6455 § 5.2).

/** `text` and `binary` are whole messages; `other` is a Close frame, or a frame that a server must not send. */
type FrameKind = 'text' | 'binary' | 'first' | 'middle' | 'last' | 'control' | 'other';

interface FrameHeader {
  readonly kind: FrameKind;
  readonly opcode: number;
  /** Undefined until the length has arrived. */
  readonly sizes: { readonly head: number; readonly payload: number } | undefined;
}

export const FIN = 0x80;
const RESERVED = 0x70;
const MASK = 0x80;
const OPCODE = 0xf;
const MAX_CONTROL_BYTES = 125;
/** The value of the short length in a header with a 64-bit length. */
export const LENGTH_64 = 127;
const LENGTH_16 = 126;

/** Undefined if more bytes are needed. */
export function readFrameHeader(bytes: Buffer): FrameHeader | undefined {
  const first = bytes[0];
  const second = bytes[1];
  if (first === undefined || second === undefined) return undefined;
  const kind = classifyKind(first, second);
  return { kind, opcode: first & OPCODE, sizes: readSizes(bytes, second & ~MASK) };
}

function readSizes(bytes: Buffer, length: number): FrameHeader['sizes'] {
  if (length < LENGTH_16) return { head: 2, payload: length };
  if (length === LENGTH_16) return bytes.length < 4 ? undefined : { head: 4, payload: bytes.readUInt16BE(2) };
  if (bytes.length < 10) return undefined;
  // Inexact above 2^53, which is too large anyway.
  return { head: 10, payload: bytes.readUInt32BE(2) * 2 ** 32 + bytes.readUInt32BE(6) };
}

function classifyKind(first: number, second: number): FrameKind {
  if ((first & RESERVED) !== 0 || (second & MASK) !== 0) return 'other';
  const isFinal = (first & FIN) !== 0;
  switch (first & OPCODE) {
    case 0x0: // continuation
      return isFinal ? 'last' : 'middle';
    case 0x1: // text
      return isFinal ? 'text' : 'first';
    case 0x2: // binary
      return isFinal ? 'binary' : 'first';
    case 0x9: // ping
    case 0xa: // pong
      return isFinal && second <= MAX_CONTROL_BYTES ? 'control' : 'other';
    default:
      return 'other';
  }
}

const PING = FIN | 0x9;
const PONG = FIN | 0xa;

/** Fewer control frames in a row are not a flood; ws gets them all. */
const MIN_FLOOD_FRAMES = 1_000;

/**
 * Counts the bytes at the start that belong to a flood of control frames and need no answer. A read can hold half a
 * million such frames, and only the latest ping is answered (contract K1).
 */
export function countIdleBytes(bytes: Buffer): number {
  let idle = 0;
  let count = 0;
  let at = 0;
  for (; ; count += 1) {
    const first = bytes[at];
    const length = bytes[at + 1] ?? MASK;
    const end = at + 2 + length;
    if ((first !== PING && first !== PONG) || length > MAX_CONTROL_BYTES || end > bytes.length) break;
    // The last ping needs an answer, so it and everything after it are not idle.
    if (first === PING) idle = at;
    else if (idle === at) idle = end;
    at = end;
  }
  return count < MIN_FLOOD_FRAMES ? 0 : idle;
}
