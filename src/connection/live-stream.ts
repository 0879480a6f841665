// A socket after its 101: takes the welcome, hands out batches of events as they are asked for, keeps the
// connection alive, and says in the end what ended it.
//
// Back-pressure is a pull: whoever calls `take` wants more. While nobody does and something waits, the socket
// is not read (contract O4). The order of messages is kept, and whatever was read before the end comes first.
import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '../io.ts';
import { type Batch, type DiscardReason, MESSAGE } from '../protocol/messages.ts';
import { Arrival } from './arrival.ts';
import type { Cause, CauseKind } from './causes.ts';
import { computeTickMs, type KeepaliveState, startKeepalive, tickKeepalive } from './keepalive.ts';
import { classifyError } from './network-errors.ts';
import { answerPings } from './pongs.ts';
import type { DialSettings } from './settings.ts';
import { CLOSE_TIMEOUT_MS, type OpenSocket, terminate } from './socket.ts';

/** The text with which the service answers a text `ping` (contract K1). */
const PONG = Buffer.from('pong');
/** Characters of a key that the welcome names. */
const KEY_PREFIX_LENGTH = 16;

type Waiter = 'nobody' | 'waiting' | 'woken';

export class LiveStream {
  readonly requestId: string;
  readonly headers: IncomingHttpHeaders;
  /** Round trip of the last answered ping in ms, or undefined. */
  roundTripMs: number | undefined;
  /** Prefix of the key that the server accepted; set by the welcome. */
  acceptedKeyPrefix = '';

  readonly #open: OpenSocket;
  readonly #settings: DialSettings;
  readonly #clock: Clock;
  readonly #arrival: Arrival;
  #onFirst: ((problem: Cause | undefined) => void) | undefined;
  #waiter: Waiter = 'nobody';
  #wake: () => void = () => {};
  #texts: Buffer[] = [];
  #flags: number[] = [];
  #discarded: DiscardReason[] = [];
  #endedBy: Cause | undefined;
  #fault: Cause | undefined;
  #isClosing = false;
  #hasRead = false;
  #wasPaused = false;
  #pingSentAtMs: number | undefined;
  #cancelTick: () => void = () => {};

