// The socket that ws reads from: takes whole events out of what arrives, and passes everything else to ws, in order.
//
// ws allocates a buffer and calls back for every frame, which is most of the cost of a fast stream. Here text frames
// become lines directly, a chunk at a time. ws also gets the events in these cases, so that the order is kept:
// - while it is paused with unread bytes;
// - until it has emitted each message that was passed to it, completely or in part;
// - for good after a Close frame, or a frame that a server must not send.
import type { OnReadOpts, Socket } from 'node:net';
import type { EventLines } from '../../events/batch.ts';
import type { FrameBuffer } from '../../events/frame-buffer.ts';
import { countIdleBytes, readFrameHeader } from './frame-header.ts';
import { GatheredMessage } from './gathered-message.ts';
import type { LingeringReads } from './lingering-reads.ts';
import { SocketDuplex } from './socket-duplex.ts';
import { TurnWork } from './turn-work.ts';

export type OpenRawSocket = (onread: OnReadOpts | undefined) => Socket;

interface TapListener {
  /** Called before the callbacks for the content of a read. Returns the receive time, in ms since the epoch. */
  onRead(byteCount: number): number;
  onEvents(lines: EventLines): void;
  /** A large or fragmented text, with a line feed at its end. Returns false if it is not an event. */
  onGatheredText(line: Buffer): boolean;
  /** Called after each read, and after each later turn that continues with the rest of a read. */
  onReadEnd(receivedAtMs: number): void;
}

export class TappedSocket extends SocketDuplex {
  override readonly raw: Socket;

  /** Undefined: ws gets every frame. */
  readonly #frames: FrameBuffer | undefined;
  readonly #maxBytes: number;
  readonly #lingering: LingeringReads | undefined;
  #message: GatheredMessage | undefined;
  #expectsFrames = false;
  #listener: TapListener | undefined;
  #isTaking = false;
  /** Bytes still to come of a frame that was passed to ws in part. */
  #missingBytes = 0;
  /** Messages that were passed to ws, at least in part, and that it has not emitted. */
  #openMessages = 0;
  #head: Buffer | undefined;
  /** What was read and does not fit into the frame buffer yet. */
  #unadded: Uint8Array | undefined;
  #receivedAtMs = 0;
  readonly #work = new TurnWork(() => this.#continue());

  /**
   * @param maxBytes larger messages are passed to ws, which rejects them
   * @param createLingering collects reads, to process them together; default: each read is processed at once
   */
  constructor(
    openRaw: OpenRawSocket,
    frames: FrameBuffer | undefined,
    maxBytes: number,
    createLingering?: (onReady: () => void) => LingeringReads,
  ) {
    super();
    this.#maxBytes = maxBytes;
    this.#frames = frames;
    this.#lingering = frames && createLingering?.(() => this.#continue());
    const raw = openRaw(frames && this.#readInto(frames));
    this.raw = raw;
    raw.setNoDelay();
    // The socket stays writable until this stream ends, so that ws can still answer the last bytes.
    raw.allowHalfOpen = true;
    raw.on('data', (chunk) => this.#receive(chunk));
    raw.once('end', () => {
      this.#release();
      this.push(null);
    });
    // After a TLS error, Node also emits a normal end.
    raw.on('error', (error) => this.#breakOff(error));
    raw.once('close', () => {
      this.isGone = true;
      this.#breakOff();
    });
    this.on('pause', () => raw.pause());
    this.on('resume', () => {
      if (this.isPaused()) return; // the event was scheduled before the pause
      this.#receiveHead();
      this.#resumeRaw();
    });
  }

  /** Must be called before ws gets the upgraded socket. */
  expectFrames(): void {
    this.#expectsFrames = true;
  }

  listen(listener: TapListener): void {
    this.#listener = listener;
  }

  /** Until this call, ws gets every frame. */
  startTakingEvents(): void {
    this.#isTaking = true;
  }

  /** Must be called for every message that ws emits. */
  noteMessage(): void {
    this.#openMessages -= 1;
  }

  /** ws puts back the first frames, which arrived with the response to the upgrade. */
  override unshift(chunk: Buffer): void {
    this.#head = chunk;
  }

  #readInto(frames: FrameBuffer): OnReadOpts {
    return {
      buffer: () => {
        if (this.#lingering !== undefined) return this.#lingering.readBuffer;
        // The head has to go in first.
        return this.#expectsFrames && this.#head === undefined ? frames.room : frames.lastHalf;
      },
      callback: (byteCount, buffer) => {
        this.#receive(buffer.subarray(0, byteCount));
        return true;
      },
    };
  }

  #receiveHead(): void {
    if (this.#head === undefined) return;
    const head = this.#head;
    this.#head = undefined;
    this.#receive(head);
  }

  /** `chunk` may be a view of memory that is reused. */
  #receive(chunk: Uint8Array): void {
    const receivedAtMs = this.#listener?.onRead(chunk.length) ?? 0;
    if (this.#isTaking && this.#lingering !== undefined) this.#lingering.add(chunk, receivedAtMs);
    else this.#take(chunk, receivedAtMs);
  }

  #take(chunk: Uint8Array, receivedAtMs: number): void {
    this.#receivedAtMs = receivedAtMs;
    const frames = this.#expectsFrames ? this.#frames : undefined;
    const rest = chunk.subarray(frames?.add(chunk));
    // A read over TLS is at most 16 KiB, so what arrives in one turn is processed together.
    const isJoined = this.#lingering === undefined && rest.length === 0;
    if (frames === undefined) this.push(Buffer.from(chunk));
    else if (isJoined && frames.hasRoom) this.#work.continueNextTurn();
    else this.#process(frames, rest);
    this.#listener?.onReadEnd(receivedAtMs);
  }

  #process(frames: FrameBuffer, chunk: Uint8Array): void {
    for (let rest = chunk; ; rest = rest.subarray(frames.add(rest))) {
      while (!frames.isEmpty && this.#passOn(frames)) {
        if (!this.#work.isLimitReached) continue;
        this.#work.continueNextTurn();
        this.raw.pause();
        this.#unadded = rest.length === 0 ? undefined : Buffer.from(rest);
        return;
      }
      if (rest.length === 0) return;
    }
  }

  #continue(): void {
    this.#finishReads();
    this.#resumeRaw();
  }

  /** Processes what is left of the last reads, up to the limit of a turn. */
  #finishReads(): void {
    const chunk = this.#unadded ?? new Uint8Array();
    this.#unadded = undefined;
    if (this.#frames !== undefined && this.#expectsFrames) this.#process(this.#frames, chunk);
    this.#listener?.onReadEnd(this.#receivedAtMs);
    while (!this.#work.isLimitReached) {
      const read = this.#lingering?.take();
      if (read === undefined) return;
      this.#take(read.bytes, read.receivedAtMs);
    }
  }

  #resumeRaw(): void {
    if (!this.#work.isLimitReached && !this.isPaused()) this.raw.resume();
  }

  /** True if ws has nothing left to emit that must come before the next event. */
  get #canTakeEvents(): boolean {
    return this.#isTaking && this.#openMessages === 0 && this.readableLength === 0;
  }

