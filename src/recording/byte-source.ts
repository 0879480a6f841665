// Bytes that are pulled from chunks: looked at before they are taken, in any number.

export interface ByteSource {
  /** Up to `count` bytes from here, without taking them: fewer only at the end. */
  peek(count: number): Promise<Buffer>;
  /** Takes bytes that were looked at. */
  skip(count: number): void;
  /** Everything from here, as it comes. */
  rest(): AsyncGenerator<Buffer>;
}

/** Pulls no more than is asked for, chunk by chunk. */
export function createByteSource(chunks: AsyncIterator<Buffer>): ByteSource {
  let held: Buffer = Buffer.alloc(0);
  return {
    async peek(count) {
      if (held.length >= count) return held.subarray(0, count);
      const parts = [held];
      let bytes = held.length;
      while (bytes < count) {
        const { value, done } = await chunks.next();
        if (done === true) break;
        parts.push(value);
        bytes += value.length;
      }
      held = Buffer.concat(parts);
      return held.subarray(0, count);
    },
    skip(count) {
      held = held.subarray(count);
    },
    async *rest() {
      if (held.length > 0) yield held;
      held = Buffer.alloc(0);
      for (;;) {
        const { value, done } = await chunks.next();
        if (done === true) return;
        yield value;
      }
    },
  };
}
