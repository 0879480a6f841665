// The WebAssembly that assembly/ becomes: compiled once, with a memory for each who asks.
import code from './scanner.wasm';

/** What assembly/index.ts exports. */
export interface ScannerExports {
  readonly memory: WebAssembly.Memory;
  readonly CHUNK: WebAssembly.Global;
  readonly CHUNK_BYTES: WebAssembly.Global;
  readonly LINES: WebAssembly.Global;
  readonly ENDS: WebAssembly.Global;
  readonly FLAGS: WebAssembly.Global;
  readonly lineCount: WebAssembly.Global;
  readonly lineBytes: WebAssembly.Global;
  readonly allFlags: WebAssembly.Global;
  scan(at: number, end: number): number;
  takeFrames(at: number, end: number): number;
}

let compiled: WebAssembly.Module | undefined;

/**
 * An instance with a memory of its own; undefined where there is no WebAssembly with vectors, or where a limit on
 * addresses (`ulimit -v`) leaves no room for what it reserves.
 */
export function createInstance(): ScannerExports | undefined {
  try {
    compiled ??= new WebAssembly.Module(code);
    return new WebAssembly.Instance(compiled).exports as ScannerExports;
  } catch {
    return undefined;
  }
}
