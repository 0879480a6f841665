// Reads what a proxy answers to CONNECT, and no more of it than an honest one would send.
import type { Socket } from 'node:net';

/** A longer header is none. Node's own limit for HTTP is 16 KiB. */
export const MAX_ANSWER_BYTES = 64 * 1024;

const HEADER_END = Buffer.from('\r\n\r\n');
const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})(?: [^\r\n]*)?\r\n/;

export interface ProxyAnswer {
  readonly statusCode: number;
  /** All that was read: the header and what came with it. */
  readonly bytes: Buffer;
}

/** The answer, as soon as its header is whole. Rejects when there is none; the socket is then destroyed. */
export function readProxyAnswer(socket: Socket): Promise<ProxyAnswer> {
  return new Promise((resolve, reject) => {
    const buffer = Buffer.alloc(MAX_ANSWER_BYTES);
    let size = 0;
    const forget = (): void => {
      socket.off('readable', read).off('end', onEnd).off('error', fail).off('close', onEnd);
    };
    const fail = (error: Error): void => {
      forget();
      socket.destroy();
      reject(error);
    };
    const onEnd = (): void => fail(new Error('it hung up without an answer'));
    const finish = (bytes: Buffer): void => {
      const [, status] = STATUS_LINE.exec(bytes.toString('latin1')) ?? [];
      if (status === undefined) {
        fail(new Error('its answer is not HTTP'));
      } else {
        forget();
        resolve({ statusCode: Number(status), bytes });
      }
    };
    const read = (): void => {
      for (let part = socket.read() as Buffer | null; part !== null; part = socket.read() as Buffer | null) {
        // The end may lie across two parts.
        const searchFrom = Math.max(0, size - HEADER_END.length + 1);
        size += part.copy(buffer, size);
        const seen = buffer.subarray(0, size);
        const isWhole = seen.includes(HEADER_END, searchFrom);
        if (isWhole) finish(seen);
        else if (size === MAX_ANSWER_BYTES) fail(new Error('its answer is a header without an end'));
        else continue;
        return;
      }
    };
    socket.on('readable', read).on('end', onEnd).on('error', fail).on('close', onEnd);
  });
}
