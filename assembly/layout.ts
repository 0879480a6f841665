// Layout of the module's memory, as byte offsets. There is no heap.
//
// Scans read whole vectors and write after the text, so both byte areas are followed by free space.

/** Maximum lines per call. */
export const MAX_LINES: i32 = 8192;

/** End of each line, relative to LINES: i32 × MAX_LINES. */
export const ENDS: usize = 64;
/** MESSAGE bits of each line: u8 × MAX_LINES. */
export const FLAGS: usize = ENDS + 4 * 8192;
/** Bytes read from a socket or a recording. */
export const CHUNK: usize = FLAGS + 8192;
export const CHUNK_BYTES: usize = 262_144;
/** The lines made from them, or a single text to classify. The last area, so that the memory can grow. */
export const LINES: usize = CHUNK + CHUNK_BYTES + 64;
