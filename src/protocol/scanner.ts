// Tells what text messages are, and takes the events out of whole chunks of frames.
import type { Lines } from './batch.ts';
import { PlainScanner } from './plain-scanner.ts';
import { VectorScanner } from './vector-scanner.ts';

/** Events taken from what was loaded, and the index behind them. */
export interface Taken {
  readonly at: number;
  /** Undefined where there are none. */
  readonly lines: Lines | undefined;
}

export interface Scanner {
  /** How many bytes `load` takes at most; 0 for a scanner that reads no frames. */
  readonly capacity: number;
  /** What one text message is: MESSAGE bits for an event, `notJson` or `notUtf8` otherwise. Never throws. */
  classify(text: Uint8Array): number;
  /** Loads what was read from a socket, as one piece; no more than `capacity` bytes. */
  load(parts: readonly Uint8Array[]): void;
  /**
   * Takes the events of what is loaded, from the frame at index `at` on, as long as whole frames of text follow
   * each other (final, without mask or reserved bits) and are events. It may stop before the last one.
   */
  takeEvents(at: number): Taken;
}

/** A scanner of its own memory. */
export function createScanner(): Scanner {
  try {
    return new VectorScanner();
  } catch {
    // No WebAssembly with vectors, or a limit on addresses (`ulimit -v`): slower, and the same events.
    return new PlainScanner();
  }
}

let shared: Scanner | undefined;

/** `Scanner.classify`, for those who need no scanner of their own. */
export function classifyText(text: Uint8Array): number {
  shared ??= createScanner();
  return shared.classify(text);
}
