// Lines as one gzip member (RFC 1952 § 2.2). A file of members is a gzip file like any other.
//
// Each member says its own length in an extra field, so that the last whole one is found after a crash without
// unpacking the file.
import { constants, gunzipSync, gzipSync } from 'node:zlib';

const PLAIN_HEADER_BYTES = 10;
/** The plain header, the length of the extra field, its name and length, and the length of the member. */
export const MEMBER_HEADER_BYTES = 20;
const FLAGS_AT = 3;
const EXTRA_FIELD = 0x04;
/** Length 8, then the subfield `AT` of length 4. */
const EXTRA = Buffer.from([8, 0, 0x41, 0x54, 4, 0]);
/** No member of ours is longer: an event has 16 MiB at most and does not grow by much when it is packed. */
const MAX_MEMBER_BYTES = 32 * 1024 * 1024;
/** More lines than one member of ours has. */
const MAX_LINES_BYTES = 64 * 1024 * 1024;
/** A damaged size must not cost more memory than this. */
const MAX_CHUNK_BYTES = 1024 * 1024;

/** The member that holds `lines`. */
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

/** Whether a header that is cut off may be one of ours. */
export function hasMemberStart(header: Buffer): boolean {
  const length = Math.min(header.length, START.length);
  return header.subarray(0, length).equals(START.subarray(0, length));
}

/** Length of the member with this header, in bytes; undefined if it is none of ours. */
export function readMemberLength(header: Buffer): number | undefined {
  const isOurs =
    header.length === MEMBER_HEADER_BYTES &&
    hasMemberStart(header) &&
    header.subarray(PLAIN_HEADER_BYTES, PLAIN_HEADER_BYTES + EXTRA.length).equals(EXTRA);
  const length = isOurs ? header.readUInt32LE(PLAIN_HEADER_BYTES + EXTRA.length) : 0;
  return length > MEMBER_HEADER_BYTES && length <= MAX_MEMBER_BYTES ? length : undefined;
}

/** Where in these bytes a member of ours begins; undefined if nowhere. */
export function findMember(bytes: Buffer): number | undefined {
  for (let at = bytes.indexOf(START); at >= 0; at = bytes.indexOf(START, at + 1)) {
    if (readMemberLength(bytes.subarray(at, at + MEMBER_HEADER_BYTES)) !== undefined) return at;
  }
  return undefined;
}

/** The lines of a member, or of the beginning of a torn one; undefined if it is damaged. */
export function unpackMember(member: Buffer, isTorn = false): Buffer | undefined {
  try {
    return gunzipSync(member, {
      chunkSize: chooseChunkBytes(member),
      maxOutputLength: MAX_LINES_BYTES,
      ...(isTorn ? { finishFlush: constants.Z_SYNC_FLUSH } : {}),
    });
  } catch {
    return undefined;
  }
}

/** How much zlib allocates at once: all of the lines, whose size a whole member ends with (RFC 1952 § 2.3.1). */
function chooseChunkBytes(member: Buffer): number {
  const size = member.readUInt32LE(member.length - 4);
  return Math.min(Math.max(size, constants.Z_MIN_CHUNK), MAX_CHUNK_BYTES) + 1;
}
