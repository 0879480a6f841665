// What a child process writes: real pipes to write into, and the text collected from them.
import { execFileSync } from 'node:child_process';
import { constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Watch } from './watch.ts';

/** An output that is collected; `stream` is undefined when it goes elsewhere. */
export class Output {
  readonly stream: Readable | undefined;
  readonly #chunks: Buffer[] = [];
  /** Line ends so far. */
  lines = 0;
  #text: string | undefined;

  constructor(stream: Readable | undefined, watch: Watch) {
    this.stream = stream;
    stream?.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#text = undefined;
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) this.lines++;
      watch.notify();
    });
    stream?.on('error', () => undefined);
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  get text(): string {
    this.#text ??= this.bytes.toString();
    return this.#text;
  }

  /** Resolves when all that was written has been read; a paused reader goes on reading now. */
  readToEnd(): Promise<void> {
    const { stream } = this;
    if (!stream || stream.closed) return Promise.resolve();
    stream.resume();
    return new Promise((resolve) => stream.once('close', resolve));
  }
}

/** Real pipes with their read ends here: the two ends of FIFOs whose names are gone again. */
export function makePipes(count: number): { readEnd: Socket; writeEnd: number }[] {
  if (count === 0) return [];
  const folder = mkdtempSync(join(tmpdir(), 'atlantis-pipe-'));
  try {
    const paths = Array.from({ length: count }, (_unused, at) => join(folder, String(at)));
    execFileSync('mkfifo', paths);
    return paths.map((path) => {
      const readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      const readEnd = new Socket({ fd: readFd, readable: true, writable: false });
      return { readEnd, writeEnd: openSync(path, 'w') };
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function makePipe(): { readEnd: Socket; writeEnd: number } {
  const [pipe] = makePipes(1);
  if (pipe === undefined) throw new Error('no pipe');
  return pipe;
}
