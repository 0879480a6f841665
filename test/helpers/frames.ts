// WebSocket frames by hand (RFC 6455 § 5): built as bytes, right or deliberately wrong, and taken apart again.
//
// Shares no code with the command or with `ws`, so that the same bug cannot be in both.
import { createHash } from 'node:crypto';

/** Frame types of RFC 6455 § 5.2. */
export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** The fields of a frame header; every default is what a correct server sends. */
export interface FrameOptions {
  /** Default: text. Any number from 0 to 15. */
  readonly opcode?: number;
  /** A string is sent as UTF-8. Default: empty. */
  readonly payload?: string | Uint8Array;
  /** Default: true. */
  readonly fin?: boolean;
  readonly rsv1?: boolean;
  readonly rsv2?: boolean;
  readonly rsv3?: boolean;
  /** Four bytes of masking key, or true for a fixed one. Servers do not mask (default: false). */
  readonly mask?: boolean | Uint8Array;
  /** The length that the header claims, whatever the payload is; above 65535 as 64 bit, unsigned. */
  readonly lengthOverride?: number | bigint;
}

/** A frame as received, payload already unmasked. */
export interface Frame {
  readonly opcode: number;
  readonly fin: boolean;
  readonly rsv: number;
  readonly masked: boolean;
  readonly payload: Buffer;
}

/** The value of Sec-WebSocket-Accept that answers a Sec-WebSocket-Key (RFC 6455 § 4.2.2). */
export function computeAccept(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

/** The bytes of one frame. */
export function encodeFrame(options: FrameOptions = {}): Buffer {
  const { opcode = OPCODE.text, fin = true, mask = false } = options;
  const payload = Buffer.from(options.payload ?? '');
  const claimed = BigInt(options.lengthOverride ?? payload.length);
  const rsv = (options.rsv1 ? 0x40 : 0) | (options.rsv2 ? 0x20 : 0) | (options.rsv3 ? 0x10 : 0);
  const maskBit = mask === false ? 0 : 0x80;
  const first = (fin ? 0x80 : 0) | rsv | opcode;
  let head: Buffer;
  if (claimed < 126n) {
    head = Buffer.from([first, maskBit | Number(claimed)]);
  } else if (claimed < 65536n) {
    head = Buffer.from([first, maskBit | 126, 0, 0]);
    head.writeUInt16BE(Number(claimed), 2);
  } else {
    head = Buffer.alloc(10);
    head.set([first, maskBit | 127]);
    head.writeBigUInt64BE(claimed, 2);
  }
  if (mask === false) return Buffer.concat([head, payload]);
  const maskKey = Buffer.from(mask === true ? [0x12, 0x34, 0x56, 0x78] : mask);
  return Buffer.concat([head, maskKey, applyMask(payload, maskKey)]);
}

/** Ready-made frames; `frame.raw` for wrong ones. */
export const frame = {
  text: (payload: string | Uint8Array): Buffer => encodeFrame({ payload }),
  binary: (payload: string | Uint8Array): Buffer => encodeFrame({ opcode: OPCODE.binary, payload }),
  ping: (payload: string | Uint8Array = ''): Buffer => encodeFrame({ opcode: OPCODE.ping, payload }),
  pong: (payload: string | Uint8Array = ''): Buffer => encodeFrame({ opcode: OPCODE.pong, payload }),
  /** Without a code the payload is empty (seen as 1005). */
  close: (code?: number, reason = ''): Buffer =>
    encodeFrame({ opcode: OPCODE.close, payload: encodeCloseBody(code, reason) }),
  /** One text message cut into frames of at most `bytes`. */
  fragmented: (payload: string | Uint8Array, bytes: number): Buffer => {
    const whole = Buffer.from(payload);
    const frames: Buffer[] = [];
    for (let at = 0; at === 0 || at < whole.length; at += bytes) {
      frames.push(
        encodeFrame({
          opcode: at === 0 ? OPCODE.text : OPCODE.continuation,
          payload: whole.subarray(at, at + bytes),
          fin: at + bytes >= whole.length,
        }),
      );
    }
    return Buffer.concat(frames);
  },
  raw: encodeFrame,
} as const;

/**
 * Takes one frame off the front of `bytes`. Undefined when it is not complete yet.
 * Throws a RangeError for a length beyond 2^31, which no client here may send.
 */
export function decodeFrame(bytes: Buffer): { frame: Frame; size: number } | undefined {
  const first = bytes[0];
  const second = bytes[1];
  if (first === undefined || second === undefined) return undefined;
  const masked = (second & 0x80) !== 0;
  let length = second & 0x7f;
  let at = 2;
  if (length === 126) {
    if (bytes.length < 4) return undefined;
    length = bytes.readUInt16BE(2);
    at = 4;
  } else if (length === 127) {
    if (bytes.length < 10) return undefined;
    const wide = bytes.readBigUInt64BE(2);
    if (wide > 0x7fffffffn) throw new RangeError(`frame of ${wide} bytes`);
    length = Number(wide);
    at = 10;
  }
  const bodyAt = at + (masked ? 4 : 0);
  if (bytes.length < bodyAt + length) return undefined;
  const body = bytes.subarray(bodyAt, bodyAt + length);
  const payload = masked ? applyMask(body, bytes.subarray(at, bodyAt)) : Buffer.from(body);
  const decoded = { opcode: first & 15, fin: (first & 0x80) !== 0, rsv: (first >> 4) & 7, masked, payload };
  return { frame: decoded, size: bodyAt + length };
}

/** Code and reason of a Close frame's payload; 1005 when it is empty (RFC 6455 § 7.1.5). */
export function decodeCloseBody(payload: Buffer): { code: number; reason: string } {
  if (payload.length < 2) return { code: 1005, reason: '' };
  return { code: payload.readUInt16BE(0), reason: payload.toString('utf8', 2) };
}

function encodeCloseBody(code: number | undefined, reason: string): Buffer {
  if (code === undefined) return Buffer.alloc(0);
  const body = Buffer.alloc(2 + Buffer.byteLength(reason));
  body.writeUInt16BE(code, 0);
  body.write(reason, 2);
  return body;
}

function applyMask(bytes: Uint8Array, maskKey: Uint8Array): Buffer {
  return Buffer.from(bytes.map((byte, index) => byte ^ (maskKey[index & 3] ?? 0)));
}
