// A socket after its 101: takes the welcome, hands out batches of events as they are asked for, keeps the
// connection alive, and says in the end what ended it.
//
// Back-pressure is a pull: whoever calls `take` wants more. While nobody does and something waits, the socket
// is not read (contract O4). The order of messages is kept, and whatever was read before the end comes first.
import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '../clock.ts';
import { type Batch, makeLines } from '../events/batch.ts';
import { decodeText, MESSAGE } from '../events/message-text.ts';
import type { CauseKind } from './cause-table.ts';
import type { Cause } from './causes.ts';
import type { DialConfig } from './config.ts';
import { CLOSE_TIMEOUT_MS, type OpenSocket, terminate } from './dial/socket.ts';
import { classifyError, pickCloseKind } from './network-errors.ts';
import { Arrival } from './read/arrival.ts';
import { Heartbeat } from './read/heartbeat.ts';
import { MessageQueue, READ_AHEAD } from './read/message-queue.ts';

/** Characters of a key that the welcome names; no more is ever shown (contract P2), whatever the server sends. */
const KEY_PREFIX_LENGTH = 16;

/** The prefix of the accepted key, or what the message was instead, in words. */
type FirstMessage = { readonly keyPrefix: string } | { readonly instead: string };

/** A longer message is not a welcome, and is not parsed: what JSON.parse builds can be many times as large. */
const MAX_WELCOME_BYTES = 256 * 1024;

/** Never throws. `flags` as `classify` gave them. */
function readWelcome(data: Buffer, flags: number, isBinary: boolean): FirstMessage {
  if (isBinary) return { instead: 'a binary message' };
  if (flags < 0) return { instead: 'a text that is not JSON' };
  if (data.length > MAX_WELCOME_BYTES) return { instead: `a text of ${data.length} bytes` };
  const value: unknown = JSON.parse(decodeText(data, flags));
  const { type, key } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  if (type !== 'welcome' || typeof key !== 'string' || key === '') return { instead: 'JSON of another kind' };
  return { keyPrefix: key.slice(0, KEY_PREFIX_LENGTH) };
}

/** Above this much unsent, pongs are not queued: only the latest ping is still answered (RFC 6455 § 5.5.3). */
const MAX_UNSENT_BYTES = 64 * 1024;

export function answerPings(webSocket: OpenSocket['webSocket']): void {
  let latest: Buffer | undefined;
  const answer = (): void => {
    if (latest === undefined || webSocket.bufferedAmount >= MAX_UNSENT_BYTES) return;
    if (webSocket.readyState !== webSocket.OPEN) return;
    const payload = latest;
    latest = undefined;
    webSocket.pong(payload, true, answer);
  };
  webSocket.on('ping', (payload) => {
    latest = payload;
    answer();
  });
}

/** Code and reason for the brackets of a message. */
function describeClose(code: number, reason: string): string {
  if (code === 1006) return 'it ended without a close frame';
  if (code === 1005) return 'no close code';
  return `close code ${code}${reason === '' ? '' : `: ${reason}`}`;
}

/** The text with which the service answers a text `ping` (contract K1). */
const PONG = Buffer.from('pong');

export class LiveStream {
  readonly requestId: string;
  readonly headers: IncomingHttpHeaders;
  /** Prefix of the key that the server accepted; set by the welcome. */
  acceptedKeyPrefix = '';

  readonly #open: OpenSocket;
  readonly #settings: DialConfig;
  readonly #clock: Clock;
  readonly #arrival: Arrival;
  readonly #queue = new MessageQueue();
  readonly #heartbeat: Heartbeat;
  #onFirst: ((problem: Cause | undefined) => void) | undefined;
  #endedBy: Cause | undefined;
  #fault: Cause | undefined;
  #isClosing = false;

