// Parses the value of a flag; a mistake becomes a usage error with a caret under its position.
import { UsageError } from '../errors.ts';
import { ExpressionFault } from '../events/path.ts';
import { pointAt, sayFilterInvalid } from './messages.ts';

/** Characters that would break the line or move the caret; each is one UTF-16 unit, like the space that replaces it. */
const LINE_CONTROL = /[\t\n\v\f\r]/g;

/**
 * The caret comes after one space for each UTF-16 unit before the mistake. `fitCaret` turns the units into columns.
 *
 * @throws UsageError if `parse` throws an ExpressionFault
 */
export async function parseWithCaret<T>(
  flag: string,
  text: string,
  parse: (text: string) => T | Promise<T>,
  advice: string,
): Promise<T> {
  try {
    return await parse(text);
  } catch (error) {
    if (!(error instanceof ExpressionFault)) throw error;
    const hint = text.trim() === '' ? advice : pointAt(text.replace(LINE_CONTROL, ' '), error.at, advice);
    throw new UsageError(...sayFilterInvalid(flag, error.message, hint));
  }
}
