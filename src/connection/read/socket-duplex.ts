// The writing half of the stream that ws gets instead of a socket; `TappedSocket` adds the reading half.
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

export abstract class SocketDuplex extends Duplex {
  /** The TCP or TLS socket. */
  abstract readonly raw: Socket;
  /** Whether `raw` has emitted `close`; `raw.closed` is true earlier, before the handle is gone. */
  protected isGone = false;

  constructor() {
    super({ allowHalfOpen: false });
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    // After `done`, `raw` has the chunk and sends it, even if this stream is destroyed.
    if (this.raw.write(chunk)) done();
    else this.raw.once('drain', done);
  }

  /** Sends the header and the payload of a frame together; ws writes them separately. */
  override _writev(pieces: { chunk: Buffer }[], done: () => void): void {
    this._write(Buffer.concat(pieces.map(({ chunk }) => chunk)), 'binary', done);
  }

  override _final(done: () => void): void {
    this.raw.end(() => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (this.isGone) {
      done(error);
      return;
    }
    this.raw.once('close', () => done(error));
    this.raw.destroy();
  }
}
