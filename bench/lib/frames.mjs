// WebSocket frames (RFC 6455 § 5.2): encodes those of a server and parses those of a client, without `ws`.

/** Opcodes of RFC 6455 § 5.2. */
export const OPCODE = { text: 1, close: 8, ping: 9, pong: 10 };

/** One unfragmented, unmasked frame. */
export function encodeFrame(opcode, payload) {
  const { length } = payload;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = 0x80 | opcode;
  if (length < 126) head[1] = length;
  else if (length < 65_536) {
    head[1] = 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, payload]);
}

/** A text frame. */
export const encodeText = (text) => encodeFrame(OPCODE.text, Buffer.from(text));

/** A close frame with a code. */
export const encodeClose = (code) => encodeFrame(OPCODE.close, Buffer.from([code >> 8, code & 0xff]));

/** Parses the short, masked frames of a client; calls `onFrame(opcode, payload)` for each. */
export function createFrameReader(onFrame) {
  let held = Buffer.alloc(0);
  return (bytes) => {
    held = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
    for (;;) {
      if (held.length < 6) return;
      const length = held[1] & 0x7f;
      if (length > 125) throw new RangeError('clients of the benchmark send short frames only');
      if (held.length < 6 + length) return;
      const payload = Buffer.from(held.subarray(6, 6 + length));
      for (let at = 0; at < length; at++) payload[at] ^= held[2 + (at & 3)];
      onFrame(held[0] & 0x0f, payload);
      held = held.subarray(6 + length);
    }
  };
}
