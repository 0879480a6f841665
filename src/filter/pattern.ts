// Regular expressions of `--where`, in linear time (RE2). The engine of the platform backtracks: `(a+)+$` takes hours
// for forty letters, and the server chooses the text.
//
// Loaded on demand, since the engine is large and few filters need it. A mistake is returned, not thrown, because an
// error class differs between bundles.
import { RE2JS, RE2JSSyntaxException } from 're2js';

/** A mistake in a pattern, as RE2 names it; `at` is its position in UTF-16 units. */
interface PatternFault {
  readonly message: string;
  readonly at: number;
}

/** Tests whether a text contains a match. */
interface Pattern {
  (text: string): boolean;
  /** The maximum cost of a character. */
  readonly instructionCount: number;
}

export function compilePattern(source: string): Pattern | PatternFault {
  try {
    const pattern = RE2JS.compile(source);
    return Object.assign((text: string) => pattern.test(text), {
      instructionCount: pattern.programSize(),
    });
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw error;
    const fragment = error.input ?? '';
    const at = fragment === '' ? source.length : Math.max(0, source.indexOf(fragment));
    return { message: error.error, at };
  }
}
