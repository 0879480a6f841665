// The part of the scanner that is WebAssembly, for its vectors of sixteen bytes. src/events/scanner.ts calls it.
export { allFlags, lineBytes, lineCount, takeFrames } from './frames';
export { CHUNK, CHUNK_BYTES, ENDS, FLAGS, LINES } from './layout';
export { scan } from './scan';
