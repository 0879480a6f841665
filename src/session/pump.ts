// The one loop over what a source yields, for every command that follows one.
import { isStreamEnded, type StreamEndedError } from '../stream/items.ts';

/**
 * Passes on the items of a source, in order, until it ends or the consumer has enough. The next item is pulled
 * after `take` is done with the last one: that is all the back-pressure there is.
 *
 * @param take resolves to false when it wants no more items
 * @returns the error with which a live stream gave up, or undefined where it ended otherwise
 */
export async function pump<T>(
  items: AsyncIterable<T>,
  take: (item: T) => Promise<boolean> | boolean,
): Promise<StreamEndedError | undefined> {
  try {
    for await (const item of items) if (!(await take(item))) break;
  } catch (error) {
    if (isStreamEnded(error)) return error;
    throw error;
  }
  return undefined;
}
