// A connection after its 101: receives the welcome, delivers batches of events, keeps the connection alive, and
// reports what ended it.
//
// Back-pressure is a pull: the socket is read only while `take` waits or little is buffered (contract O4).
// Messages keep their order, and everything read before the end is delivered.
import { type Clock, waitFor } from '../clock.ts';
import { type Batch, makeLines } from '../events/batch.ts';
import { decodeText, MESSAGE } from '../events/message-text.ts';
import type { CauseKind } from './cause-table.ts';
import { type DialConfig, KEY_PREFIX_LENGTH } from './config.ts';
import { CLOSE_TIMEOUT_MS, type OpenSocket, terminate } from './dial/socket.ts';
import type { Cause } from './lifecycle.ts';
import { ENDINGS, INSTEAD_OF_WELCOME } from './messages.ts';
import { classifyError, pickCloseKind } from './network-errors.ts';
import { Arrival } from './read/arrival.ts';
import { Heartbeat } from './read/heartbeat.ts';
import { MessageQueue } from './read/message-queue.ts';

/** The prefix of the accepted key, or a description of the unexpected message. */
type FirstMessage = { readonly keyPrefix: string } | { readonly instead: string };

/** A longer first message is not parsed: the result of JSON.parse can be many times as large. */
const MAX_WELCOME_BYTES = 256 * 1024;

/** Never throws. `flags` is the result of `classify`. */
function readWelcome(data: Buffer, flags: number, isBinary: boolean): FirstMessage {
  if (isBinary) return { instead: INSTEAD_OF_WELCOME.binary };
  if (flags < 0) return { instead: INSTEAD_OF_WELCOME.notJson };
  if (data.length > MAX_WELCOME_BYTES) return { instead: INSTEAD_OF_WELCOME.tooLong(data.length) };
  const value: unknown = JSON.parse(decodeText(data, flags));
  const { type, key } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  if (type !== 'welcome' || typeof key !== 'string' || key === '')
    return { instead: INSTEAD_OF_WELCOME.otherJson };
  // No more of the key is ever shown, whatever the server sends (contract P2).
  return { keyPrefix: key.slice(0, KEY_PREFIX_LENGTH) };
}

/** With more than this unsent, only the latest ping is answered, as RFC 6455 § 5.5.3 allows. */
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

function describeClose(code: number, reason: string): string {
  if (code === 1006) return ENDINGS.noCloseFrame;
  return code === 1005 ? ENDINGS.noCloseCode : ENDINGS.closeCode(code, reason);
}

/** The errors of ws for a message over MAX_MESSAGE_BYTES; the second one is for a frame that claims over 2^53 bytes. */
const TOO_LARGE = new Set(['WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH']);

/** The text with which the service answers a text `ping` (contract K1). */
const PONG = Buffer.from('pong');

export class LiveStream {
  readonly requestId: string;
  /** Empty before the welcome. */
  acceptedKeyPrefix = '';
  /** Called when a ping has been outstanding for half of the pong timeout. */
  onSuspect: (() => void) | undefined;

  readonly #open: OpenSocket;
  readonly #config: DialConfig;
  readonly #clock: Clock;
  readonly #arrival: Arrival;
  readonly #queue = new MessageQueue();
  readonly #heartbeat: Heartbeat;
  /** Set until the first message, or the end of the connection. */
  #onFirst: ((outcome: 'welcome' | Cause) => void) | undefined;
  #endedBy: Cause | undefined;
  #fault: Cause | undefined;
  #isClosing = false;

