// Server-side WebSocket frames as bytes (RFC 6455 § 5.2): unmasked, unfragmented unless a caller cuts them.
//
// The simulator frames its messages itself, many to a buffer, because one write for each event would be the
// limit of its rate, and because broken frames have to be possible.

/** Opcodes of RFC 6455 § 11.8. */
export const OPCODE = { text: 0x1, binary: 0x2, close: 0x8, ping: 0x9, pong: 0xa } as const;

function measureHeader(payloadBytes: number): number {
  if (payloadBytes < 126) return 2;
  return payloadBytes < 0x1_0000 ? 4 : 10;
}

function writeHeader(target: Buffer, offset: number, opcode: number, payloadBytes: number): number {
  target[offset] = 0x80 | opcode;
  if (payloadBytes < 126) {
    target[offset + 1] = payloadBytes;
    return offset + 2;
  }
  if (payloadBytes < 0x1_0000) {
    target[offset + 1] = 126;
    return target.writeUInt16BE(payloadBytes, offset + 2);
  }
  target[offset + 1] = 127;
  return target.writeBigUInt64BE(BigInt(payloadBytes), offset + 2);
}

/** One whole frame. */
export function encodeFrame(opcode: number, payload: Uint8Array): Buffer {
  const header = measureHeader(payload.length);
  const frame = Buffer.allocUnsafe(header + payload.length);
  frame.set(payload, writeHeader(frame, 0, opcode, payload.length));
  return frame;
}

/** One text frame for each of `texts`, in a single buffer. */
export function encodeTextFrames(texts: readonly string[]): Buffer {
  let total = 0;
  const lengths: number[] = [];
  for (const text of texts) {
    const length = Buffer.byteLength(text);
    lengths.push(length);
    total += measureHeader(length) + length;
  }
  const frames = Buffer.allocUnsafe(total);
  let offset = 0;
  for (const [index, text] of texts.entries()) {
    const length = lengths[index] ?? 0;
    offset = writeHeader(frames, offset, OPCODE.text, length);
    offset += frames.write(text, offset, length, 'utf8');
  }
  return frames;
}

/** A close frame; without a code it has no body, which the other side reports as 1005. */
export function encodeCloseFrame(code: number | undefined, reason = ''): Buffer {
  if (code === undefined) return encodeFrame(OPCODE.close, Buffer.alloc(0));
  const body = Buffer.alloc(2 + Buffer.byteLength(reason));
  body.writeUInt16BE(code, 0);
  body.write(reason, 2);
  return encodeFrame(OPCODE.close, body);
}
