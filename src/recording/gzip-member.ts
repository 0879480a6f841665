// Lines as one gzip member (RFC 1952 § 2.2). A file of several members is an ordinary gzip file.
//
// Each member has its length in an extra field. So after a crash, the last complete member is found without
// decompressing the file.
import { constants, gunzipSync, gzipSync } from 'node:zlib';
import { MAX_LINE_BYTES } from './recorded-line.ts';

const PLAIN_HEADER_BYTES = 10;
/** Plain header (10), length of the extra field (2), name and length of its subfield (4), length of the member (4). */
export const MEMBER_HEADER_BYTES = 20;
const FLAGS_AT = 3;
const EXTRA_FIELD = 0x04;
/** Length 8, then the subfield `AT` of length 4. */
const EXTRA = Buffer.from([8, 0, 0x41, 0x54, 4, 0]);
/** Longer than any member of ours, because an event has at most 16 MiB and compression hardly enlarges it. */
const MAX_MEMBER_BYTES = 32 * 1024 * 1024;
/** Limits the memory that a damaged size can cost. */
const MAX_CHUNK_BYTES = 1024 * 1024;

export function packMember(lines: Buffer): Buffer {
  const packed = gzipSync(lines);
  const header = Buffer.alloc(MEMBER_HEADER_BYTES);
  packed.copy(header, 0, 0, PLAIN_HEADER_BYTES);
  header[FLAGS_AT] = EXTRA_FIELD;
  EXTRA.copy(header, PLAIN_HEADER_BYTES);
  const rest = packed.subarray(PLAIN_HEADER_BYTES);
  header.writeUInt32LE(MEMBER_HEADER_BYTES + rest.length, PLAIN_HEADER_BYTES + EXTRA.length);
  return Buffer.concat([header, rest]);
}

const START = Buffer.from([0x1f, 0x8b, 0x08, EXTRA_FIELD]);

/** Whether this header, which may be incomplete, can be one that this program wrote. */
export function hasMemberStart(header: Buffer): boolean {
  const length = Math.min(header.length, START.length);
  return header.subarray(0, length).equals(START.subarray(0, length));
}

/** Length of the member in bytes; undefined if this program did not write its header. */
export function readMemberLength(header: Buffer): number | undefined {
  const isOurs =
    header.length === MEMBER_HEADER_BYTES &&
    hasMemberStart(header) &&
    header.subarray(PLAIN_HEADER_BYTES, PLAIN_HEADER_BYTES + EXTRA.length).equals(EXTRA);
  const length = isOurs ? header.readUInt32LE(PLAIN_HEADER_BYTES + EXTRA.length) : 0;
  return length > MEMBER_HEADER_BYTES && length <= MAX_MEMBER_BYTES ? length : undefined;
}

/** The offset of the first member that this program wrote. */
export function findMember(bytes: Buffer): number | undefined {
  for (let at = bytes.indexOf(START); at >= 0; at = bytes.indexOf(START, at + 1)) {
    if (readMemberLength(bytes.subarray(at, at + MEMBER_HEADER_BYTES)) !== undefined) return at;
  }
  return undefined;
}

/** Undefined if the member is damaged. @param isTorn the member is incomplete */
export function unpackMember(member: Buffer, isTorn = false): Buffer | undefined {
  try {
    return gunzipSync(member, {
      chunkSize: chooseChunkBytes(member),
      maxOutputLength: MAX_LINE_BYTES,
      ...(isTorn ? { finishFlush: constants.Z_SYNC_FLUSH } : {}),
    });
  } catch {
    return undefined;
  }
}

/** A member ends with the size of its lines (RFC 1952 § 2.3.1), so zlib can allocate the output once. */
function chooseChunkBytes(member: Buffer): number {
  const size = member.readUInt32LE(member.length - 4);
  return Math.min(Math.max(size, constants.Z_MIN_CHUNK), MAX_CHUNK_BYTES) + 1;
}
