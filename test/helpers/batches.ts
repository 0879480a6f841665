// Texts as a batch, as if they had arrived together.
import { type Batch, BatchBuilder } from '../../src/events/batch.ts';
import { classifyText } from '../../src/events/scanner.ts';

/** Each text with the flags that it has; a Buffer is taken as it is. */
export function makeBatch(texts: readonly (string | Uint8Array)[], receivedAtMs: number): Batch {
  const builder = new BatchBuilder();
  for (const text of texts) {
    const bytes = typeof text === 'string' ? Buffer.from(text) : text;
    builder.add(bytes, classifyText(bytes));
  }
  return builder.take(receivedAtMs);
}
