// The WebAssembly part of the scanner, which uses 16-byte SIMD vectors. src/events/scanner.ts calls it.
export { allFlags, lineBytes, lineCount, takeFrames } from './frames';
export { CHUNK, CHUNK_BYTES, ENDS, FLAGS, LINES } from './layout';
export { scan } from './scan';
