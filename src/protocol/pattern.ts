// Regular expressions of `--where`, in linear time (RE2): no pattern and no text can make the command hang.
//
// The engine of the platform backtracks, and the text comes from outside: `(a+)+$` takes it hours for forty
// letters. A bundle of its own, since this engine is large and few filters need it.
import { RE2JS, RE2JSSyntaxException } from 're2js';
import { ExpressionFault } from './path.ts';
import { QUOTE } from './scan-constants.ts';
import { readSource, readString } from './seek.ts';
import type { ValueTest } from './value-test.ts';

/**
 * Compiles a pattern into a test that looks for it anywhere in a text, or in a number or literal as sent.
 *
 * @throws ExpressionFault; `at` counts from the beginning of the pattern
 */
export function findPattern(source: string): ValueTest {
  const pattern = compile(source);
  return (view, start, end) => {
    const isText = view.getUint8(start) === QUOTE;
    return pattern.test(isText ? readString(view, start, end) : readSource(view, start, end));
  };
}

function compile(source: string): RE2JS {
  try {
    return RE2JS.compile(source);
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw error;
    const fragment = error.input ?? '';
    const at = fragment === '' ? source.length : Math.max(0, source.indexOf(fragment));
    throw new ExpressionFault(`${error.error} (RE2 syntax)`, at);
  }
}
