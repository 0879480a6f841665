// One accepted connection as the timeline sees it: bytes out with back-pressure, pings answered, ends of
// every kind. Frames are written to the socket directly, whole, between those of `ws`, which does not
// compress here and so never leaves a frame half written.

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import { encodeCloseFrame, encodeFrame, encodeTextFrames, OPCODE } from './frames.ts';
import { MAX_TIMER_MS } from './pause.ts';

/** Above this many unsent bytes nothing more is read, so that a flood of pings cannot grow memory. */
const MAX_UNSENT_PONG_BYTES = 64 * 1024;
/** More pongs than this do not wait for their time. */
const MAX_LATE_PONGS = 1_000;
/** After a write of this size other connections get their turn. */
const FAIR_WRITE_BYTES = 64 * 1024;
/** Codes that `ws` refuses to send are written by hand. */
const isCodeOfWs = (code: number): boolean =>
  (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) ||
  (code >= 3000 && code <= 4999);

export interface PongPolicy {
  readonly answer: boolean;
  readonly delayMs: number;
}

export interface Wire {
  /** Aborted once the connection is gone. */
  readonly signal: AbortSignal;
  /** Writes bytes; resolves when the client has room for more, rejects when it is gone. */
  send(bytes: Uint8Array): Promise<void>;
  /** While held, pongs wait: a frame is being sent in pieces. */
  holdPongs(held: boolean): void;
  setPongPolicy(policy: PongPolicy): void;
  close(code: number | undefined, reason: string | undefined): void;
  /** Ends the connection by a TCP reset. */
  reset(): void;
}

/** Takes over an upgraded connection; everything that it started ends with the socket. */
export function openWire(client: WebSocket, socket: Socket, reset: () => void): Wire {
  const gone = new AbortController();
  const { signal } = gone;
  const latePongs = new Set<NodeJS.Timeout>();
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
    const timer = setTimeout(
      () => {
        latePongs.delete(timer);
        sendPong(frame);
      },
      Math.min(policy.delayMs, MAX_TIMER_MS),
    );
    latePongs.add(timer);
  }

  const textPong = encodeTextFrames(['pong']);
  client.on('message', (data, isBinary) => {
    if (!isBinary && String(data) === 'ping') answerPing(textPong);
  });
  client.on('ping', (data) => answerPing(encodeFrame(OPCODE.pong, data)));
  // What a client breaks ends its connection; there is nothing else to do about it.
  client.on('error', () => socket.destroy());
  // Before anything waits for this socket: what waits must find the signal aborted when it fails.
  socket.on('error', () => gone.abort());
  socket.once('close', () => {
    gone.abort();
    for (const timer of latePongs) clearTimeout(timer);
  });

  return {
    signal,
    async send(bytes) {
      signal.throwIfAborted();
      // Nothing follows a close frame (RFC 6455 § 5.5.1): what is left is to wait for the end.
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
      else if (isCodeOfWs(code)) client.close(code, reason);
      else socket.end(encodeCloseFrame(code, reason));
    },
    reset,
  };
}
