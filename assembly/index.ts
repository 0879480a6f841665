// The WebAssembly part of the scanner, which uses 16-byte SIMD vectors. src/events/scanner.ts calls it.
export { takeFrames } from './frames';
export { CHUNK, CHUNK_BYTES, ENDS, FLAGS, LINES } from './layout';
export { allFlags, lineBytes, lineCount } from './lines';
export { takeRecords } from './records';
export { scan } from './scan';
