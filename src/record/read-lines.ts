// The lines of a recording, from a file or stdin, plain or gzip (told by its first bytes, RFC 1952 § 2.3.1).
//
// Pulled: what is not asked for is not read. Damage is a value, so that a reader can go on or end as it likes.
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { UsageError } from '../errors.ts';

/** Lines that were read together, without their line feeds. */
export interface Lines {
  readonly lines: readonly Buffer[];
  /** Why nothing follows although more should; undefined otherwise. */
  readonly fault?: string;
}

const LINE_FEED = 0x0a;
/** A line beyond this cannot hold an event that the service sends (16 MiB): it is given up on. */
const MAX_LINE_BYTES = 32 * 1024 * 1024;

/**
 * Reads to the end or until the signal aborts. `-` is stdin.
 * @throws UsageError if the file cannot be opened
 */
export async function* readLines(
  path: string,
  stdin: () => Readable,
  signal: AbortSignal,
): AsyncGenerator<Lines> {
  const source = path === '-' ? stdin() : createReadStream(path);
  const end = (): void => void source.destroy();
  signal.addEventListener('abort', end);
  let rest: Buffer[] = [];
  let restBytes = 0;
  try {
    for await (const chunk of unpack(source)) {
      const lines: Buffer[] = [];
      let start = 0;
      for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, start)) {
        const line = chunk.subarray(start, at);
        lines.push(restBytes === 0 ? line : Buffer.concat([...rest, line]));
        rest = [];
        restBytes = 0;
        start = at + 1;
      }
      if (start < chunk.length) rest.push(chunk.subarray(start));
      restBytes += chunk.length - start;
      if (lines.length > 0) yield { lines };
      if (restBytes > MAX_LINE_BYTES) {
        yield { lines: [], fault: 'a line has no end' };
        return;
      }
    }
    if (restBytes > 0) yield { lines: [Buffer.concat(rest)] };
  } catch (error) {
    if (signal.aborted) return;
    const fault = nameFault(path, error);
    if (restBytes > 0) yield { lines: [Buffer.concat(rest)], fault };
    else yield { lines: [], fault };
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
}

async function* unpack(source: Readable): AsyncGenerator<Buffer> {
  const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let head = Buffer.alloc(0);
  while (head.length < 2) {
    const { value, done } = await chunks.next();
    if (done === true) break;
    head = Buffer.concat([head, value]);
  }
  const all = prepend(head, chunks);
  if (head[0] !== 0x1f || head[1] !== 0x8b) {
    yield* all;
    return;
  }
  const input = Readable.from(all, { objectMode: false });
  const gunzip = createGunzip();
  input.on('error', (error) => gunzip.destroy(error));
  yield* input.pipe(gunzip);
}

async function* prepend(head: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head;
  for (;;) {
    const { value, done } = await rest.next();
    if (done === true) return;
    yield value;
  }
}

/** Words for damage; what is no damage is thrown. */
function nameFault(path: string, error: unknown): string {
  const { code = 'unknown error' } = error as NodeJS.ErrnoException;
  if (code === 'Z_BUF_ERROR') return 'the compressed data is cut off';
  if (code.startsWith('Z_')) return `the compressed data is damaged (${code})`;
  const why = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : code;
  throw new UsageError(`the recording ${JSON.stringify(path)} cannot be read: ${why}`);
}
