// Decompresses a recording if its first bytes say gzip (RFC 1952 § 2.3.1).
//
// After a damaged member that this program wrote (gzip-member.ts), reading resumes at the next member, which is found
// by its extra field. Other gzip files do not have this field, so they end at the damage.
import { Readable } from 'node:stream';
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import {
  findMember,
  hasMemberStart,
  MEMBER_HEADER_BYTES,
  readMemberLength,
  unpackMember,
} from './gzip-member.ts';
import { LINE_FAULTS } from './messages.ts';

/** Bytes in order, or the reason why some are missing here. */
export type Unpacked = Buffer | { readonly fault: string };

const SEARCH_BYTES = 64 * 1024;
const PIECE_BYTES = 64 * 1024;
const { dataTruncated: TRUNCATED, dataDamaged: DAMAGED } = LINE_FAULTS;

/** @throws the errors of the source */
export async function* unpack(chunks: AsyncIterator<Buffer>): AsyncGenerator<Unpacked> {
  const source = new ByteSource(chunks);
  if (!isGzip(await source.peek(2))) {
    yield* source.rest();
    return;
  }
  for (let isFirst = true; (await source.peek(1)).length > 0; isFirst = false) {
    const header = await source.peek(MEMBER_HEADER_BYTES);
    const length = readMemberLength(header);
    const looksLikeOurs = hasMemberStart(header);
    if (length !== undefined) yield* unpackOwn(source, length);
    else if (isGzip(header) && (isFirst || !looksLikeOurs)) {
      yield* unpackOther(source);
      return;
    } else yield* seek(source, looksLikeOurs && header.length < MEMBER_HEADER_BYTES ? TRUNCATED : DAMAGED);
  }
}

const isGzip = (bytes: Buffer): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

async function* unpackOwn(source: ByteSource, length: number): AsyncGenerator<Unpacked> {
  const member = await source.peek(length);
  const lines = unpackMember(member);
  if (lines !== undefined) {
    source.skip(length);
    yield* cut(lines);
    // zlib runs on this thread: let signals and garbage collection run between two members.
    await yieldToLoop();
    return;
  }
  // If the file ends or another member begins too early, this member is incomplete, but its beginning can be read.
  const next = findMember(member.subarray(1));
  if (next === undefined && member.length === length) {
    yield* seek(source, DAMAGED);
    return;
  }
  const torn = next === undefined ? member : member.subarray(0, next + 1);
  source.skip(torn.length);
  yield* cut(unpackMember(torn, true) ?? Buffer.alloc(0));
  yield { fault: TRUNCATED };
}

/** One member can contain millions of empty lines. */
function* cut(lines: Buffer): Generator<Buffer> {
  for (let at = 0; at < lines.length; at += PIECE_BYTES) yield lines.subarray(at, at + PIECE_BYTES);
}

/** Yields the fault and skips to the next member that this program wrote, or to the end. */
async function* seek(source: ByteSource, fault: string): AsyncGenerator<Unpacked> {
  source.skip(1);
  yield { fault };
  for (;;) {
    const bytes = await source.peek(SEARCH_BYTES);
    const at = findMember(bytes);
    if (at !== undefined || bytes.length < SEARCH_BYTES) {
      source.skip(at ?? bytes.length);
      return;
    }
    // A header may extend across two searches.
    source.skip(bytes.length - MEMBER_HEADER_BYTES);
  }
}

async function* unpackOther(source: ByteSource): AsyncGenerator<Unpacked> {
  const input = Readable.from(source.rest(), { objectMode: false });
  const gunzip = createGunzip({ chunkSize: PIECE_BYTES });
  let inputError: unknown;
  input.on('error', (error) => {
    inputError = error;
    gunzip.destroy(error);
  });
  try {
    yield* input.pipe(gunzip);
  } catch (error) {
    if (inputError !== undefined) throw inputError;
    yield { fault: (error as NodeJS.ErrnoException).code === 'Z_BUF_ERROR' ? TRUNCATED : DAMAGED };
  }
}

class ByteSource {
  readonly #chunks: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterator<Buffer>) {
    this.#chunks = chunks;
  }

  /** Returns fewer than `count` bytes only at the end. */
  async peek(count: number): Promise<Buffer> {
    if (this.#held.length < count) {
      const parts = [this.#held];
      for (let bytes = this.#held.length; bytes < count; ) {
        const { value, done } = await this.#chunks.next();
        if (done === true) break;
        parts.push(value);
        bytes += value.length;
      }
      this.#held = Buffer.concat(parts);
    }
    return this.#held.subarray(0, count);
  }

  skip(count: number): void {
    this.#held = this.#held.subarray(count);
  }

  async *rest(): AsyncGenerator<Buffer> {
    if (this.#held.length > 0) yield this.#held;
    this.#held = Buffer.alloc(0);
    for (;;) {
      const { value, done } = await this.#chunks.next();
      if (done === true) return;
      yield value;
    }
  }
}
