// The format of a record in a segment:
//
//   0  u32  length of the text
//   4  u32  CRC-32 of everything after it
//   8  u8   mark
//   9  …    text

const TABLE = Int32Array.from({ length: 256 }, (_unused, index) => {
  let rest = index;
  for (let bit = 0; bit < 8; bit += 1) rest = (rest >>> 1) ^ (rest & 1 ? 0xedb88320 : 0);
  return rest;
});

export function computeCrc32(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let crc = -1;
  for (let at = start; at < end; at += 1) {
    crc = (crc >>> 8) ^ (TABLE[(crc ^ (bytes[at] as number)) & 0xff] as number);
  }
  return ~crc >>> 0;
}

export interface SpoolRecord {
  /** 0 to 255: the MESSAGE bits of an event, or LIFECYCLE_MARK. */
  readonly mark: number;
  readonly text: Buffer;
}

/** Records whose segment is missing; `first` is the number of the first record. */
export interface MissingRecords {
  readonly first: number;
  readonly records: number;
}

export interface Damage {
  /** The name of the segment. */
  readonly file: string;
  readonly offset: number;
  readonly bytes: number;
  /** How many records are lost; an estimate if their lengths are damaged, too. */
  readonly records: number;
  /** `incomplete`: the end that a crash left, which the next run removes. */
  readonly kind: 'unreadable' | 'incomplete' | 'not-a-segment';
}

export const RECORD_HEAD_BYTES = 9;
/** No text from the stream is longer, so a greater length is damage. */
const MAX_TEXT_BYTES = 64 * 2 ** 20;

export function sizeOf({ text }: SpoolRecord): number {
  return RECORD_HEAD_BYTES + text.length;
}

/** @param size the sum of `sizeOf` */
export function encodeRecords(records: readonly SpoolRecord[], size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  for (const { mark, text } of records) {
    const end = at + RECORD_HEAD_BYTES + text.length;
    bytes.writeUInt32LE(text.length, at);
    bytes[at + 8] = mark;
    text.copy(bytes, at + RECORD_HEAD_BYTES);
    bytes.writeUInt32LE(computeCrc32(bytes, at + 8, end), at + 4);
    at = end;
  }
  return bytes;
}

type Decoded =
  | { readonly kind: 'record'; readonly record: SpoolRecord; readonly end: number }
  /** The record needs this many bytes from `at`. */
  | { readonly kind: 'cut'; readonly bytes: number }
  | { readonly kind: 'damaged' };

/** The text of the record shares the memory of `bytes`. */
export function decodeRecord(bytes: Buffer, at: number): Decoded {
  if (bytes.length - at < RECORD_HEAD_BYTES) return { kind: 'cut', bytes: RECORD_HEAD_BYTES };
  const length = bytes.readUInt32LE(at);
  // A power failure can leave zeros; no event is empty.
  if (length === 0 || length > MAX_TEXT_BYTES) return { kind: 'damaged' };
  const start = at + RECORD_HEAD_BYTES;
  const end = start + length;
  if (end > bytes.length) return { kind: 'cut', bytes: end - at };
  if (computeCrc32(bytes, at + 8, end) !== bytes.readUInt32LE(at + 4)) return { kind: 'damaged' };
  return { kind: 'record', record: { mark: bytes[at + 8] ?? 0, text: bytes.subarray(start, end) }, end };
}