  constructor(open: OpenSocket, settings: DialSettings, clock: Clock) {
    this.#open = open;
    this.#settings = settings;
    this.#clock = clock;
    this.requestId = open.requestId;
    this.headers = open.headers;
    this.#arrival = new Arrival(clock);
    const { webSocket, socket } = open;
    // In front of the reader of frames: what pauses reading must find its own bytes noted.
    socket.prependListener('data', (chunk: Buffer) => {
      this.#hasRead = true;
      this.#arrival.noteRead(chunk.length);
      this.#pauseUnlessWanted();
    });
    answerPings(webSocket);
    webSocket.on('message', (data, isBinary) => this.#receive(data as Buffer, isBinary));
    webSocket.on('error', (error) => {
      if (isTooLarge(error)) this.#discarded.push('too large');
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
        if (problem === undefined) this.#startKeepalive();
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
    while (this.#isEmpty() && this.#endedBy === undefined) {
      this.#waiter = 'waiting';
      if (this.#open.webSocket.isPaused) {
        this.#open.webSocket.resume();
        this.#arrival.noteResumed();
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#waiter = 'nobody';
    if (this.#isEmpty()) return undefined;
    const batch = {
      texts: this.#texts,
      flags: this.#flags,
      discarded: this.#discarded,
      receivedAtMs: this.#arrival.lastReadAtMs,
    };
    this.#texts = [];
    this.#flags = [];
    this.#discarded = [];
    return batch;
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
    this.#cancelTick();
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

  #isEmpty(): boolean {
    return this.#texts.length === 0 && this.#discarded.length === 0;
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (this.#isClosing || this.#fault !== undefined) return;
    const flags = isBinary ? MESSAGE.notJson : this.#settings.classify(data);
    if (flags === MESSAGE.notUtf8) {
      this.#fault = this.#describe('bad-frames', 'a text that is not UTF-8');
      this.#open.webSocket.close(1007);
      return;
    }
    if (this.#onFirst !== undefined) {
      this.#receiveFirst(data, flags, isBinary);
      return;
    }
    if (flags >= 0) {
      this.#texts.push(data);
      this.#flags.push(flags);
    } else if (!isBinary && data.equals(PONG)) {
      this.#notePong();
      return;
    } else {
      this.#discarded.push(isBinary ? 'binary' : 'not JSON');
    }
    if (this.#waiter === 'waiting') {
      this.#waiter = 'woken';
      this.#wake();
    }
  }

  /** Back-pressure: a chunk that comes while nobody asks for more is the last one until somebody does. */
  #pauseUnlessWanted(): void {
    const isWanted = this.#waiter !== 'nobody' || this.#onFirst !== undefined;
    if (isWanted || this.#isClosing || this.#fault !== undefined) return;
    this.#open.webSocket.pause();
    this.#wasPaused = true;
    this.#arrival.noteStopped();
  }

  #receiveFirst(data: Buffer, flags: number, isBinary: boolean): void {
    if (flags < 0) {
      const what = isBinary ? 'a binary message' : 'a text that is not JSON';
      this.#onFirst?.(this.#describe('bad-welcome', what));
      return;
    }
    const skipped = flags & MESSAGE.byteOrderMark ? 3 : 0;
    const value: unknown = JSON.parse(data.toString('utf8', skipped));
    const { type, key } = (typeof value === 'object' && value !== null ? value : {}) as Record<
      string,
      unknown
    >;
    if (type !== 'welcome' || typeof key !== 'string' || key === '') {
      this.#onFirst?.(this.#describe('bad-welcome', 'JSON of another kind'));
      return;
    }
    // No more of a key than this is ever shown (contract P2), whatever the server sends.
    this.acceptedKeyPrefix = key.slice(0, KEY_PREFIX_LENGTH);
    this.#onFirst?.(undefined);
  }

  #notePong(): void {
    if (this.#pingSentAtMs === undefined) return;
    this.roundTripMs = this.#clock.monotonicMs() - this.#pingSentAtMs;
    this.#pingSentAtMs = undefined;
  }

  #startKeepalive(): void {
    const { keepalive } = this.#settings;
    let state: KeepaliveState = startKeepalive(keepalive, this.#clock.monotonicMs(), this.#clock.wallMs());
    const tick = (): void => {
      const isPaused = this.#open.webSocket.isPaused;
      const nowMs = this.#clock.monotonicMs();
      const ticked = tickKeepalive(keepalive, state, {
        nowMs,
        wallMs: this.#clock.wallMs(),
        hasRead: this.#hasRead,
        wasPaused: isPaused || this.#wasPaused,
      });
      state = ticked.state;
      this.#hasRead = false;
      this.#wasPaused = isPaused;
      if (ticked.wasAway) {
        this.#arrival.noteStopped();
        if (!isPaused) this.#arrival.noteResumed();
      }
      if (ticked.verdict === 'dead') {
        const detail = `no byte for ${Math.round(state.silentMs)} ms after a ping`;
        this.#fault ??= this.#describe('silent', detail);
        this.#open.webSocket.terminate();
        return;
      }
      if (ticked.verdict === 'ping') this.#ping(nowMs);
      this.#cancelTick = this.#clock.setTimer(tick, computeTickMs(keepalive));
    };
    this.#cancelTick = this.#clock.setTimer(tick, computeTickMs(keepalive));
  }

  #ping(nowMs: number): void {
    const { webSocket } = this.#open;
    if (webSocket.readyState !== webSocket.OPEN) return;
    this.#pingSentAtMs = nowMs;
    webSocket.send('ping');
  }

  #end(code: number, reason: string): void {
    this.#cancelTick();
    this.#arrival.end();
    this.#endedBy = this.#fault ?? this.#classifyClose(code, reason);
    this.#onFirst?.(this.#endedByBeforeWelcome(this.#endedBy));
    if (this.#waiter === 'waiting') {
      this.#waiter = 'woken';
      this.#wake();
    }
  }

  /** An orderly close instead of the welcome is a missing welcome; a lost connection stays one. */
  #endedByBeforeWelcome(cause: Cause): Cause {
    if (cause.kind !== 'closed-normally') return cause;
    return { ...cause, kind: 'no-welcome', detail: `closed instead: ${cause.detail}` };
  }

  #classifyClose(code: number, reason: string): Cause {
    if (code === 1006) return this.#describe('dropped', 'it ended without a close frame');
    const words = reason === '' ? '' : `: ${reason}`;
    const detail = code === 1005 ? 'no close code' : `close code ${code}${words}`;
    return { ...this.#describe(pickCloseKind(code), detail), closeCode: code };
  }

  #describe(kind: CauseKind, detail: string): Cause {
    return { kind, host: this.#settings.host, detail, requestId: this.requestId };
  }
}

/** Contract § 5, the rows of close codes (RFC 6455 § 7.4.1; 1012 to 1014 from the IANA registry). */
export function pickCloseKind(code: number): CauseKind {
  if (code === 1000) return 'closed-normally';
  if ([1001, 1005, 1006, 1011, 1012, 1013, 1014].includes(code)) return 'closed-by-server';
  if ([1002, 1003, 1007, 1009, 1010].includes(code)) return 'closed-for-protocol';
  return 'closed-by-policy';
}

/** Whether ws gave the connection up over a message beyond MAX_MESSAGE_BYTES (contract G4: it is counted). */
function isTooLarge(error: NodeJS.ErrnoException): boolean {
  return error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';
}
