// The server's end of one connection, as a test script sees it: exact bytes out, decoded frames in.
//
// Nothing is sent that the script did not ask for. What the client did is kept in the `Attempt`.
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type Attempt, ConnectionEnded, type Ending } from './attempt.ts';
import {
  computeAccept,
  decodeCloseBody,
  decodeFrame,
  encodeFrame,
  type Frame,
  type FrameOptions,
  frame,
  OPCODE,
} from './frames.ts';
import { formatHead, parseHead, type RequestHead } from './http-head.ts';
import { resetConnection } from './reset.ts';
import type { Watch } from './watch.ts';

/** Writes after which a script waits for the next turn of the event loop. */
const WRITES_PER_TURN = 100;

/** One accepted connection. Every wait ends with ConnectionEnded when the connection does. */
export class Peer {
  readonly attempt: Attempt;
  /** For everything that this class does not offer. */
  readonly socket: Socket | TLSSocket;
  readonly #tcp: Socket;
  readonly #watch: Watch;
  readonly #queue: Frame[] = [];
  #bytes: Buffer = Buffer.alloc(0);
  #violation: Error | undefined;
  #writes = 0;
  #ending: Ending | undefined;
  #decodes = false;
  #answersPings = false;
  #answersClose = false;

  /** `tcp` is the connection below TLS, or the same socket; `watch` is notified of every change. */
  constructor(socket: Socket | TLSSocket, tcp: Socket, attempt: Attempt, watch: Watch) {
    this.socket = socket;
    this.attempt = attempt;
    this.#tcp = tcp;
    this.#watch = watch;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('end', () => this.#noteEnd('client-end'));
    socket.on('error', (error) => this.#noteEnd('client-reset', error));
    socket.on('close', () => this.#noteEnd(this.#ending ?? 'client-end'));
  }

  /** The request head, read once; later calls give the same. */
  readRequest(): Promise<RequestHead> {
    return this.#until(() => this.attempt.request, 'the request head');
  }

  /** Answers the upgrade with a correct 101, or one with another `accept` value or more header lines. */
  async accept(options: { accept?: string; headers?: Record<string, string> } = {}): Promise<RequestHead> {
    const request = await this.readRequest();
    this.#startDecoding();
    const accept = options.accept ?? computeAccept(request.headers['sec-websocket-key'] ?? '');
    const base = { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Accept': accept };
    await this.sendRaw(formatHead('101 Switching Protocols', { ...base, ...options.headers }));
    return request;
  }

  /** Sends the welcome for `key` (whole or prefix); default: the key in the request's X-API-Key. */
  welcome(key = this.attempt.request?.headers['x-api-key'] ?? ''): Promise<void> {
    return this.sendText(JSON.stringify({ type: 'welcome', key: key.slice(0, 16) }));
  }

  sendText(text: string): Promise<void> {
    return this.sendRaw(frame.text(text));
  }

  sendFrame(options: FrameOptions): Promise<void> {
    return this.sendRaw(encodeFrame(options));
  }

  sendClose(code?: number, reason = ''): Promise<void> {
    return this.sendRaw(frame.close(code, reason));
  }

  /** Resolves when the kernel has taken the bytes: awaiting it is back-pressure. */
  sendRaw(bytes: string | Uint8Array): Promise<void> {
    const sent = new Promise<void>((resolve, reject) => {
      if (this.socket.destroyed || this.socket.writableEnded) return reject(this.#endedError('sending'));
      this.#writes += 1;
      // A client in this process, too, gets its turn of the loop.
      const taken = this.#writes % WRITES_PER_TURN === 0 ? () => setImmediate(resolve) : resolve;
      this.socket.write(bytes, (error) => (error ? reject(this.#endedError('sending')) : taken()));
    });
    sent.catch(() => undefined); // a script need not await what it sends
    return sent;
  }

  /** A plain HTTP answer with Content-Length, then the end of the connection. */
  async respond(status: number, headers: Record<string, string> = {}, body = ''): Promise<void> {
    await this.readRequest();
    const base = { 'Content-Length': String(Buffer.byteLength(body)), Connection: 'close' };
    await this.sendRaw(formatHead(`${status} Status`, { ...base, ...headers }) + body);
    this.end();
  }

  /** The next frame that was not answered in the background. Rejects for an unmasked one (RFC 6455 § 5.1). */
  nextFrame(): Promise<Frame> {
    this.#startDecoding();
    return this.#until(() => {
      if (this.#queue.length === 0 && this.#violation) throw this.#violation;
      return this.#queue.shift();
    }, 'a frame');
  }

  /** The next text message; pings and pongs of WebSocket level in front of it are skipped. */
  async nextText(): Promise<string> {
    for (;;) {
      const next = await this.nextFrame();
      if (next.opcode === OPCODE.ping || next.opcode === OPCODE.pong) continue;
      if (next.opcode !== OPCODE.text || !next.fin)
        throw new Error(`got opcode ${next.opcode}, wanted a text`);
      return next.payload.toString();
    }
  }

  /** From now on every text `ping` is answered by a text `pong`, and not queued for `nextFrame`. */
  answerPings(on = true): void {
    this.#answersPings = on;
    this.#startDecoding();
  }

  /** From now on a Close frame is echoed and the connection ended, as a polite server does. */
  answerClose(on = true): void {
    this.#answersClose = on;
    this.#startDecoding();
  }

  /** The script takes over `socket`; returns the bytes that came after the request head. */
  takeOver(): Buffer {
    this.socket.removeAllListeners('data');
    return this.#bytes;
  }

  pauseReading(): void {
    this.socket.pause();
  }

  resumeReading(): void {
    this.socket.resume();
  }

  /** FIN after what was sent. */
  end(): void {
    this.#ending ??= 'server-end';
    this.socket.end();
  }

  /** RST. Bytes that the kernel has not delivered yet are lost. */
  reset(): void {
    this.#ending ??= 'server-reset';
    resetConnection(this.#tcp);
    this.#noteEnd('server-reset');
  }

  /** Resolves when both directions are over (a client that keeps the connection open never ends it). */
  untilClosed(): Promise<void> {
    return this.#watch
      .until(() => (this.socket.closed ? null : undefined), 'the end of the connection')
      .then();
  }

  #until<T>(probe: () => T | undefined, what: string): Promise<T> {
    return this.#watch.until(() => {
      const value = probe();
      if (value === undefined && this.attempt.ended) throw this.#endedError(`waiting for ${what}`);
      return value;
    }, `${what} on connection ${this.attempt.index}`);
  }

  #endedError(during: string): ConnectionEnded {
    const how = this.attempt.ended?.how ?? this.#ending ?? 'closed';
    return new ConnectionEnded(`connection ${this.attempt.index} ended (${how}) while ${during}`);
  }

  #noteEnd(how: Ending, error?: Error): void {
    this.attempt.ended ??= { how: this.#ending ?? how, atMs: performance.now(), ...(error && { error }) };
    this.#watch.notify();
  }

  #receive(chunk: Buffer): void {
    this.attempt.bytesReceived += chunk.length;
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    if (!this.attempt.request) this.#takeHead();
    this.#takeFrames();
    this.#watch.notify();
  }

  /** Starts to decode what follows the request head as frames, when a script first asks for them. */
  #startDecoding(): void {
    this.#decodes = true;
    this.#takeFrames();
  }

  #takeHead(): void {
    const end = this.#bytes.indexOf('\r\n\r\n');
    if (end < 0) return;
    this.attempt.request = parseHead(this.#bytes.toString('latin1', 0, end + 4));
    this.attempt.requestAtMs = performance.now();
    this.#bytes = this.#bytes.subarray(end + 4);
  }

  #takeFrames(): void {
    while (this.#decodes && this.attempt.request) {
      const found = this.#decodeNext();
      if (!found) return;
      this.#bytes = this.#bytes.subarray(found.size);
      this.attempt.frames.push(found.frame);
      if (!found.frame.masked) this.#violation ??= new Error('the client sent an unmasked frame');
      else if (!this.#answer(found.frame)) this.#queue.push(found.frame);
    }
  }

  #decodeNext(): ReturnType<typeof decodeFrame> {
    try {
      return decodeFrame(this.#bytes);
    } catch (error) {
      this.#violation ??= error instanceof Error ? error : new Error(String(error));
      return undefined;
    }
  }

  #answer({ opcode, payload }: Frame): boolean {
    if (opcode === OPCODE.close) {
      this.attempt.closeFrame ??= decodeCloseBody(payload);
      if (this.#answersClose) {
        void this.sendFrame({ opcode: OPCODE.close, payload });
        this.end();
      }
      return this.#answersClose;
    }
    if (!this.#answersPings || opcode !== OPCODE.text || payload.toString() !== 'ping') return false;
    void this.sendText('pong');
    return true;
  }
}
