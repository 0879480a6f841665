// A socket without a network: delivers data in the given chunks, and records what is written.
//
// It reads like a net.Socket: one chunk at a time, none while it is paused, into the buffer of `onread` if that
// is given, else as `data` events.

import type { OnReadOpts, Socket } from 'node:net';
import { Duplex } from 'node:stream';

export class FakeSocket extends Duplex {
  readonly written: Buffer[] = [];
  readonly #onread: OnReadOpts | undefined;
  #target: Uint8Array | undefined;
  #chunks: Buffer[] = [];
  #end: (() => void) | undefined;
  #isScheduled = false;
  #onWrite: (text: string) => void = () => {};

  constructor(onread: OnReadOpts | undefined) {
    super({ allowHalfOpen: false });
    this.#onread = onread;
    this.#target = readTarget(onread);
  }

  /** This socket with the type that net.connect returns. */
  get asSocket(): Socket {
    return this as unknown as Socket;
  }

  /** Sets a callback for each write. */
  onWrite(callback: (text: string) => void): void {
    this.#onWrite = callback;
  }

  /** Delivers these chunks from now on, then ends the socket or fails it with the error. */
  deliver(chunks: readonly Buffer[], end: 'fin' | Error): void {
    this.#chunks = [...chunks];
    this.#end = () => (end === 'fin' ? this.push(null) : this.destroy(end));
    this.#pump();
  }

  setNoDelay(): void {}

  override resume(): this {
    super.resume();
    this.#pumpNextTurn();
    return this;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.written.push(chunk);
    this.#onWrite(chunk.toString('latin1'));
    done();
  }

  /** Delivers the next chunk only after callbacks that the reader has scheduled for the end of this turn. */
  #pumpNextTurn(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() =>
      setImmediate(() => {
        this.#isScheduled = false;
        this.#pump();
      }),
    );
  }

  /** Delivers one chunk per turn of the event loop, as the system does. */
  #pump(): void {
    if (this.isPaused() || this.destroyed || this.#end === undefined) return;
    const chunk = this.#chunks.shift();
    if (chunk === undefined) {
      const end = this.#end;
      this.#end = undefined;
      end();
      return;
    }
    this.#read(chunk);
    this.#pumpNextTurn();
  }

  #read(chunk: Buffer): void {
    const target = this.#target;
    if (target === undefined) {
      this.push(chunk);
      return;
    }
    const count = Math.min(chunk.length, target.length);
    target.set(chunk.subarray(0, count));
    if (count < chunk.length) this.#chunks.unshift(chunk.subarray(count));
    this.#onread?.callback(count, target);
    this.#target = readTarget(this.#onread);
  }
}

function readTarget(onread: OnReadOpts | undefined): Uint8Array | undefined {
  return typeof onread?.buffer === 'function' ? onread.buffer() : onread?.buffer;
}
