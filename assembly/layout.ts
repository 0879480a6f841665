// Where what stands in the module's memory. Offsets are bytes; the memory is ours alone, there is no heap.
//
// Scans read whole vectors and write behind the text, so both areas of bytes have room behind them.

/** Lines that one call of `takeFrames` makes at most. */
export const MAX_LINES: i32 = 8192;

/** End of each line, from the first byte of LINES: i32 × MAX_LINES. */
export const ENDS: usize = 64;
/** MESSAGE bits of each line: u8 × MAX_LINES. */
export const FLAGS: usize = ENDS + 4 * 8192;
/** Bytes that were read. */
export const CHUNK: usize = FLAGS + 8192;
export const CHUNK_BYTES: usize = 262_144;
/** The lines made of them, and texts that are classified alone: from here the memory may grow. */
export const LINES: usize = CHUNK + CHUNK_BYTES + 64;
