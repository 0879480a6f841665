// Reads what the user wrote behind a flag; a fault becomes a usage error with a caret under its place.
import { ExpressionFault } from '../events/path.ts';

/**
 * What `parse` makes of `text`, a word of `flag`.
 *
 * @param advice stands behind the caret
 * @throws UsageError where `parse` throws an ExpressionFault
 */
export async function readWord<T>(
  flag: string,
  text: string,
  parse: (text: string) => T | Promise<T>,
  advice: string,
): Promise<T> {
  try {
    return await parse(text);
  } catch (error) {
    if (!(error instanceof ExpressionFault)) throw error;
    // A bundle of its own: to measure text takes 30 ms of loading.
    const { pointAt } = await import('./caret.ts');
    throw pointAt(flag, text, error, advice);
  }
}
