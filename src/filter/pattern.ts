// Regular expressions of `--where`, in linear time (RE2): no pattern and no text can make the command hang.
//
// The engine of the platform backtracks, and the text comes from outside: `(a+)+$` takes it hours for forty
// letters. A bundle of its own, since this engine is large and few filters need it; so a fault is a value,
// because no class of error is the same in two bundles.
import { RE2JS, RE2JSSyntaxException } from 're2js';

/** What is wrong with a pattern; `at` counts UTF-16 units from its beginning. */
interface PatternFault {
  readonly message: string;
  readonly at: number;
}

/** Compiles a pattern into a test that looks for it anywhere in a text. */
export function compilePattern(source: string): ((text: string) => boolean) | PatternFault {
  try {
    const pattern = RE2JS.compile(source);
    return (text) => pattern.test(text);
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw error;
    const fragment = error.input ?? '';
    const at = fragment === '' ? source.length : Math.max(0, source.indexOf(fragment));
    return { message: `${error.error} (RE2 syntax)`, at };
  }
}
