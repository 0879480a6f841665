// What a child process writes: real pipes to write into, and the text collected from them.
import { execFileSync } from 'node:child_process';
import { constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { registerCleanup } from './cleanup.ts';
import type { Watch } from './watch.ts';

/** An output that is collected; `stream` is undefined when it goes elsewhere. */
export class Output {
  readonly stream: Readable | undefined;
  readonly #decoder = new StringDecoder();
  #chunks: Buffer[] = [];
  /** Line ends so far. */
  lines = 0;
  #text = '';

  constructor(stream: Readable | undefined, watch: Watch) {
    this.stream = stream;
    stream?.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#text += this.#decoder.write(chunk);
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) this.lines++;
      watch.notify();
    });
    stream?.on('end', () => {
      this.#text += this.#decoder.end();
    });
    stream?.on('error', () => undefined);
  }

  get bytes(): Buffer {
    const bytes = Buffer.concat(this.#chunks);
    this.#chunks = [bytes];
    return bytes;
  }

  get text(): string {
    return this.#text;
  }

  /** Resolves when all that was written has been read; a paused reader resumes. */
  readToEnd(): Promise<void> {
    const { stream } = this;
    if (!stream || stream.closed) return Promise.resolve();
    stream.resume();
    return new Promise((resolve) => stream.once('close', resolve));
  }
}

/** Real pipes with their read ends here: the two ends of FIFOs whose names are already removed. */
export function makePipes(count: number): { readEnd: Socket; writeEnd: number }[] {
  return Array.from({ length: count }, () => {
    const path = takeFifo();
    const readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const readEnd = new Socket({ fd: readFd, readable: true, writable: false });
    const writeEnd = openSync(path, 'w');
    rmSync(path);
    return { readEnd, writeEnd };
  });
}

/** Unused FIFOs. One `mkfifo` makes many, because starting a process costs more than the rest of a pipe. */
const fifos: string[] = [];
const FIFOS_AT_ONCE = 16;

function takeFifo(): string {
  if (fifos.length === 0) {
    const folder = mkdtempSync(join(tmpdir(), 'atlantis-pipe-'));
    registerCleanup(() => {
      fifos.length = 0;
      rmSync(folder, { recursive: true, force: true });
    }, 'file');
    fifos.push(...Array.from({ length: FIFOS_AT_ONCE }, (_unused, at) => join(folder, String(at))));
    execFileSync('mkfifo', fifos);
  }
  return fifos.pop() ?? '';
}

export function makePipe(): { readEnd: Socket; writeEnd: number } {
  const [pipe] = makePipes(1);
  if (pipe === undefined) throw new Error('no pipe');
  return pipe;
}
