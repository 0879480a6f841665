// The socket that ws reads from: takes whole events out of what arrives, and passes everything else to ws.
//
// ws allocates a buffer and calls back for every frame, which is most of the cost of a fast stream. Here whole
// text frames become lines directly, a chunk at a time. ws stays the authority on the protocol: it gets every other
// byte, in order. It also gets the events whenever it currently owns the parser:
// - while it is paused with unread bytes;
// - until it has emitted each message that was passed to it, completely or in part;
// - for good after a Close frame, or a frame that a server must not send.
// So events and the messages that ws emits keep their order.
import type { OnReadOpts, Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { EventLines } from '../../events/batch.ts';
import type { FrameBuffer } from '../../events/frame-buffer.ts';

/** Opens the underlying socket, with the `onread` option if it is given. */
export type OpenRawSocket = (onread: OnReadOpts | undefined) => Socket;

/** Header size of a frame with a 64-bit length. */
const LARGE_HEAD_BYTES = 10;
const LINE_FEED = 0x0a;

/** The part of a large text that has arrived: its frame, and room for a line feed. */
interface LargeText {
  readonly bytes: Buffer;
  filled: number;
}

interface TapListener {
  /** Bytes were read; the callbacks for their content follow. */
  onRead(byteCount: number): void;
  onEvents(lines: EventLines): void;
  /** A text too large for the frame buffer, with a line feed at its end. Returns false if it is not an event. */
  onLargeText(line: Buffer): boolean;
  /** The content of all bytes read has been reported. */
  onReadEnd(): void;
}

export class TappedSocket extends Duplex {
  /** The TCP or TLS socket. */
  readonly raw: Socket;

  /** Without one, ws gets every frame. */
  readonly #frames: FrameBuffer | undefined;
  readonly #maxTextBytes: number;
  #largeText: LargeText | undefined;
  /** Whether `raw` has closed: `raw.closed` is true before its handle is gone. */
  #isGone = false;
  #hasFrames = false;
  #listener: TapListener | undefined;
  #isTaking = false;
  /** Missing bytes of the frame of which ws has a part. */
  #owedBytes = 0;
  /** Messages passed to ws, at least in part, that it has not emitted; it never emits invalid ones. */
  #openMessages = 0;
  /** Whether the last fragment of a message is missing. */
  #isFragmented = false;
  /** The bytes that arrived in one chunk with the response to the upgrade. */
  #head: Buffer | undefined;

  /** @param maxTextBytes larger texts are passed to ws, which rejects them */
  constructor(openRaw: OpenRawSocket, frames: FrameBuffer | undefined, maxTextBytes: number) {
    super({ allowHalfOpen: false });
    this.#maxTextBytes = maxTextBytes;
    this.#frames = frames;
    const raw = openRaw(frames && this.#readInto(frames));
    this.raw = raw;
    raw.setNoDelay();
    raw.on('data', (chunk) => this.#receive(chunk));
    raw.once('end', () => {
      this.#release();
      this.push(null);
    });
    // After a TLS error, Node also emits a normal end.
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

  /** The bytes from here on are frames. Call it before ws gets the upgraded socket. */
  expectFrames(): void {
    this.#hasFrames = true;
  }

  listen(listener: TapListener): void {
    this.#listener = listener;
  }

  /** Takes events from here on; until then ws gets every frame. */
  takeEvents(): void {
    this.#isTaking = true;
  }

  /** Call it for every message that ws emits. */
  noteMessage(): void {
    this.#openMessages -= 1;
  }

  /** ws puts back what arrived with the response to the upgrade: the first frames. */
  override unshift(chunk: Buffer): void {
    this.#head = chunk;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    // Done at once if the socket has room: then the chunk survives a destroy of this stream.
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

  /** Lets the socket read directly into the frame buffer. */
  #readInto(frames: FrameBuffer): OnReadOpts {
    return {
      // The head, if there is one, has to go in first.
      buffer: () => (this.#hasFrames && this.#head === undefined ? frames.room : frames.lastHalf),
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

  /** Passes on events or a frame; false if only the beginning of a frame is left that may be an event. */
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
    if (!this.#isExpected(kind)) return this.#giveToWs(frames, Number.POSITIVE_INFINITY);
    if (size === undefined) return false;
    if (isOurs && kind === 'text' && size > rest.length) {
      if (size <= frames.capacity / 2) return false;
      if (size <= this.#maxTextBytes + LARGE_HEAD_BYTES) {
        this.#largeText = { bytes: Buffer.allocUnsafeSlow(size + 1), filled: 0 };
        return true;
      }
    }
    this.#trackMessage(kind);
    return this.#giveToWs(frames, size);
  }

  /** False for a frame that is invalid here, which ws reports, and for Close. */
  #isExpected(kind: FrameKind): boolean {
    if (kind === 'control') return true;
    return kind === 'middle' || kind === 'last'
      ? this.#isFragmented
      : kind !== 'other' && !this.#isFragmented;
  }

  /** Keeps track of the messages passed to ws. */
  #trackMessage(kind: FrameKind): void {
    if (kind === 'control') return;
    if (kind !== 'middle' && kind !== 'last') this.#openMessages += 1;
    this.#isFragmented = kind === 'first' || kind === 'middle';
  }

  /** Collects a large text in its own buffer, which becomes its line. */
  #gather(frames: FrameBuffer, text: LargeText): boolean {
    const { bytes } = text;
    const added = frames.rest.copy(bytes, text.filled, 0, bytes.length - 1 - text.filled);
    frames.skip(added);
    text.filled += added;
    if (text.filled < bytes.length - 1) return false;
    this.#largeText = undefined;
    bytes[text.filled] = LINE_FEED;
    if (this.#listener?.onLargeText(bytes.subarray(LARGE_HEAD_BYTES)) === true) return true;
    this.#trackMessage('text');
    this.push(bytes.subarray(0, -1));
    return true;
  }

  /** Passes what is there of the next `size` bytes to ws; the rest follows as `#owedBytes`. */
  #giveToWs(frames: FrameBuffer, size: number): boolean {
    const bytes = Buffer.from(frames.rest.subarray(0, size));
    frames.skip(bytes.length);
    this.#owedBytes = size - bytes.length;
    if (bytes.length === 0) return false;
    this.push(bytes);
    return true;
  }

  /** The socket is gone: like ws with its own socket, delivers what was read before. */
  #breakOff(error?: Error): void {
    this.#receiveHead();
    const unread: Buffer | null = this.raw.read();
    if (unread !== null) this.#receive(unread);
    this.#release();
    this.destroy(error);
  }

  /** Nothing more will arrive: flush what is buffered to ws. */
  #release(): void {
    const { bytes, filled } = this.#largeText ?? {};
    if (bytes !== undefined) this.push(bytes.subarray(0, filled));
    this.#largeText = undefined;
    if (this.#frames !== undefined && this.#hasFrames) this.#giveToWs(this.#frames, Number.POSITIVE_INFINITY);
  }
}

/** `text` and `binary` are whole messages; `other` is a Close frame, or a frame that a server must not send. */
type FrameKind = 'text' | 'binary' | 'first' | 'middle' | 'last' | 'control' | 'other';

const FIN = 0x80;
const RESERVED = 0x70;
const MASK = 0x80;
const OPCODE = 0xf;
const MAX_CONTROL_BYTES = 125;

/**
 * The frame header at the start of `bytes` (RFC 6455 § 5.2); undefined if more bytes are needed. `size` has the bytes of
 * header and payload, and is undefined until the length has arrived.
 */
function readFrameHeader(bytes: Buffer): { kind: FrameKind; size: number | undefined } | undefined {
  const first = bytes[0];
  const second = bytes[1];
  if (first === undefined || second === undefined) return undefined;
  return { kind: classifyKind(first, second), size: readSize(bytes, second & ~MASK) };
}

function readSize(bytes: Buffer, length: number): number | undefined {
  if (length < 126) return 2 + length;
  if (length === 126) return bytes.length < 4 ? undefined : 4 + bytes.readUInt16BE(2);
  // Inexact above 2^53, which is too large anyway.
  return bytes.length < 10 ? undefined : 10 + bytes.readUInt32BE(2) * 2 ** 32 + bytes.readUInt32BE(6);
}

function classifyKind(first: number, second: number): FrameKind {
  if ((first & RESERVED) !== 0 || (second & MASK) !== 0) return 'other';
  const isFinal = (first & FIN) !== 0;
  switch (first & OPCODE) {
    case 0x0: // continuation
      return isFinal ? 'last' : 'middle';
    case 0x1: // text
      return isFinal ? 'text' : 'first';
    case 0x2: // binary
      return isFinal ? 'binary' : 'first';
    case 0x9: // ping
    case 0xa: // pong
      return isFinal && second <= MAX_CONTROL_BYTES ? 'control' : 'other';
    default:
      return 'other';
  }
}
