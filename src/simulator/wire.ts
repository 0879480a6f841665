// One accepted connection of the simulator.
//
// Whole frames are written to the socket between the frames of `ws`. This is safe: without compression, `ws` never
// leaves a frame half written.
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import { systemClock } from '../clock.ts';

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

export function encodeFrame(opcode: number, payload: Uint8Array): Buffer {
  const header = measureHeader(payload.length);
  const frame = Buffer.allocUnsafe(header + payload.length);
  frame.set(payload, writeHeader(frame, 0, opcode, payload.length));
  return frame;
}

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

/** Without a code the frame has no body, which the peer reports as 1005. */
export function encodeCloseFrame(code: number | undefined, reason = ''): Buffer {
  if (code === undefined) return encodeFrame(OPCODE.close, Buffer.alloc(0));
  const body = Buffer.alloc(2 + Buffer.byteLength(reason));
  body.writeUInt16BE(code, 0);
  body.write(reason, 2);
  return encodeFrame(OPCODE.close, body);
}

/** Above this, nothing is read from the client, so that a flood of pings cannot fill the memory. */
const MAX_UNSENT_PONG_BYTES = 64 * 1024;
/** If this many pongs wait for their delay, more are dropped; if this many are held, nothing is read. */
const MAX_LATE_PONGS = 1_000;
/** After a write of this size, other connections get a turn. */
const FAIR_WRITE_BYTES = 64 * 1024;
const canWsSend = (code: number): boolean =>
  (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) ||
  (code >= 3000 && code <= 4999);

interface PongPolicy {
  readonly answer: boolean;
  readonly delayMs: number;
}

export interface Wire {
  /** Aborted when the connection ends. */
  readonly signal: AbortSignal;
  /** Resolves when the client can take more, rejects when the connection ends. */
  send(bytes: Uint8Array): Promise<void>;
  /** Holds pongs while a frame is sent in pieces. */
  holdPongs(held: boolean): void;
  setPongPolicy(policy: PongPolicy): void;
  close(code: number | undefined, reason: string | undefined): void;
  reset(): void;
}

export function openWire(client: WebSocket, socket: Socket, reset: () => void): Wire {
  const gone = new AbortController();
  const { signal } = gone;
  const latePongs = new Set<() => void>();
  let policy: PongPolicy = { answer: true, delayMs: 0 };
  let isHeld = false;
  let heldPongs: Uint8Array[] = [];

  function write(bytes: Uint8Array): boolean {
    return client.readyState !== client.OPEN || !socket.writable || socket.write(bytes);
  }

  function sendPong(frame: Uint8Array): void {
    if (isHeld) heldPongs.push(frame);
    else write(frame);
    if (heldPongs.length < MAX_LATE_PONGS && socket.writableLength < MAX_UNSENT_PONG_BYTES) return;
    if (client.isPaused) return;
    client.pause();
    if (!isHeld) socket.once('drain', () => client.resume());
  }

  function answerPing(frame: Uint8Array): void {
    if (!policy.answer) return;
    if (policy.delayMs === 0) {
      sendPong(frame);
      return;
    }
    if (latePongs.size >= MAX_LATE_PONGS) return;
    const cancel = systemClock.setTimer(() => {
      latePongs.delete(cancel);
      sendPong(frame);
    }, policy.delayMs);
    latePongs.add(cancel);
  }

  const textPong = encodeTextFrames(['pong']);
  client.on('message', (data, isBinary) => {
    if (!isBinary && String(data) === 'ping') answerPing(textPong);
  });
  client.on('ping', (data) => answerPing(encodeFrame(OPCODE.pong, data)));
  // A protocol error of the client ends its connection.
  client.on('error', () => socket.destroy());
  // Registered before other listeners, so that the signal is already aborted when `send` stops waiting for the socket.
  socket.on('error', () => gone.abort());
  socket.once('close', () => {
    gone.abort();
    for (const cancel of latePongs) cancel();
  });

  return {
    signal,
    async send(bytes) {
      signal.throwIfAborted();
      // Nothing follows a close frame (RFC 6455 § 5.5.1): wait for the end.
      if (client.readyState !== client.OPEN) await once(socket, 'close', { signal });
      if (!write(bytes)) await once(socket, 'drain', { signal });
      if (bytes.length >= FAIR_WRITE_BYTES) await yieldToLoop(undefined, { signal });
    },
    holdPongs(held) {
      isHeld = held;
      if (held) return;
      for (const frame of heldPongs) write(frame);
      heldPongs = [];
      client.resume();
    },
    setPongPolicy(next) {
      policy = next;
    },
    close(code, reason) {
      if (code === 1006) socket.destroySoon();
      else if (code === undefined || code === 1005) client.close();
      else if (canWsSend(code)) client.close(code, reason);
      else socket.end(encodeCloseFrame(code, reason));
    },
    reset,
  };
}