  /** Passes on the next events, frame or part of a frame. False if more bytes have to arrive first. */
  #passOn(frames: FrameBuffer): boolean {
    if (this.#missingBytes > 0) return this.#giveToWs(frames, this.#missingBytes);
    const message = this.#message;
    if (message !== undefined && message.missingBytes > 0) return this.#gather(frames, message);
    const canTake = message === undefined && this.#canTakeEvents;
    if (canTake) {
      const lines = frames.takeEvents();
      if (lines !== undefined) {
        this.#work.noteEvents(lines.count);
        this.#listener?.onEvents(lines);
        return true;
      }
    }
    const idle = countIdleBytes(frames.rest);
    if (idle > 0) {
      this.#work.noteIdleBytes(idle);
      frames.skip(idle);
      return true;
    }
    const { rest } = frames;
    const header = readFrameHeader(rest);
    if (header === undefined) return false;
    const { kind, opcode, sizes } = header;
    const isContinuation = kind === 'middle' || kind === 'last';
    const isExpected = kind === 'control' || isContinuation === (message !== undefined);
    // ws reports invalid frames, and closes the connection.
    if (kind === 'other' || !isExpected) return this.#giveAllToWs(frames);
    if (sizes === undefined) return false;
    const size = sizes.head + sizes.payload;
    const isLarge = size > rest.length && size > frames.capacity / 2;
    if (kind === 'first' || isContinuation || (isLarge && kind !== 'control')) {
      const gathered = message ?? new GatheredMessage(opcode, this.#maxBytes);
      if (!gathered.begin(sizes.payload, kind !== 'first' && kind !== 'middle'))
        return this.#giveAllToWs(frames);
      this.#message = gathered;
      frames.skip(sizes.head);
      return this.#gather(frames, gathered);
    }
    if (canTake && kind === 'text' && size > rest.length) return false;
    if (kind !== 'control') this.#openMessages += 1;
    return this.#giveToWs(frames, size);
  }

  #gather(frames: FrameBuffer, message: GatheredMessage): boolean {
    frames.skip(message.add(frames.rest));
    if (message.missingBytes > 0) return false;
    this.#work.noteEvents(1);
    if (!message.isLast) return true;
    this.#message = undefined;
    if (message.isText && this.#canTakeEvents && this.#listener?.onGatheredText(message.toLine()) === true)
      return true;
    this.#openMessages += 1;
    this.#work.noteFrame();
    this.push(message.toFrame());
    return true;
  }

  /** From here on, ws gets everything, beginning with the part of a message that was gathered. */
  #giveAllToWs(frames: FrameBuffer): boolean {
    if (this.#message !== undefined) {
      this.#openMessages += 1;
      this.push(this.#message.toFrame());
      this.#message = undefined;
    }
    return this.#giveToWs(frames, Number.POSITIVE_INFINITY);
  }

  /** Passes the next `size` bytes to ws, as soon as they arrive. */
  #giveToWs(frames: FrameBuffer, size: number): boolean {
    const bytes = Buffer.from(frames.rest.subarray(0, size));
    frames.skip(bytes.length);
    this.#missingBytes = size - bytes.length;
    if (bytes.length === 0) return false;
    this.#work.noteFrame();
    this.push(bytes);
    return true;
  }

  /** Delivers what was read before the socket was gone, as ws does with a socket of its own. */
  #breakOff(error?: Error): void {
    this.#work.removeLimit();
    this.#finishReads();
    this.#receiveHead();
    const unread: Buffer | null = this.raw.read();
    if (unread !== null) this.#receive(unread);
    this.#release();
    this.destroy(error);
  }

  /** Flushes what is buffered, because nothing more will arrive. */
  #release(): void {
    this.#work.removeLimit();
    this.#finishReads();
    // A message is dropped if it is incomplete, or if ws got only half of the frame before it.
    if (this.#missingBytes > 0 || (this.#message?.missingBytes ?? 0) > 0) this.#message = undefined;
    if (this.#frames !== undefined && this.#expectsFrames) this.#giveAllToWs(this.#frames);
  }
}