  constructor(open: OpenSocket, settings: DialConfig, clock: Clock) {
    this.#open = open;
    this.#settings = settings;
    this.#clock = clock;
    this.requestId = open.requestId;
    this.headers = open.headers;
    this.#arrival = new Arrival(clock);
    this.#heartbeat = this.#createHeartbeat();
    const { webSocket, tap } = open;
    let isWanted = true;
    tap.listen({
      onRead: (byteCount) => {
        isWanted = this.#queue.isWanted || this.#onFirst !== undefined;
        this.#heartbeat.noteRead();
        // What comes behind a Close frame belongs to the goodbye, not to the stream (RFC 6455 § 1.4).
        if (webSocket.readyState === webSocket.OPEN) this.#arrival.noteRead(byteCount);
      },
      onEvents: (lines) => {
        if (!this.#isOver) this.#queue.addLines(lines);
      },
      onLargeText: (line) => {
        const flags = settings.classify(line.subarray(0, -1));
        if (flags >= 0 && !this.#isOver) this.#queue.addLines(makeLines(line, flags));
        return flags >= 0;
      },
      // Back-pressure: a few reads ahead of whoever asks, and then no more until somebody does.
      onReadEnd: () => {
        if (isWanted || this.#isOver) return;
        this.#queue.setAside(this.#arrival.lastReadAtMs);
        if (this.#queue.fullness(READ_AHEAD) >= 1 && !webSocket.isPaused) this.#pause();
      },
    });
    answerPings(webSocket);
    webSocket.on('message', (data, isBinary) => this.#receive(data as Buffer, isBinary));
    webSocket.on('error', (error) => {
      if (isTooLarge(error)) this.#queue.discard('too large');
      this.#fault ??= { ...classifyError(error, settings.host, 'live'), requestId: open.requestId };
    });
    webSocket.once('close', (code, reason) => this.#end(code, reason.toString('utf8')));
    webSocket.resume();
  }

  /** Waits for the welcome (contract C4): undefined when it came, else the cause. */
  awaitWelcome(signal: AbortSignal): Promise<Cause | undefined> {
    const { connectTimeoutMs } = this.#settings;
    return new Promise((resolve) => {
      const settle = (problem: Cause | undefined): void => {
        cancel();
        signal.removeEventListener('abort', giveUp);
        this.#onFirst = undefined;
        if (problem === undefined) this.#heartbeat.start();
        resolve(problem);
      };
      const giveUp = (): void => settle(this.#describe('no-welcome', 'the run ended'));
      const cancel = this.#clock.setTimer(
        () => settle(this.#describe('no-welcome', `nothing within ${connectTimeoutMs} ms`)),
        connectTimeoutMs,
      );
      this.#onFirst = settle;
      if (signal.aborted) giveUp();
      else signal.addEventListener('abort', giveUp);
      if (this.#endedBy !== undefined) settle(this.#endedBy);
    });
  }

  /** The events that came since the last call, waiting for the next ones; undefined once all is handed out. */
  async take(): Promise<Batch | undefined> {
    while (this.#queue.isEmpty && this.#endedBy === undefined) {
      const woken = this.#queue.untilWoken();
      this.#resume();
      await woken;
    }
    const batch = this.#queue.take(this.#arrival.lastReadAtMs);
    if (this.#queue.fullness(READ_AHEAD) <= 0.5) this.#resume();
    return batch;
  }

  /** Round trip of the last answered ping in ms, or undefined. */
  get roundTripMs(): number | undefined {
    return this.#heartbeat.roundTripMs;
  }

  /** Pings now; resolves with the round trip in ms once the pong has come, which may be never (contract K1). */
  ping(): Promise<number> {
    return this.#heartbeat.ping();
  }

  /** Wall clock of the last byte, ms since the epoch; of bytes that waited to be read, the earliest possible. */
  get lastByteAtMs(): number {
    return this.#arrival.lastByteAtMs;
  }

  /** What ended the connection; to be asked after `take` answered undefined. */
  get endedBy(): Cause {
    return this.#endedBy ?? this.#describe('dropped', 'closed from this side');
  }

  /** Stops reading, says goodbye with 1000, and waits at most CLOSE_TIMEOUT_MS for the other side. */
  async close(): Promise<void> {
    if (this.#endedBy !== undefined) return;
    const { webSocket } = this.#open;
    this.#isClosing = true;
    this.#heartbeat.stop();
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.setTimer(resolve, CLOSE_TIMEOUT_MS);
      webSocket.once('close', () => {
        cancel();
        resolve();
      });
      if (webSocket.isPaused) webSocket.resume();
      webSocket.close(1000);
    });
    await terminate(webSocket);
  }

  /** Whatever comes now is no part of the stream. */
  get #isOver(): boolean {
    return this.#isClosing || this.#fault !== undefined;
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (this.#isOver) return;
    const flags = isBinary ? MESSAGE.notJson : this.#settings.classify(data);
    if (flags === MESSAGE.notUtf8) {
      this.#fault = this.#describe('bad-frames', 'a text that is not UTF-8');
      this.#open.webSocket.close(1007);
    } else if (this.#onFirst !== undefined) {
      this.#receiveFirst(data, flags, isBinary);
    } else if (flags >= 0) {
      this.#queue.push(data, flags);
    } else if (!isBinary && data.equals(PONG)) {
      this.#heartbeat.notePong();
      this.#arrival.notePong();
    } else {
      this.#queue.discard(isBinary ? 'binary' : 'not JSON');
    }
  }

  #resume(): void {
    const { webSocket } = this.#open;
    if (!webSocket.isPaused) return;
    webSocket.resume();
    this.#arrival.noteResumed();
  }

  #pause(): void {
    this.#open.webSocket.pause();
    this.#heartbeat.notePaused();
    this.#arrival.noteStopped();
  }

  #receiveFirst(data: Buffer, flags: number, isBinary: boolean): void {
    const first = readWelcome(data, flags, isBinary);
    if ('instead' in first) {
      this.#onFirst?.(this.#describe('bad-welcome', first.instead));
      return;
    }
    this.acceptedKeyPrefix = first.keyPrefix;
    this.#open.tap.takeEvents();
    this.#onFirst?.(undefined);
  }

  #createHeartbeat(): Heartbeat {
    const { webSocket } = this.#open;
    return new Heartbeat(this.#settings.keepalive, this.#clock, {
      isPaused: () => webSocket.isPaused,
      sendPing: () => {
        if (webSocket.readyState !== webSocket.OPEN) return;
        webSocket.send('ping');
        this.#arrival.notePing();
      },
      onAway: () => {
        this.#arrival.noteStopped();
        if (!webSocket.isPaused) this.#arrival.noteResumed();
      },
      onDead: (silentMs) => {
        this.#fault ??= this.#describe('silent', `no byte for ${Math.round(silentMs)} ms after a ping`);
        webSocket.terminate();
      },
    });
  }

  #end(code: number, reason: string): void {
    this.#heartbeat.stop();
    this.#endedBy = this.#fault ?? this.#classifyClose(code, reason);
    this.#onFirst?.(describeWithoutWelcome(this.#endedBy));
    this.#queue.wakeTaker();
  }

  #classifyClose(code: number, reason: string): Cause {
    const cause = this.#describe(pickCloseKind(code), describeClose(code, reason));
    return code === 1006 ? cause : { ...cause, closeCode: code };
  }

  #describe(kind: CauseKind, detail: string): Cause {
    return { kind, host: this.#settings.host, detail, requestId: this.requestId };
  }
}

/** An orderly close instead of the welcome is a missing welcome; a lost connection stays one. */
function describeWithoutWelcome(cause: Cause): Cause {
  if (cause.kind !== 'closed-normally') return cause;
  return { ...cause, kind: 'no-welcome', detail: `closed instead: ${cause.detail}` };
}

/** Whether ws gave the connection up over a message beyond MAX_MESSAGE_BYTES (contract G4: it is counted). */
function isTooLarge(error: NodeJS.ErrnoException): boolean {
  return error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';
}
