// A message that arrives in parts, copied into one buffer: a large frame, or fragments (RFC 6455 § 5.4).
//
// ws keeps an object for each fragment and so has to limit their number, although any number is legal. Here only the
// bytes of the message cost memory.
import { LINE_FEED } from '../../events/scan-constants.ts';
import { FIN, LENGTH_64 } from './frame-header.ts';

/** Room for the header of a frame with a 64-bit length. */
const HEAD_BYTES = 10;
const TEXT = 0x1;
const MIN_ROOM_BYTES = 1_024;

export class GatheredMessage {
  /** Missing bytes of the current frame. */
  missingBytes = 0;
  isLast = false;
  /** Payload bytes so far. */
  length = 0;

  readonly #opcode: number;
  readonly #maxBytes: number;
  /** A header, the payload and a line feed, or room for them. */
  #bytes: Buffer = Buffer.alloc(0);

  constructor(opcode: number, maxBytes: number) {
    this.#opcode = opcode;
    this.#maxBytes = maxBytes;
  }

  get isText(): boolean {
    return this.#opcode === TEXT;
  }

  /** Begins the next frame. False if the message would exceed the maximum. */
  begin(payloadBytes: number, isLast: boolean): boolean {
    const total = this.length + payloadBytes;
    if (total > this.#maxBytes) return false;
    this.missingBytes = payloadBytes;
    this.isLast = isLast;
    const isOnly = isLast && this.length === 0;
    if (total + HEAD_BYTES + 1 > this.#bytes.length) this.#grow(isOnly ? total : 2 * total);
    return true;
  }

  /** Copies the bytes that belong to the current frame, and returns their number. */
  add(bytes: Buffer): number {
    const added = bytes.copy(this.#bytes, HEAD_BYTES + this.length, 0, this.missingBytes);
    this.length += added;
    this.missingBytes -= added;
    return added;
  }

  toLine(): Buffer {
    this.#bytes[HEAD_BYTES + this.length] = LINE_FEED;
    const line = this.#bytes.subarray(HEAD_BYTES, HEAD_BYTES + this.length + 1);
    // A line that waits for a slow output must not keep unused memory.
    return line.length < this.#bytes.length / 2 ? Buffer.from(line) : line;
  }

  toFrame(): Buffer {
    const frame = this.#bytes.subarray(0, HEAD_BYTES + this.length);
    frame.writeUInt8((this.isLast ? FIN : 0) | this.#opcode, 0);
    frame.writeUInt8(LENGTH_64, 1);
    frame.writeBigUInt64BE(BigInt(this.length), 2);
    return frame;
  }

  #grow(payloadBytes: number): void {
    const room = Math.min(this.#maxBytes, Math.max(MIN_ROOM_BYTES, payloadBytes));
    const larger = Buffer.allocUnsafeSlow(HEAD_BYTES + room + 1);
    this.#bytes.copy(larger);
    this.#bytes = larger;
  }
}