  constructor(open: OpenSocket, config: DialConfig, clock: Clock) {
    this.#open = open;
    this.#config = config;
    this.#clock = clock;
    this.requestId = open.requestId;
    this.#arrival = new Arrival(clock);
    this.#heartbeat = this.#createHeartbeat();
    const { webSocket, tap } = open;
    let isWanted = true;
    tap.listen({
      onRead: (byteCount) => {
        isWanted = this.#queue.isWanted || this.#onFirst !== undefined;
        this.#heartbeat.noteRead();
        // Bytes after a Close frame are not part of the stream (RFC 6455 § 1.4).
        if (webSocket.readyState === webSocket.OPEN) this.#arrival.noteRead(byteCount);
        return this.#arrival.lastReadAtMs;
      },
      onEvents: (lines) => {
        if (!this.#isOver) this.#queue.addLines(lines);
      },
      onGatheredText: (line) => {
        const flags = config.classify(line.subarray(0, -1));
        if (flags >= 0 && !this.#isOver) this.#queue.addLines(makeLines(line, flags));
        return flags >= 0;
      },
      // Back-pressure: reads a little ahead of the consumer, then pauses the socket.
      onReadEnd: (receivedAtMs) => {
        if (this.#isOver) return;
        this.#queue.setAside(receivedAtMs);
        if (!isWanted && this.#queue.fullness >= 1 && !webSocket.isPaused) this.#pause();
      },
    });
    answerPings(webSocket);
    webSocket.on('message', (data, isBinary) => this.#receive(data as Buffer, isBinary));
    webSocket.on('error', (error) => {
      // A message over MAX_MESSAGE_BYTES, for which ws closes the connection, is counted (contract G4).
      const { code } = error as NodeJS.ErrnoException;
      if (code !== undefined && TOO_LARGE.has(code)) this.#queue.discard('too large');
      this.#fault ??= { ...classifyError(error, config.host, 'live'), requestId: open.requestId };
    });
    webSocket.once('close', (code, reason) => this.#end(code, reason.toString('utf8')));
    webSocket.resume();
  }

  /** Resolves to undefined after the welcome, or to the cause of a failure (contract C4). */
  async awaitWelcome(signal: AbortSignal): Promise<Cause | undefined> {
    const { connectTimeoutMs } = this.#config;
    const first = new Promise<'welcome' | Cause>((resolve) => {
      this.#onFirst = resolve;
    });
    if (this.#endedBy !== undefined) return this.#endedBy;
    const outcome = await waitFor(first, connectTimeoutMs, this.#clock, signal);
    this.#onFirst = undefined;
    if (outcome === 'welcome') return undefined;
    return outcome ?? this.#describe('no-welcome', INSTEAD_OF_WELCOME.nothing(connectTimeoutMs));
  }

  /** Resolves to the unread events, else to the next ones; to undefined after the last event. */
  async take(): Promise<Batch | undefined> {
    while (this.#queue.isEmpty && this.#endedBy === undefined) {
      const woken = this.#queue.untilWoken();
      this.#resume();
      await woken;
    }
    const batch = this.#queue.take(this.#arrival.lastReadAtMs);
    if (this.#queue.fullness <= 0.5) this.#resume();
    return batch;
  }

  /** IP address of the server; undefined behind a proxy. */
  get remoteAddress(): string | undefined {
    return this.#config.proxyUrl === undefined ? this.#open.tap.raw.remoteAddress : undefined;
  }

  /** Of the last answered ping. */
  get roundTripMs(): number | undefined {
    return this.#heartbeat.roundTripMs;
  }

  /** Pings now; resolves with the round trip in ms if the pong arrives (contract K1). */
  ping(): Promise<number> {
    return this.#heartbeat.ping();
  }

  /** When the last byte arrived, ms since the epoch; if it waited to be read, the earliest possible time. */
  get lastByteAtMs(): number {
    return this.#arrival.lastByteAtMs;
  }

  /** What ended the connection; valid after `take` resolved to undefined. */
  get endedBy(): Cause {
    return this.#endedBy ?? this.#describe('dropped', ENDINGS.byClient);
  }

  /** Closes with code 1000, and waits at most CLOSE_TIMEOUT_MS for the close of the server. */
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

  /** Messages that still arrive are not part of the stream. */
  get #isOver(): boolean {
    return this.#isClosing || this.#fault !== undefined;
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (this.#isOver) return;
    const flags = isBinary ? MESSAGE.notJson : this.#config.classify(data);
    if (this.#onFirst !== undefined) {
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
      this.#settleFirst(this.#describe('bad-welcome', first.instead));
      return;
    }
    this.acceptedKeyPrefix = first.keyPrefix;
    this.#open.tap.startTakingEvents();
    this.#heartbeat.start();
    this.#settleFirst('welcome');
  }

  #settleFirst(outcome: 'welcome' | Cause): void {
    this.#onFirst?.(outcome);
    this.#onFirst = undefined;
  }

  #createHeartbeat(): Heartbeat {
    const { webSocket } = this.#open;
    return new Heartbeat(this.#config.keepalive, this.#clock, {
      isPaused: () => webSocket.isPaused,
      sendPing: () => {
        if (webSocket.readyState !== webSocket.OPEN) return;
        webSocket.send('ping');
        this.#arrival.notePing();
      },
      onSuspended: () => {
        this.#arrival.noteStopped();
        if (!webSocket.isPaused) this.#arrival.noteResumed();
      },
      onSuspect: () => this.onSuspect?.(),
      onDead: (silentMs) => {
        this.#fault ??= this.#describe('silent', ENDINGS.noByte(silentMs));
        webSocket.terminate();
      },
    });
  }

  #end(code: number, reason: string): void {
    this.#heartbeat.stop();
    // If a Close frame ended the connection, the last read was that frame.
    const { silentBeforeMs, lastReadAtMs } = this.#arrival;
    const silentMs = code === 1006 ? this.#clock.wallMs() - lastReadAtMs : silentBeforeMs;
    this.#endedBy = { ...(this.#fault ?? this.#classifyClose(code, reason)), silentMs };
    this.#settleFirst(describeWithoutWelcome(this.#endedBy));
    this.#queue.wakeConsumer();
  }

  #classifyClose(code: number, reason: string): Cause {
    const cause = this.#describe(pickCloseKind(code), describeClose(code, reason));
    return code === 1006 ? cause : { ...cause, closeCode: code };
  }

  #describe(kind: CauseKind, detail: string): Cause {
    return { kind, host: this.#config.host, detail, requestId: this.requestId };
  }
}

/** A normal close instead of the welcome counts as a missing welcome. */
function describeWithoutWelcome(cause: Cause): Cause {
  if (cause.kind !== 'closed-normally') return cause;
  return { ...cause, kind: 'no-welcome', detail: INSTEAD_OF_WELCOME.closed(cause.detail) };
}
