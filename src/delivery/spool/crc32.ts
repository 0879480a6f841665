// CRC-32 (ISO-HDLC, the one of gzip and PNG), by table. Node's own came only with a later release of version 20.

const TABLE = Int32Array.from({ length: 256 }, (_unused, index) => {
  let rest = index;
  for (let bit = 0; bit < 8; bit += 1) rest = (rest >>> 1) ^ (rest & 1 ? 0xedb88320 : 0);
  return rest;
});

/** The checksum of the bytes from `start` to `end`, as an unsigned 32-bit number. */
export function computeCrc32(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let crc = -1;
  for (let at = start; at < end; at += 1) {
    crc = (crc >>> 8) ^ (TABLE[(crc ^ (bytes[at] as number)) & 0xff] as number);
  }
  return ~crc >>> 0;
}
