// The header of a WebSocket frame from a server (RFC 6455 § 5.2), as far as it takes to know whose frame it is.

/**
 * `text` and `binary` are whole messages; `first`, `middle` and `last` the fragments of one; `control` is a ping or
 * pong; `other` a Close frame, or what a server must not send.
 */
export type FrameKind = 'text' | 'binary' | 'first' | 'middle' | 'last' | 'control' | 'other';

interface FrameHeader {
  readonly kind: FrameKind;
  /** Bytes of header and payload; undefined while the length is not there. */
  readonly size: number | undefined;
}

const FIN = 0x80;
const RESERVED = 0x70;
const MASK = 0x80;
const OPCODE = 0xf;
const CONTINUATION = 0x0;
const TEXT = 0x1;
const BINARY = 0x2;
const PING = 0x9;
const PONG = 0xa;
const MAX_CONTROL_BYTES = 125;

/** The header that the bytes begin with; undefined where it takes more of them to know what it is. */
export function readFrameHeader(bytes: Buffer): FrameHeader | undefined {
  const first = bytes[0];
  const second = bytes[1];
  if (first === undefined || second === undefined) return undefined;
  const kind = classifyKind(first, second);
  return { kind, size: readSize(bytes, second & ~MASK) };
}

function readSize(bytes: Buffer, length: number): number | undefined {
  if (length < 126) return 2 + length;
  if (length === 126) return bytes.length < 4 ? undefined : 4 + bytes.readUInt16BE(2);
  // Beyond 2^53 it is no longer exact, and too large in any case.
  return bytes.length < 10 ? undefined : 10 + bytes.readUInt32BE(2) * 2 ** 32 + bytes.readUInt32BE(6);
}

function classifyKind(first: number, second: number): FrameKind {
  if ((first & RESERVED) !== 0 || (second & MASK) !== 0) return 'other';
  const isFinal = (first & FIN) !== 0;
  switch (first & OPCODE) {
    case CONTINUATION:
      return isFinal ? 'last' : 'middle';
    case TEXT:
      return isFinal ? 'text' : 'first';
    case BINARY:
      return isFinal ? 'binary' : 'first';
    case PING:
    case PONG:
      return isFinal && second <= MAX_CONTROL_BYTES ? 'control' : 'other';
    default:
      return 'other';
  }
}
