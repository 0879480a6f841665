// The socket that ws reads from: it takes the events out of what arrives, and leaves everything else to ws.
//
// ws makes a buffer and a call of every frame, which is most of what a fast stream costs. Here whole frames of
// text that are events go straight into lines, a chunk at a time. ws stays the authority on the protocol: it gets
// every other byte, in order, and the bytes of events too wherever it has the word:
// - while something waits for it, since it is paused;
// - while it has not emitted a message that it was given, or was given a part of;
// - for good, from a Close frame or a frame that a server must not send.
// So no event passes a frame that ws has, and none comes behind the end that ws sees.
import type { OnReadOpts, Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { EventLines } from '../../events/batch.ts';
import type { FrameBuffer } from '../../events/frame-buffer.ts';
import { type FrameKind, readFrameHeader } from './frame-header.ts';

/** Opens the socket underneath, with that option where it is given. */
export type Connect = (onread: OnReadOpts | undefined) => Socket;

/** Of a frame of 64 KiB and more. */
const LARGE_HEAD_BYTES = 10;
const LINE_FEED = 0x0a;

/** A large text as far as it has come: its frame, and room for a line feed. */
interface LargeText {
  readonly bytes: Buffer;
  filled: number;
}

/** Who wants to know what arrives. */
interface TapListener {
  /** Bytes were read; what they hold is told next. */
  onRead(byteCount: number): void;
  onEvents(lines: EventLines): void;
  /** A text too large for the memory of the frames, with a line feed behind it. False if it is no event. */
  onLargeText(line: Buffer): boolean;
  /** All that was read has been told. */
  onReadEnd(): void;
}

export class TappedSocket extends Duplex {
  /** The socket underneath, of TCP or TLS. */
  readonly raw: Socket;

  /** Undefined where ws is to have every frame. */
  readonly #frames: FrameBuffer | undefined;
  readonly #maxTextBytes: number;
  #largeText: LargeText | undefined;
  /** Whether `raw` has closed: `raw.closed` is true before its handle is gone. */
  #isGone = false;
  #hasFrames = false;
  #listener: TapListener | undefined;
  #isTaking = false;
  /** Bytes that are still to come of the frame that ws has a part of. */
  #owedBytes = 0;
  /** Messages of which ws was given the beginning and that it has not emitted; it never does if they are wrong. */
  #openMessages = 0;
  /** Whether the last fragment of a message is still to come. */
  #isFragmented = false;
  /** What came in one chunk with the answer to the upgrade. */
  #head: Buffer | undefined;

  /** @param maxTextBytes larger texts are for ws, which refuses them */
  constructor(connect: Connect, frames: FrameBuffer | undefined, maxTextBytes: number) {
    super({ allowHalfOpen: false });
    this.#maxTextBytes = maxTextBytes;
    this.#frames = frames;
    const raw = connect(frames && this.#readInto(frames));
    this.raw = raw;
    raw.setNoDelay();
    raw.on('data', (chunk) => this.#receive(chunk));
    raw.once('end', () => {
      this.#release();
      this.push(null);
    });
    // A fault of TLS is told first, and then an end as if nothing had been.
    raw.on('error', (error) => this.#breakOff(error));
    raw.once('close', () => {
      this.#isGone = true;
      this.#breakOff();
    });
    this.on('pause', () => raw.pause());
    this.on('resume', () => {
      if (this.isPaused()) return; // it was scheduled before the pause
      this.#receiveHead();
      if (!this.isPaused()) raw.resume();
    });
  }

  /** From here on what arrives is frames. To be called before ws is given the upgraded socket. */
  expectFrames(): void {
    this.#hasFrames = true;
  }

  /** Tells what arrives from now on. */
  listen(listener: TapListener): void {
    this.#listener = listener;
  }

  /** Takes the events from here on; until then ws has every frame. */
  takeEvents(): void {
    this.#isTaking = true;
  }

  /** To be called for every message that ws emits. */
  noteMessage(): void {
    this.#openMessages -= 1;
  }

  /** ws puts back what came with the answer to the upgrade: the first of the frames. */
  override unshift(chunk: Buffer): void {
    this.#head = chunk;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    // What the socket has room for is its own at once: it is not lost if this one is destroyed meanwhile.
    if (this.raw.write(chunk)) done();
    else this.raw.once('drain', done);
  }

  override _writev(pieces: { chunk: Buffer }[], done: () => void): void {
    this._write(Buffer.concat(pieces.map(({ chunk }) => chunk)), 'binary', done);
  }

  override _final(done: () => void): void {
    this.raw.end(() => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (this.#isGone) {
      done(error);
      return;
    }
    this.raw.once('close', () => done(error));
    this.raw.destroy();
  }

  /** Lets the socket read right into the memory of the frames. */
  #readInto(frames: FrameBuffer): OnReadOpts {
    return {
      // The head, if there is one, is still to come to the front.
      buffer: () => (this.#hasFrames && this.#head === undefined ? frames.room : frames.lastHalf),
      callback: (byteCount, buffer) => {
        this.#receive(buffer.subarray(0, byteCount));
        return true;
      },
    };
  }

  #receiveHead(): void {
    const head = this.#head;
    this.#head = undefined;
    if (head !== undefined) this.#receive(head);
  }

  /** `chunk` may be a view of memory that is used again. */
  #receive(chunk: Uint8Array): void {
    const frames = this.#frames;
    this.#listener?.onRead(chunk.length);
    if (frames === undefined || !this.#hasFrames) {
      this.push(Buffer.from(chunk));
    } else {
      for (let at = 0; at < chunk.length; ) {
        at += frames.add(chunk.subarray(at));
        while (this.#passOn(frames));
      }
    }
    this.#listener?.onReadEnd();
  }

  /** Passes on events or a frame; false where nothing is left but the beginning of a frame that may be ours. */
  #passOn(frames: FrameBuffer): boolean {
    if (this.#owedBytes > 0) return this.#giveToWs(frames, this.#owedBytes);
    if (this.#largeText !== undefined) return this.#gather(frames, this.#largeText);
    const isOurs = this.#isTaking && this.#openMessages === 0 && this.readableLength === 0;
    if (isOurs) {
      const lines = frames.takeEvents();
      if (lines !== undefined) {
        this.#listener?.onEvents(lines);
        return true;
      }
    }
    const { rest } = frames;
    const header = readFrameHeader(rest);
    if (header === undefined) return false;
    const { kind, size } = header;
    if (!this.#mayCome(kind)) return this.#giveToWs(frames, Number.POSITIVE_INFINITY);
    if (size === undefined) return false;
    if (isOurs && kind === 'text' && size > rest.length) {
      if (size <= frames.capacity / 2) return false;
      if (size <= this.#maxTextBytes + LARGE_HEAD_BYTES) {
        this.#largeText = { bytes: Buffer.allocUnsafeSlow(size + 1), filled: 0 };
        return true;
      }
    }
    this.#follow(kind);
    return this.#giveToWs(frames, size);
  }

  /** False for a frame that cannot come now: ws will say so, or is at its end. */
  #mayCome(kind: FrameKind): boolean {
    if (kind === 'control') return true;
    return kind === 'middle' || kind === 'last'
      ? this.#isFragmented
      : kind !== 'other' && !this.#isFragmented;
  }

  /** Follows the messages that ws is given. */
  #follow(kind: FrameKind): void {
    if (kind === 'control') return;
    if (kind !== 'middle' && kind !== 'last') this.#openMessages += 1;
    this.#isFragmented = kind === 'first' || kind === 'middle';
  }

  /** Gathers a large text in memory of its own, which becomes its line. */
  #gather(frames: FrameBuffer, text: LargeText): boolean {
    const { bytes } = text;
    const added = frames.rest.copy(bytes, text.filled, 0, bytes.length - 1 - text.filled);
    frames.skip(added);
    text.filled += added;
    if (text.filled < bytes.length - 1) return false;
    this.#largeText = undefined;
    bytes[text.filled] = LINE_FEED;
    if (this.#listener?.onLargeText(bytes.subarray(LARGE_HEAD_BYTES)) === true) return true;
    this.#follow('text');
    this.push(bytes.subarray(0, -1));
    return true;
  }

  /** Gives ws as much of the next `size` bytes as there is; it is owed the rest. */
  #giveToWs(frames: FrameBuffer, size: number): boolean {
    const bytes = Buffer.from(frames.rest.subarray(0, size));
    frames.skip(bytes.length);
    this.#owedBytes = size - bytes.length;
    if (bytes.length === 0) return false;
    this.push(bytes);
    return true;
  }

  /** The socket is gone: as ws does with one of its own, what was read before counts. */
  #breakOff(error?: Error): void {
    this.#receiveHead();
    const unread: Buffer | null = this.raw.read();
    if (unread !== null) this.#receive(unread);
    this.#release();
    this.destroy(error);
  }

  /** No more will come: whatever is held is for ws. */
  #release(): void {
    const { bytes, filled } = this.#largeText ?? {};
    if (bytes !== undefined) this.push(bytes.subarray(0, filled));
    this.#largeText = undefined;
    if (this.#frames !== undefined && this.#hasFrames) this.#giveToWs(this.#frames, Number.POSITIVE_INFINITY);
  }
}
