// The bytes of a recording, unpacked where it is gzip (told by its first bytes, RFC 1952 § 2.3.1).
//
// A damaged member of our own (gzip-member.ts) costs its lines and no others: what follows is found again by the
// form of its header. Gzip of another make has no such marks, there damage is the end.
import { Readable } from 'node:stream';
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import { type ByteSource, createByteSource } from './byte-source.ts';
import {
  findMember,
  hasMemberStart,
  MEMBER_HEADER_BYTES,
  readMemberLength,
  unpackMember,
} from './gzip-member.ts';

/** Bytes in order, or why some are missing between those before and those after. */
export type Unpacked = Buffer | { readonly fault: string };

const SEARCH_BYTES = 64 * 1024;
const PIECE_BYTES = 64 * 1024;

/** @throws what the source throws */
export async function* unpack(chunks: AsyncIterator<Buffer>): AsyncGenerator<Unpacked> {
  const source = createByteSource(chunks);
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
    } else yield* seek(source, looksLikeOurs && header.length < MEMBER_HEADER_BYTES ? CUT_OFF : DAMAGED);
  }
}

const CUT_OFF = 'the compressed data is cut off';
const DAMAGED = 'the compressed data is damaged';

const isGzip = (bytes: Buffer): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

async function* unpackOwn(source: ByteSource, length: number): AsyncGenerator<Unpacked> {
  const member = await source.peek(length);
  const lines = unpackMember(member);
  if (lines !== undefined) {
    source.skip(length);
    yield* cut(lines);
    // zlib runs on this thread: signals, and the release of memory, get their turn between two members.
    await yieldToLoop();
    return;
  }
  // Torn, if the end or another member stands where its rest should be: then what there is can be had.
  const next = findMember(member.subarray(1));
  if (next === undefined && member.length === length) {
    yield* seek(source, DAMAGED);
    return;
  }
  const torn = next === undefined ? member : member.subarray(0, next + 1);
  source.skip(torn.length);
  yield* cut(unpackMember(torn, true) ?? Buffer.alloc(0));
  yield { fault: CUT_OFF };
}

/** In pieces, as a file is read: millions of empty lines fit into one member. */
function* cut(lines: Buffer): Generator<Buffer> {
  for (let at = 0; at < lines.length; at += PIECE_BYTES) yield lines.subarray(at, at + PIECE_BYTES);
}

/** Names the damage and goes to the next member of ours, or to the end. */
async function* seek(source: ByteSource, fault: string): AsyncGenerator<Unpacked> {
  source.skip(1);
  yield { fault };
  for (;;) {
    const bytes = await source.peek(SEARCH_BYTES);
    const at = findMember(bytes);
    if (at !== undefined) {
      source.skip(at);
      return;
    }
    if (bytes.length < SEARCH_BYTES) {
      source.skip(bytes.length);
      return;
    }
    // A header may stand across the border.
    source.skip(bytes.length - MEMBER_HEADER_BYTES);
  }
}

async function* unpackOther(source: ByteSource): AsyncGenerator<Unpacked> {
  const input = Readable.from(source.rest(), { objectMode: false });
  const gunzip = createGunzip();
  let inputError: unknown;
  input.on('error', (error) => {
    inputError = error;
    gunzip.destroy(error);
  });
  try {
    yield* input.pipe(gunzip);
  } catch (error) {
    if (inputError !== undefined) throw inputError;
    yield { fault: (error as NodeJS.ErrnoException).code === 'Z_BUF_ERROR' ? CUT_OFF : DAMAGED };
  }
}
